"""Retries of runs whose code server is away for a moment."""

from __future__ import annotations

from unittest.mock import Mock

import dagster as dg
import pytest
from dagster._core.errors import DagsterCodeLocationLoadError, DagsterUserCodeUnreachableError
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster_shared.error import SerializableErrorInfo

from slipway.daemon.retries import patient, unreachable

RUN = dg.DagsterRun("__ASSET_JOB")
WORKSPACE = Mock(spec=IWorkspaceProcessContext)


def not_loaded(cls_name: str) -> DagsterCodeLocationLoadError:
    info = SerializableErrorInfo("Could not reach user code server.", [], cls_name)
    return DagsterCodeLocationLoadError("Failure loading ingestion", load_error_infos=[info])  # type: ignore[no-untyped-call]


AWAY = [DagsterUserCodeUnreachableError("no answer"), not_loaded("DagsterUserCodeUnreachableError")]
BROKEN = [not_loaded("ModuleNotFoundError"), ValueError("something else")]


class Server:
    """Answers from its third call on."""

    def __init__(self, error: Exception, answers_at: int = 3) -> None:
        self.error = error
        self.answers_at = answers_at
        self.calls = 0

    def retry(self, run: dg.DagsterRun, workspace: object) -> None:
        assert (run, workspace) == (RUN, WORKSPACE)
        self.calls += 1
        if self.calls < self.answers_at:
            raise self.error


@pytest.mark.parametrize("error", AWAY)
def test_a_retry_waits_for_its_code_server(error: Exception) -> None:
    server = Server(error)
    patient(server.retry, patience=10, pause=0.01)(RUN, WORKSPACE)
    assert server.calls == 3
    assert unreachable(error)


def test_it_does_not_wait_for_ever() -> None:
    server = Server(AWAY[0], answers_at=10**9)
    with pytest.raises(DagsterUserCodeUnreachableError):
        patient(server.retry, patience=0.1, pause=0.02)(RUN, WORKSPACE)
    assert 2 <= server.calls <= 6


@pytest.mark.parametrize("error", BROKEN)
def test_code_that_does_not_load_is_not_waited_for(error: Exception) -> None:
    server = Server(error)
    with pytest.raises(type(error)):
        patient(server.retry, patience=10, pause=0.01)(RUN, WORKSPACE)
    assert server.calls == 1


def test_dagsters_daemon_is_told_to_be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, in Dagster's own module: a version that calls it otherwise fails here."""
    import dagster._daemon.auto_run_reexecution.auto_run_reexecution as dagsters
    import dagster._daemon.controller as controller

    from slipway.daemon import __main__ as daemon

    theirs = dagsters.retry_run
    monkeypatch.setattr(dagsters, "retry_run", theirs)
    monkeypatch.setattr(controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", controller.DEFAULT_DAEMON_INTERVAL_SECONDS)
    monkeypatch.setattr(daemon, "run_command", lambda: None)
    daemon.main()
    assert dagsters.retry_run is not theirs
    assert "retry_run" in dagsters.consume_new_runs_for_automatic_reexecution.__code__.co_names
