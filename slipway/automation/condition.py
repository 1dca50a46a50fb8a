"""When an asset materializes by itself.

Dagster's `eager()` looks at the latest partition only and ignores data versions: unchanged content would rebuild all
that depends on it, and a correction of an older day would rebuild nothing. This condition follows the data:

* a partition is wanted when one of its inputs has a new data version, or when it becomes missing;
* it waits until none of its inputs is missing or being made, and until no blocking check of theirs has failed;
* identical content stops the wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any, cast

import dagster as dg

from slipway.automation.neighbours import NeighboursOnTheirWay, own_conditions

LABEL = "when_inputs_change"
BY_SENSOR_TAG = "slipway/requested_by"
"""On assets that follow their inputs without a condition, because Dagster would start a run for each key of their
second dimension; the value is the sensor that requests them."""


def when_inputs_change(
    ignoring: Sequence[dg.AssetKey] = (),
    *,
    following: Sequence[dg.AssetKey] = (),
    partitions: dg.PartitionsDefinition | None = None,
) -> dg.AutomationCondition[Any]:
    """The library's condition; see the module's docstring. Tested over three locations with real sensor ticks.

    Args:
        ignoring: inputs whose changes alone rebuild nothing, such as a snapshot that concerns few days; a sensor of
            the location's own requests those.
        following: the inputs whose changes are acted on at once; default: all. For an asset that reads a table and
            also what that is made from: a correction reaches it by both ways, and it should be made when the last one
            has come. What only the others bring, the sensor `catch_up` requests after a minute.
        partitions: those of the asset. If they begin before they are over (`end_offset=1`), the running one waits:
            a week is published after its last day, not on every day.
    """
    condition = dg.AutomationCondition
    changed: Any = condition.any_deps_match(condition.data_version_changed() | condition.will_be_requested())
    changed = changed.with_label("any_deps_data_changed")
    if following:
        changed = changed.allow(dg.AssetSelection.assets(*following))
    if ignoring:
        changed = changed.ignore(dg.AssetSelection.assets(*ignoring))
    wanted = (condition.newly_missing() | changed).since_last_handled().with_label("wanted")
    # What is under way comes first, because it is asked first: a run that ends while the rest is being evaluated must
    # not look as if its partition had been forgotten. What is dear to ask comes last: mostly nothing is wanted.
    conditions: list[Any] = [~condition.in_progress(), ~condition.any_deps_in_progress(), wanted]
    if _begins_before_it_is_over(partitions):
        conditions.append(~condition.in_latest_time_window())
    conditions += [~condition.any_deps_missing(), ~_any_deps_refused()]
    if own_conditions():
        conditions.append(~NeighboursOnTheirWay())
    return cast("dg.AutomationCondition[Any]", reduce(and_, conditions).with_label(LABEL))


def follows_inputs(spec: dg.AssetSpec) -> bool:
    """Whether an asset is made when its inputs change: by this condition, or by the sensor that stands in for it."""
    condition = spec.automation_condition
    return BY_SENSOR_TAG in spec.tags or (condition is not None and condition.get_label() == LABEL)


def _any_deps_refused() -> Any:
    """An input partition has a blocking check that failed, or is being evaluated.

    Dagster's `all_deps_blocking_checks_passed()` is something else: of a week it asks for one good day, not seven, and
    a check that was never evaluated (one that a deploy has added) would hold back all history.
    """
    condition = dg.AutomationCondition
    refused: Any = condition.check_failed() | condition.in_progress()
    refused_checks = condition.any_checks_match(refused, blocking_only=True).with_label("any_blocking_check_failed")
    return condition.any_deps_match(refused_checks).with_label("any_deps_refused")


def _begins_before_it_is_over(partitions: dg.PartitionsDefinition | None) -> bool:
    if not isinstance(partitions, dg.TimeWindowPartitionsDefinition) or partitions.end_offset <= 0:
        return False
    if partitions.end_offset > 1:
        raise ValueError(
            f"The partitions have end_offset={partitions.end_offset}: expected 0 or 1, because the condition can hold "
            "back only one window that is not over. Give another automation condition."
        )
    return True
