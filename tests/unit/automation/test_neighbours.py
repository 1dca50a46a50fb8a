"""Days that are there wait for their neighbours that a run is still making, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import dagster as dg
import pytest
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent
from dagster._core.test_utils import create_run_for_test

from slipway.automation.neighbours import NeighboursOnTheirWay, held_back, own_conditions

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
KEYS = DAYS.get_partition_keys()


@pytest.mark.parametrize(
    ("wanted", "coming", "held"),
    [
        ("1 2", "", ""),
        ("1 2", "3", "1 2"),
        ("1 2", "4", ""),
        ("1 2 5 6", "3", "1 2"),
        ("1 2 5 6", "4", "5 6"),
        ("1 3", "2", "1 3"),
        ("2", "2", "2"),
        ("", "2", ""),
    ],
)
def test_a_stretch_with_one_on_its_way_waits(wanted: str, coming: str, held: str) -> None:
    assert held_back([str(n) for n in range(10)], set(wanted.split()), set(coming.split())) == set(held.split())


class Meanwhile(dg.AutomationCondition[dg.AssetKey]):
    """True; what happens in the midst of an evaluation happens when it is this condition's turn."""

    happens: ClassVar[Callable[[], None] | None] = None

    @property
    def name(self) -> str:
        return "meanwhile"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        happens, Meanwhile.happens = Meanwhile.happens, None
        if happens is not None:
            happens()
        return dg.AutomationResult(context, context.candidate_subset)


class Flow:
    """`up`, whose days are made one by one, and `down`, which follows under the condition."""

    def __init__(self) -> None:
        @dg.asset(partitions_def=DAYS)
        def up() -> None: ...

        condition = dg.AutomationCondition
        follow = (
            Meanwhile()
            & condition.any_deps_updated().since_last_handled()
            & ~condition.any_deps_missing()
            & ~NeighboursOnTheirWay()
        )

        @dg.asset(partitions_def=DAYS, deps=[up], automation_condition=follow)
        def down() -> None: ...

        self.definitions = dg.Definitions([up, down])
        self.instance = dg.DagsterInstance.ephemeral()
        self._cursor: Any = None
        self.run = create_run_for_test(self.instance, status=dg.DagsterRunStatus.STARTED)

    def plan(self, keys: Iterable[str]) -> None:
        for key in keys:
            planned = AssetMaterializationPlannedData(dg.AssetKey("up"), partition=key)
            event = DagsterEvent.build_asset_materialization_planned_event("job", "up", planned)
            self.instance.report_dagster_event(event, self.run.run_id)

    def make(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.instance.report_runless_asset_event(dg.AssetMaterialization("up", partition=key))

    def end(self) -> None:
        self.instance.report_dagster_event(DagsterEvent("PIPELINE_SUCCESS", "job"), self.run.run_id)

    def requested(self) -> list[str]:
        found = dg.evaluate_automation_conditions(self.definitions, self.instance, cursor=self._cursor)
        self._cursor = found.cursor
        return sorted(str(key) for key in found.get_requested_partitions(dg.AssetKey("down")))


def test_one_request_for_what_one_run_makes() -> None:
    flow = Flow()
    assert flow.requested() == []
    flow.plan(KEYS)
    flow.make(KEYS[:3])
    assert flow.requested() == []
    flow.make(KEYS[3:9])
    assert flow.requested() == []
    flow.make(KEYS[9:])
    flow.end()
    assert flow.requested() == KEYS


def test_a_partition_that_is_too_new_for_this_look_is_waited_for_once() -> None:
    flow = Flow()
    assert flow.requested() == []
    flow.plan(KEYS)
    flow.make(KEYS[:9])
    assert flow.requested() == []
    flow.end()
    # The last one never came: its neighbours wait one look for it, and then go.
    assert flow.requested() == []
    assert flow.requested() == KEYS[:9]


def test_a_run_that_is_first_seen_half_done_and_ends_meanwhile() -> None:
    flow = Flow()
    assert flow.requested() == []
    flow.plan(KEYS)
    flow.make(KEYS[:4])

    def the_rest() -> None:
        flow.make(KEYS[4:])
        flow.end()

    Meanwhile.happens = the_rest
    assert flow.requested() == []
    assert flow.requested() == KEYS


def test_days_far_from_those_on_their_way_go_at_once() -> None:
    flow = Flow()
    assert flow.requested() == []
    flow.plan(KEYS[6:])
    flow.make(KEYS[:3])
    assert flow.requested() == KEYS[:3]


def test_it_is_used_only_where_daemon_and_webserver_know_it() -> None:
    assert own_conditions({"SLIPWAY_OWN_CONDITIONS": "1"})
    assert not own_conditions({})
