"""Which containers go, and when: after a time, beyond a number, without a run, beyond the end of their run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.runs.containers import Container
from slipway.steward.reaping import Act, RunState, decide
from slipway.steward.settings import Retention

NOW = 1_000_000.0
HOUR = 3600.0
KEEP = Retention()


def container(state: str = "exited", run_id: str = "r", created: float = 0) -> Container:
    return Container(f"id-{run_id}", f"shop-run-{run_id}", state, int(created), {"dagster/run_id": run_id})


@pytest.mark.parametrize(
    ("state", "run", "act"),
    [
        ("exited", RunState("SUCCESS", NOW - 0.9 * HOUR), None),
        ("exited", RunState("SUCCESS", NOW - 1.1 * HOUR), Act.REMOVE),
        ("exited", RunState("FAILURE", NOW - 71 * HOUR), None),
        ("exited", RunState("FAILURE", NOW - 73 * HOUR), Act.REMOVE),
        ("dead", RunState("CANCELED", NOW - 73 * HOUR), Act.REMOVE),
        ("created", RunState("CANCELED", NOW - 71 * HOUR), None),
        ("created", RunState("FAILURE", NOW - 73 * HOUR), Act.REMOVE),
        ("removing", RunState("FAILURE", NOW - 73 * HOUR), None),
        # Under way, whatever its container does: the watcher's part.
        ("exited", RunState("STARTED"), None),
        ("running", RunState("STARTED"), None),
        ("created", RunState("STARTING"), None),
        # Its process is just ending.
        ("running", RunState("SUCCESS", NOW - 59), None),
        ("running", RunState("SUCCESS", NOW - 61), Act.STOP),
        ("running", RunState("FAILURE", NOW - 61), Act.STOP),
        ("paused", RunState("CANCELED", NOW - 61), Act.STOP),
    ],
)
def test_by_the_state_of_its_run(state: str, run: RunState, act: Act | None) -> None:
    decided = decide([container(state)], {"r": run}, NOW, KEEP)
    assert [decision.act for decision in decided] == ([act] if act else [])


@pytest.mark.parametrize(
    ("state", "age", "act"),
    [
        ("exited", 0.9 * HOUR, None),
        ("exited", 1.1 * HOUR, Act.REMOVE),
        ("created", 1.1 * HOUR, Act.REMOVE),
        ("running", 0.9 * HOUR, None),
        ("running", 1.1 * HOUR, Act.STOP),
    ],
)
def test_orphans_go_after_an_hour(state: str, age: float, act: Act | None) -> None:
    decided = decide([container(state, created=NOW - age)], {}, NOW, KEEP)
    assert [decision.act for decision in decided] == ([act] if act else [])


def test_of_many_the_newest_stay() -> None:
    containers = [container(run_id=f"s{n}") for n in range(50)] + [container(run_id=f"f{n}") for n in range(60)]
    runs = {f"s{n}": RunState("SUCCESS", NOW - 100 - n) for n in range(50)}
    runs |= {f"f{n}": RunState("FAILURE" if n % 2 else "CANCELED", NOW - 100 - n) for n in range(60)}
    removed = {decision.container.run_id for decision in decide(containers, runs, NOW, KEEP)}
    assert removed == {f"s{n}" for n in range(20, 50)} | {f"f{n}" for n in range(50, 60)}


def test_none_are_kept_where_none_are_to_be_kept() -> None:
    runs = {"r": RunState("SUCCESS", NOW - 61)}
    assert [d.act for d in decide([container()], runs, NOW, Retention(most=0))] == [Act.REMOVE]
    assert [d.act for d in decide([container()], runs, NOW, Retention(hours=0))] == [Act.REMOVE]


def test_each_decision_says_why() -> None:
    containers = [container(run_id="old"), container("running", "on"), container(run_id="unknown")]
    runs = {"old": RunState("SUCCESS", NOW - 2 * HOUR), "on": RunState("FAILURE", NOW - 100)}
    assert {decision.container.run_id: decision.why for decision in decide(containers, runs, NOW, KEEP)} == {
        "old": "its run succeeded more than 1 h ago",
        "on": "its run is over (FAILURE), and it runs on",
        "unknown": "Dagster does not know its run",
    }


_ENDED = st.one_of(st.none(), st.floats(0, NOW))


@given(st.lists(st.tuples(st.sampled_from(["SUCCESS", "FAILURE"]), _ENDED), max_size=80))
def test_after_the_reaper_no_more_are_left_than_retention_says(ended: list[tuple[str, float | None]]) -> None:
    runs = {str(n): RunState(status, at) for n, (status, at) in enumerate(ended)}
    containers = [container(run_id=run_id) for run_id in runs]
    decided = decide(containers, runs, NOW, KEEP)
    removed = {decision.container.run_id for decision in decided}
    assert len(removed) == len(decided), "each at most once"
    left = [run for run_id, run in runs.items() if run_id not in removed]
    settled = [run for run in left if run.ended is not None and NOW - run.ended > 60]
    assert sum(run.status == "SUCCESS" for run in settled) <= KEEP.most
    assert sum(run.status == "FAILURE" for run in settled) <= KEEP.most_failed
    assert all(run.ended is not None for run_id, run in runs.items() if run_id in removed)
