"""A service dies while a run is under way: the run ends, the lake stays whole, and the next run repairs the rest."""

from __future__ import annotations

import pytest

from tests.stack.crashes import crash, starts, wait_started_anew
from tests.stack.lake_objects import objects, torn, wrong_days
from tests.stack.landing import first_day
from tests.stack.run_pages import steps
from tests.stack.slow_ingestion import WHOLESALE, all_days
from tests.stack_process import Stack, wait_for

OVER_SECONDS = 120
QUARANTINE = f"quarantine/{WHOLESALE}"
CAUSES = (
    *("The run's process", "The run was killed", "An exception was thrown during execution"),
    "the store does not answer; check AWS_ENDPOINT_URL and that it is running",
)


@pytest.mark.parametrize("service", ["daemon", "webserver", "ingestion", "objectstore", "postgres"])
def test_a_crash_during_a_run(stack: Stack, service: str) -> None:
    stack.quiet(timeout=400, seconds=3)
    run_id = stack.materialize("ingestion", [WHOLESALE], all_days(stack), {"slipway/cpus": "1"})
    wait_for(lambda: "validate" in steps(stack, run_id), 90, f"run {run_id} does not come to write partitions")
    before = starts(stack, service)
    crash(stack, service)
    wait_started_anew(stack, service, before)
    stack.wait_healthy()

    run = stack.wait_run(run_id, OVER_SECONDS)
    page = "\n".join(stack.run_messages(run_id))
    assert run["status"] == "SUCCESS" or any(cause in page for cause in CAUSES), page[-3000:]
    assert torn(objects(stack, WHOLESALE, QUARANTINE)) == {}

    # A crash is tried again by itself, from where it failed.
    after = [each for each in stack.quiet(timeout=200, seconds=6) if _began_with(each, run_id)]
    if "SUCCESS" not in {each["status"] for each in after}:
        repair = stack.materialize("ingestion", [WHOLESALE], all_days(stack))
        assert stack.wait_run(repair)["status"] == "SUCCESS"
    found = objects(stack, WHOLESALE, QUARANTINE)
    assert torn(found) == {}
    assert wrong_days(stack, found, first_day(stack)) == {}


def test_every_object_of_the_lake_is_whole(stack: Stack) -> None:
    stack.quiet(timeout=400)
    found = objects(stack)
    assert len(found) > 500
    assert torn(found) == {}


def _began_with(run: dict[str, object], run_id: str) -> bool:
    tags = run["tags"]
    assert isinstance(tags, dict)
    return run_id in (run["runId"], tags.get("dagster/root_run_id"))
