"""Gold: what the business looks at, and who does."""

from pathlib import Path

import dagster as dg

from contracts.applications import applications
from reporting.delivery import Delivery
from slipway.location import code_location


@dg.definitions
def defs() -> dg.Definitions:
    return code_location(
        Path(__file__).parent,
        layer="gold",
        resources={"delivery": Delivery.from_environment()},
        external=applications,
    )
