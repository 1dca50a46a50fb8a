"""A condition of our own: a partition waits for its neighbours that are on their way, so that one run makes them all.

A run over many days records them as it goes. Without this, what depends on them would be started for the few days that
are there at the first look, again for the next few, and so on: many runs instead of one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence, Set

import dagster as dg
from dagster._core.definitions.declarative_automation.automation_condition import (
    AutomationResult,
    BuiltinAutomationCondition,
)
from dagster._core.definitions.declarative_automation.automation_context import AutomationContext
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._record import record
from dagster_shared.serdes import whitelist_for_serdes

from slipway.automation.ranges import contiguous

OWN_CONDITIONS = "SLIPWAY_OWN_CONDITIONS"
"""1 where daemon and webserver know this class: they read conditions of code locations, and one that they do not know
keeps the location from loading. The stack's own do (`slipway.daemon`, `slipway.web`), `dagster dev` does not."""


def own_conditions(environ: Mapping[str, str] | None = None) -> bool:
    """Whether conditions may be of our own classes."""
    return (os.environ if environ is None else environ).get(OWN_CONDITIONS) == "1"


@whitelist_for_serdes
@record
class NeighboursOnTheirWay(BuiltinAutomationCondition[dg.AssetKey]):
    """True for partitions in one stretch with some whose inputs are being made, or were so at the last look.

    It stands last in a conjunction: what the parts before it have left is what could be started now. A partition whose
    input came to its end during this very evaluation is not among that, because an evaluation sees events up to its
    beginning; its run may be over, so those that are too new count as on their way too, and so does the last look. A
    correction of a single day does not wait for a backfill of days that are not its neighbours.
    """

    @property
    def name(self) -> str:
        return "neighbours_on_their_way"

    @property
    def requires_cursor(self) -> bool:
        return True

    async def evaluate(  # type: ignore[override]  # Dagster's own conditions do it so
        self, context: AutomationContext[dg.AssetKey]
    ) -> AutomationResult[dg.AssetKey]:
        definition = context.partitions_def
        if definition is None or isinstance(definition, dg.MultiPartitionsDefinition):
            return AutomationResult(context, context.get_empty_subset())
        coming = await _on_their_way(context)
        before: set[str] = set(json.loads(context.cursor)) if context.cursor else set()
        wanted = context.candidate_subset.expensively_compute_partition_keys()
        held: set[str] = set()
        if wanted:
            waited_for = coming | _too_new(context) | (before - wanted)
            held = held_back(definition.get_partition_keys(), wanted, waited_for)
        return AutomationResult(
            context,
            context.asset_graph_view.get_asset_subset_from_asset_partitions(
                context.key, {AssetKeyPartitionKey(context.key, key) for key in held}
            ),
            cursor=json.dumps(sorted(coming)) if coming else None,
        )


async def _on_their_way(context: AutomationContext[dg.AssetKey]) -> set[str]:
    """Keys of partitions of which an input is being made, or is to be made by a run that is in the queue."""
    view = context.asset_graph_view
    coming = context.get_empty_subset()
    for parent in context.asset_graph.get(context.key).parent_keys:
        making = await view.compute_run_in_progress_subset(key=parent, from_subset=view.get_full_subset(key=parent))
        if not making.is_empty:
            coming = coming.compute_union(making.compute_child_subset(context.key))
    return set(coming.expensively_compute_partition_keys())


def _too_new(context: AutomationContext[dg.AssetKey]) -> set[str]:
    """Keys of partitions of which an input was made since this evaluation began."""
    view = context.asset_graph_view
    new = context.get_empty_subset()
    for parent in context.asset_graph.get(context.key).parent_keys:
        if context.asset_graph.get(parent).partitions_def is None:
            continue
        keys = view.instance.get_materialized_partitions(parent, after_cursor=view.last_event_id)
        made = view.get_asset_subset_from_asset_partitions(parent, {AssetKeyPartitionKey(parent, key) for key in keys})
        new = new.compute_union(made.compute_child_subset(context.key))
    return set(new.expensively_compute_partition_keys())


def held_back(all_keys: Sequence[str], wanted: Set[str], coming: Set[str]) -> set[str]:
    """The wanted keys that are in a stretch of neighbours, wanted or coming, with at least one that is coming."""
    order = {key: position for position, key in enumerate(all_keys)}
    held: set[str] = set()
    for first, last in contiguous(all_keys, [*wanted, *coming]):
        stretch = all_keys[order[first] : order[last] + 1]
        if any(key in coming for key in stretch):
            held.update(key for key in stretch if key in wanted)
    return held
