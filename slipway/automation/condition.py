"""When an asset materializes by itself.

Dagster's `eager()` looks at the latest partition only and ignores data versions: unchanged content would rebuild all
that depends on it, and a correction of an older day would rebuild nothing. This condition follows the data:

* a partition is wanted when one of its inputs has a new data version, or when it becomes missing;
* it waits until none of its inputs is missing or being made, and until their blocking checks have passed;
* identical content stops the wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

LABEL = "when_inputs_change"


def when_inputs_change(ignoring: Sequence[dg.AssetKey] = ()) -> dg.AutomationCondition[Any]:
    """The library's condition; see the module's docstring. Tested over three locations with real sensor ticks.

    Args:
        ignoring: inputs whose changes alone rebuild nothing, such as a snapshot that concerns few days; a sensor of
            the location's own requests those.
    """
    condition = dg.AutomationCondition
    changed: Any = condition.any_deps_match(condition.data_version_changed() | condition.will_be_requested())
    if ignoring:
        changed = changed.ignore(dg.AssetSelection.assets(*ignoring))
    eager = condition.eager().without(condition.in_latest_time_window())
    follows_data = eager.replace(condition.any_deps_updated(), changed.with_label("any_deps_data_changed"))
    return (follows_data & condition.all_deps_blocking_checks_passed()).with_label(LABEL)
