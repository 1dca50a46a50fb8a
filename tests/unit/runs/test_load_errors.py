"""Runs whose code did not load: Dagster's own event of it is found, and told as a cause with a hint."""

from __future__ import annotations

import sys

import dagster as dg
import pytest
from dagster._core.errors import DagsterImportError
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test
from dagster._utils.error import serializable_error_info_from_exc_info

from slipway.daemon.retries import unless_in_vain
from slipway.runs.deaths import Worker, diagnose
from slipway.runs.load_errors import load_error


def unloaded(instance: dg.DagsterInstance, message: str = "Could not load job definition.") -> dg.DagsterRun:
    """A run as `dagster api execute_run` leaves it where a module is missing."""
    run = create_run_for_test(instance, status=dg.DagsterRunStatus.FAILURE)
    try:
        try:
            raise ModuleNotFoundError("No module named 'transformation.pseudonyms'")
        except ModuleNotFoundError as cause:
            raise DagsterImportError("while importing module transformation.definitions") from cause
    except DagsterImportError:
        error = EngineEventData.engine_error(serializable_error_info_from_exc_info(sys.exc_info()))
    instance.report_engine_event(message, run, error)
    return run


def test_the_innermost_error_counts() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = unloaded(instance)
        assert load_error(instance, run.run_id) == "ModuleNotFoundError: No module named 'transformation.pseudonyms'"


def test_other_errors_of_the_engine_do_not() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert load_error(instance, unloaded(instance, "Failed to retry run").run_id) == ""
        assert load_error(instance, create_run_for_test(instance).run_id) == ""


def test_the_message_is_dagsters() -> None:
    """A version that words it otherwise fails here."""
    import inspect

    from dagster._grpc import impl

    from slipway.runs.load_errors import _MESSAGES

    for message in _MESSAGES:
        assert f'"{message}"' in inspect.getsource(impl.core_execute_run)


def test_no_retry_is_made_of_it() -> None:
    retried: list[str] = []
    retry = unless_in_vain(lambda run, workspace: retried.append(run.run_id))
    with dg.DagsterInstance.ephemeral() as instance:
        workspace = type("Workspace", (), {"instance": instance})()
        broken, crashed = unloaded(instance), create_run_for_test(instance, status=dg.DagsterRunStatus.FAILURE)
        for run in (broken, crashed):
            retry(run, workspace)
        assert retried == [crashed.run_id]
        found = instance.get_run_by_id(broken.run_id)
        assert found
        assert found.tags["dagster/will_retry"] == "false"


@pytest.mark.parametrize(
    ("error", "cause", "hint"),
    [
        (
            "ModuleNotFoundError: No module named 'x'",
            "because its code does not import: ModuleNotFoundError: No module named 'x'.",
            "Look whether the image was built from the code that the code server has",
        ),
        (
            "slipway.location.settings.SettingError: SLIPWAY_SHOP_REGION is not set: expected a region.",
            "because a variable is missing: slipway.location.settings.SettingError: SLIPWAY_SHOP_REGION is not set",
            "Give SLIPWAY_SHOP_REGION to the location's runs",
        ),
        (
            "SyntaxError: invalid syntax\n  File x",
            "because its code does not load: SyntaxError: invalid syntax.",
            "Look whether the image was built",
        ),
    ],
)
def test_it_is_told_with_exit_code_and_hint(error: str, cause: str, hint: str) -> None:
    death = diagnose(Worker(exit_code=1, load_error=error))
    assert death.cause.startswith("The run's process ended with exit code 1, ")
    assert cause in death.cause
    assert hint in death.hint
    assert death.lasting
