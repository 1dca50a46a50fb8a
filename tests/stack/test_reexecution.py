"""'Re-execute from failure', although the container in which the first ops ran is gone: their results are in the lake.

bronze/wholesale_sales is a graph: download -> parse -> validate.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.stack.crashes import instead
from tests.stack.lake_objects import objects
from tests.stack.landing import expected, first_day
from tests.stack.run_pages import steps
from tests.stack.slow_ingestion import WHOLESALE, all_days, slow_image
from tests.stack_process import Stack, docker, wait_for

_LAUNCHED = """
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
"""
_LAUNCH = f"mutation($params: ExecutionParams!) {{ launched: launchRun(executionParams: $params) {{ {_LAUNCHED} }} }}"
_REEXECUTE = f"""mutation($params: ReexecutionParams!) {{
  launched: launchRunReexecution(reexecutionParams: $params) {{ {_LAUNCHED} }}
}}"""
_REEXECUTE_WITH_CONFIG = f"""mutation($params: ExecutionParams!) {{
  launched: launchRunReexecution(executionParams: $params) {{ {_LAUNCHED} }}
}}"""


@pytest.fixture(scope="module")
def day(stack: Stack) -> dt.date:
    stack.quiet(timeout=400, seconds=3)
    return first_day(stack) + dt.timedelta(days=2)


def test_a_step_that_failed_is_done_again_with_other_configuration(stack: Stack, day: dt.date) -> None:
    """As from the launchpad: the last op fails for what it was configured with, and that is put right.

    What the ops before it find wrong with a file is handed on to it, so that other days are not kept from being made.
    """
    partition = {"key": "dagster/partition", "value": day.isoformat()}
    failed = _launched(stack, _LAUNCH, _execution(unreadable_share=-1.0, tags=[partition]))
    assert stack.wait_run(failed)["status"] == "FAILURE"
    assert steps(stack, failed) == {"download", "parse", "validate"}
    lose_container(stack, failed)

    from_failure = {"key": "dagster/is_resume_retry", "value": "true"}
    corrected = _execution(unreadable_share=0.05, tags=[partition, from_failure], parentRunId=failed, rootRunId=failed)
    again = _launched(stack, _REEXECUTE_WITH_CONFIG, corrected)
    assert stack.wait_run(again)["status"] == "SUCCESS"
    assert steps(stack, again) == {"validate"}
    assert written_by(stack, day) == (again, expected(stack, day).raw)


def test_a_step_that_was_killed_is_done_again(stack: Stack, day: dt.date) -> None:
    """As by the button: the container died in the second op, and is gone."""
    with slow_image(stack) as slow:
        with instead(stack, "ingestion", slow):
            died = stack.materialize("ingestion", [WHOLESALE], all_days(stack), {"dagster/max_retries": "0"})
        wait_for(lambda: "parse" in steps(stack, died), 90, f"run {died} does not come to its second step")
        lose_container(stack, died)
        assert stack.wait_run(died)["status"] == "FAILURE"

    again = _launched(stack, _REEXECUTE, {"parentRunId": died, "strategy": "FROM_FAILURE"})
    assert stack.wait_run(again)["status"] == "SUCCESS"
    assert steps(stack, again) == {"parse", "validate"}
    assert written_by(stack, day) == (again, expected(stack, day).raw)


def _execution(unreadable_share: float, **metadata: Any) -> dict[str, Any]:
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "ingestion",
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": WHOLESALE.split("/")}],
        "assetCheckSelection": None,
    }
    landing = {"address": "s3://landing/wholesale", "unreadable_share": unreadable_share}
    config = {"resources": {"landing": {"config": landing}}}
    return {"selector": selector, "runConfigData": config, "mode": "default", "executionMetadata": metadata}


def _launched(stack: Stack, mutation: str, params: dict[str, Any]) -> str:
    found = stack.graphql(mutation, {"params": params})["launched"]
    assert found["__typename"] == "LaunchRunSuccess", found
    return str(found["run"]["runId"])


def lose_container(stack: Stack, run_id: str) -> None:
    [container] = stack.run_containers(run_id)
    docker("rm", "--force", container["Id"])


def written_by(stack: Stack, day: dt.date) -> tuple[str | None, int]:
    """The run that wrote a day's partition, and its rows."""
    [found] = objects(stack, f"{WHOLESALE}/day={day}/").values()
    return found.run, found.rows
