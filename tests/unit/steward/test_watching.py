"""Which runs are in trouble, and how long that has to be seen before anything is done."""

from __future__ import annotations

import pytest

from slipway.runs.containers import Container
from slipway.steward.watching import ActiveRun, Condition, Finding, Patience, findings, still_there, to_look_into


def container(state: str, run_id: str = "r", created: int = 0, id: str = "c", stop_timeout: str = "30") -> Container:
    return Container(id, id, state, created, {"dagster/run_id": run_id, "slipway.stop_timeout": stop_timeout})


@pytest.mark.parametrize(
    ("containers", "status", "launched", "condition"),
    [
        ([container("running")], "STARTED", True, None),
        ([container("paused")], "STARTED", True, None),
        ([container("running")], "STARTING", False, None),
        ([container("exited")], "STARTED", True, Condition.ENDED),
        ([container("exited")], "STARTING", False, Condition.ENDED),
        ([container("dead")], "CANCELING", True, Condition.ENDED),
        ([container("created")], "STARTING", False, Condition.NEVER_STARTED),
        ([container("created")], "CANCELING", True, Condition.NEVER_STARTED),
        ([container("running")], "CANCELING", True, Condition.OVERDUE),
        ([], "STARTED", True, Condition.GONE),
        ([], "STARTING", True, Condition.GONE),
        ([], "CANCELING", True, Condition.GONE),
        ([], "STARTING", False, Condition.NEVER_CREATED),
        ([], "CANCELING", False, Condition.NEVER_CREATED),
        # Somebody executes it in a process of their own.
        ([], "STARTED", False, None),
        # A container of another run says nothing about this one.
        ([container("exited", "other")], "STARTED", False, None),
        # Resumed: the first container is not the run any more.
        ([container("exited", created=1, id="a"), container("running", created=2, id="b")], "STARTED", True, None),
    ],
)
def test_findings(containers: list[Container], status: str, launched: bool, condition: Condition | None) -> None:
    found = findings(containers, [ActiveRun("r", status, launched)])
    assert [finding.condition for finding in found] == ([condition] if condition else [])


def test_a_container_without_a_run_under_way_is_no_finding() -> None:
    assert findings([container("exited")], []) == []


def test_a_finding_counts_once_it_has_been_seen_long_enough() -> None:
    patience = Patience()
    ended = Finding(Condition.ENDED, "r", container("exited"))
    gone = Finding(Condition.GONE, "s")
    assert patience.due([ended, gone], 100.0) == []
    assert patience.due([ended, gone], 101.5) == [ended]
    assert patience.due([gone], 103.0) == [gone]


def test_what_was_right_for_a_moment_begins_anew() -> None:
    patience, gone = Patience(), Finding(Condition.GONE, "r")
    patience.due([gone], 100.0)
    patience.due([], 102.0)
    assert patience.due([gone], 104.0) == []
    assert patience.due([gone], 107.0) == [gone]


def test_after_a_look_that_failed_all_is_seen_anew() -> None:
    patience, gone = Patience(), Finding(Condition.GONE, "r")
    patience.due([gone], 100.0)
    patience.forget()
    assert patience.due([gone], 104.0) == []


def test_another_container_of_the_same_run_begins_anew() -> None:
    patience = Patience()
    patience.due([Finding(Condition.ENDED, "r", container("exited", id="a"))], 100.0)
    assert patience.due([Finding(Condition.ENDED, "r", container("exited", id="b"))], 102.0) == []


def test_a_container_that_is_to_end_has_its_own_stop_timeout() -> None:
    patience = Patience()
    overdue = Finding(Condition.OVERDUE, "r", container("running", stop_timeout="5"))
    assert patience.due([overdue], 100.0) == []
    assert patience.due([overdue], 104.0) == []
    assert patience.due([overdue], 105.0) == [overdue]


def test_ended_containers_of_runs_that_are_over_are_looked_into_once() -> None:
    over, under_way, running = container("exited", "a", id="1"), container("exited", "b", id="2"), container("running")
    assert to_look_into([over, under_way, running], {"b"}, set()) == [over]
    assert to_look_into([over], set(), {"1"}) == []
    assert still_there({"1", "removed"}, [over, under_way]) == {"1"}
