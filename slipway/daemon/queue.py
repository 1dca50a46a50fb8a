"""The queue, looked at when a run is put into it and not only every second."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from threading import Event
from typing import Any

from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._daemon.daemon import DaemonIterator, SpanMarker
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.error import serializable_error_info_from_exc_info

from slipway.instance.queue_signal import QueueSignal

_AT_LEAST_SECONDS = 0.2
"""Between two looks: a backfill puts hundreds of runs into the queue, with a signal each."""


class SignalledQueue(QueuedRunCoordinatorDaemon):
    """Dagster's own, but for what it waits for between two looks."""

    def core_loop(
        self, workspace_process_context: IWorkspaceProcessContext[Any], shutdown_event: Event
    ) -> DaemonIterator:
        with closing(QueueSignal(workspace_process_context.instance)) as signal:
            while True:
                began = time.monotonic()
                yield SpanMarker.START_SPAN
                try:
                    yield from self.run_iteration(workspace_process_context)
                except Exception:
                    error = serializable_error_info_from_exc_info(sys.exc_info())
                    self._logger.error("Caught error:\n%s", error)
                    yield error
                yield SpanMarker.END_SPAN
                signal.wait(self.interval_seconds, shutdown_event)
                shutdown_event.wait(max(0.0, began + _AT_LEAST_SECONDS - time.monotonic()))
                yield None
