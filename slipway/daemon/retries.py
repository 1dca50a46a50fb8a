"""Automatic retries wait for their code location; and none is made of a run whose code does not load.

Dagster asks the code server for a retry's job once, and gives the retry up for ever if it does not answer. But what
ends runs early, a restart of the engine or an upgrade of the stack, takes code servers away too, for some seconds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from dagster import DagsterRun
from dagster._core.errors import DagsterCodeLocationLoadError, DagsterUserCodeUnreachableError
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext

from slipway.runs.load_errors import load_error

logger = logging.getLogger(__name__)

Retry = Callable[[DagsterRun, IWorkspaceProcessContext[Any]], None]

# Below what the health check of the daemon allows its threads (slipway/health/daemon.py).
PATIENCE = 75.0
_PAUSE = 2.0


def patient(retry: Retry, patience: float = PATIENCE, pause: float = _PAUSE) -> Retry:
    """The same, tried again while the run's code server does not answer. Done twice, a retry still starts one run.

    Raises:
        Exception: what the last attempt raised.
    """

    def retried(run: DagsterRun, workspace: IWorkspaceProcessContext[Any]) -> None:
        deadline = time.monotonic() + patience
        while True:
            try:
                return retry(run, workspace)
            except Exception as error:
                if not unreachable(error) or time.monotonic() + pause > deadline:
                    raise
                logger.info("The retry of run %s waits: its code location does not answer.", run.run_id)
            time.sleep(pause)
            _look_again(run, workspace)

    return retried


def unless_in_vain(retry: Retry) -> Retry:
    """The same, but for runs whose code did not load: it would not load the next time."""

    def retried(run: DagsterRun, workspace: IWorkspaceProcessContext[Any]) -> None:
        instance = workspace.instance
        if load_error(instance, run.run_id):
            instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false"})
            told = "The run is not retried: its code does not load, and would not the next time."
            instance.report_engine_event(told, run)
        else:
            retry(run, workspace)

    return retried


def unreachable(error: Exception) -> bool:
    """Whether a code server did not answer; one that answers that its code does not load will say so again."""
    if isinstance(error, DagsterCodeLocationLoadError):
        names = {info.cls_name for info in error.load_error_infos}
        return names == {DagsterUserCodeUnreachableError.__name__}
    return isinstance(error, DagsterUserCodeUnreachableError)


def _look_again(run: DagsterRun, workspace: IWorkspaceProcessContext[Any]) -> None:
    """By itself, the daemon looks at a location that did not load every 10 s at most."""
    if run.remote_job_origin is not None and isinstance(workspace, WorkspaceProcessContext):
        workspace.refresh_code_location(run.remote_job_origin.repository_origin.code_location_origin.location_name)
