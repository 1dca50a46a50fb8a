"""What is up to date, late, failing, stale or missing: asked of the instance, judged by the calendar.

`status` is for people; `missing_and_stale` for whoever makes again only what is missing or has changed.
"""

from slipway.observe.assets import Assets, ObservedAsset, observed_assets
from slipway.observe.errors import InstanceUnknown, LocationUnknown, ObserveError
from slipway.observe.expected import WHOLE, Expected, expected
from slipway.observe.freshness import Needs, missing_and_stale
from slipway.observe.sources import load_locations, location_names, open_instance
from slipway.observe.status import AssetStatus, Failure, State, problems, status

__all__ = [
    "WHOLE",
    "AssetStatus",
    "Assets",
    "Expected",
    "Failure",
    "InstanceUnknown",
    "LocationUnknown",
    "Needs",
    "ObserveError",
    "ObservedAsset",
    "State",
    "expected",
    "load_locations",
    "location_names",
    "missing_and_stale",
    "observed_assets",
    "open_instance",
    "problems",
    "status",
]
