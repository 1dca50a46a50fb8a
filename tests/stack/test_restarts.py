"""Restarts keep what was there: history, switches, secrets, data, and runs that wait. And containers do not pile up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack.crashes import finished_at
from tests.stack.landing import first_day, rows
from tests.stack_process import Stack, wait_for

KEEP, KEEP_FAILED = 3, 2
RUNS_ON = 60
"""A container is left alone for that many seconds after the end of its run."""

SERVICES = [
    *("postgres", "objectstore", "ingestion", "transformation", "reporting", "webserver", "viewer", "daemon"),
    *("steward", "docker-api", "proxy", "shop"),
]
_PICK = '{repositoryName: "__repository__", repositoryLocationName: "ingestion"}'
_SWITCHES = f"""{{
  sensorsOrError(repositorySelector: {_PICK}) {{
    ... on Sensors {{ results {{ name sensorState {{ id status }} }} }}
  }}
  schedulesOrError(repositorySelector: {_PICK}) {{
    ... on Schedules {{ results {{ name scheduleState {{ id status }} }} }}
  }}
}}"""


@pytest.fixture(scope="module")
def quiet(stack: Stack) -> None:
    stack.quiet(timeout=400, seconds=5)


# -- containers


def test_only_containers_that_retention_names_are_left(stack: Stack, quiet: None) -> None:
    """With small numbers, over all runs that the tests before this one have made."""
    newest = max(finished_at(each) for each in stack.run_containers())
    time.sleep(max(0.0, newest + RUNS_ON + 5 - time.time()))
    before = by_outcome(stack)
    assert len(before["SUCCESS"]) > KEEP
    assert len(before["other"]) > KEEP_FAILED
    few = {"SLIPWAY_KEEP_CONTAINERS": str(KEEP), "SLIPWAY_KEEP_FAILED_CONTAINERS": str(KEEP_FAILED)}
    tidy = Stack(stack.project, stack.port, {**stack.environment, **few})
    try:
        tidy.compose("up", "--detach", "--no-deps", "steward")
        left = {"SUCCESS": before["SUCCESS"][:KEEP], "other": before["other"][:KEEP_FAILED]}
        wait_for(lambda: by_outcome(stack) == left, 60, lambda: f"expected {left}, found {by_outcome(stack)}", every=1)
    finally:
        stack.compose("up", "--detach", "--no-deps", "steward")
    stack.wait_healthy(services=["steward"])


def by_outcome(stack: Stack) -> dict[str, list[str]]:
    """Ids of runs that have a container, the last that ended first: of those that succeeded, and of the others."""
    runs = {run["runId"]: run for run in stack.runs()}
    with_container = {each["Config"]["Labels"]["dagster/run_id"] for each in stack.run_containers()}
    ended = sorted(with_container & runs.keys(), key=lambda each: float(runs[each]["endTime"]), reverse=True)
    return {
        "SUCCESS": [each for each in ended if runs[each]["status"] == "SUCCESS"],
        "other": [each for each in ended if runs[each]["status"] != "SUCCESS"],
    }


# -- restarts


@dataclass(frozen=True)
class Kept:
    """What a restart must keep.

    Attributes:
        runs: run id -> status.
        switches: sensor or schedule of ingestion -> RUNNING or STOPPED.
        revenue: a partition of gold.
    """

    runs: dict[str, str]
    switches: dict[str, str]
    passwords: dict[str, str]
    revenue: list[dict[str, Any]] | None


def switches(stack: Stack) -> dict[str, dict[str, str]]:
    """Id and status of each sensor and schedule of ingestion."""
    found = stack.graphql(_SWITCHES)
    sensors = {each["name"]: each["sensorState"] for each in found["sensorsOrError"]["results"]}
    return sensors | {each["name"]: each["scheduleState"] for each in found["schedulesOrError"]["results"]}


def kept(stack: Stack) -> Kept:
    stack.forget_passwords()
    return Kept(
        runs(stack),
        {name: each["status"] for name, each in switches(stack).items()},
        {user: stack.password(user) for user in ("operator", "viewer")},
        rows(stack, "gold/daily_revenue", day=first_day(stack).isoformat()),
    )


def runs(stack: Stack) -> dict[str, str]:
    return {run["runId"]: run["status"] for run in stack.runs()}


@pytest.fixture(scope="module")
def before(stack: Stack, quiet: None) -> Iterator[Kept]:
    """All that is there, once a sensor and a schedule have been stopped by hand."""
    found = switches(stack)
    schedule = next(name for name in found if name not in _sensors(stack))
    stack.graphql(
        "mutation($id: String!) { stopSensor(id: $id) { __typename } }", {"id": found["wholesale_files"]["id"]}
    )
    stack.graphql(
        "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }", {"id": found[schedule]["id"]}
    )
    try:
        there = kept(stack)
        assert (there.switches["wholesale_files"], there.switches[schedule]) == ("STOPPED", "STOPPED")
        assert "RUNNING" in there.switches.values()
        assert there.runs
        assert there.revenue
        yield there
    finally:
        _start(stack, "startSensor", "sensorSelector", "sensorName", "wholesale_files")
        _start(stack, "startSchedule", "scheduleSelector", "scheduleName", schedule)


def _sensors(stack: Stack) -> set[str]:
    return {each["name"] for each in stack.graphql(_SWITCHES)["sensorsOrError"]["results"]}


def _start(stack: Stack, mutation: str, argument: str, key: str, name: str) -> None:
    selector = f'{_PICK.removesuffix("}")}, {key}: "{name}"}}'
    stack.graphql(f"mutation {{ {mutation}({argument}: {selector}) {{ __typename }} }}")


@pytest.mark.parametrize("service", SERVICES)
def test_a_restart_of_one_service_keeps_all(stack: Stack, before: Kept, service: str) -> None:
    stack.compose("restart", service)
    stack.wait_healthy(services=[service])
    wait_for(lambda: stack.request("/server_info").status == 200, 60, "the webserver does not answer")
    assert before.runs.items() <= runs(stack).items()
    assert {name: each["status"] for name, each in switches(stack).items()} == before.switches


def test_after_restarts_all_is_well(stack: Stack, before: Kept) -> None:
    stack.wait_healthy()
    run_id = stack.materialize("transformation", ["silver/customers"])
    assert stack.wait_run(run_id)["status"] == "SUCCESS"


def test_down_and_up_again_keeps_all_and_goes_on_with_what_waits(stack: Stack, before: Kept) -> None:
    stack.quiet(timeout=200, seconds=3)
    stack.compose("stop", "daemon")
    waiting = stack.materialize("transformation", ["silver/customers"])
    assert stack.run(waiting)["status"] == "QUEUED"
    stack.compose("down")
    stack.compose("up", "--detach", "--wait")

    after = kept(stack)
    assert before.runs.items() <= after.runs.items()
    assert (after.switches, after.passwords, after.revenue) == (before.switches, before.passwords, before.revenue)
    assert stack.wait_run(waiting)["status"] == "SUCCESS"
