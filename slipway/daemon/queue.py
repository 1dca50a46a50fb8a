"""The queue, looked at when a run is put into it and not only every second."""

from __future__ import annotations

import sys
from contextlib import closing
from threading import Event
from typing import Any

from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._daemon.daemon import DaemonIterator, SpanMarker
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.error import serializable_error_info_from_exc_info

from slipway.instance.queue_signal import QueueSignal


class SignalledQueue(QueuedRunCoordinatorDaemon):
    """Dagster's own, but for what it waits for between two looks."""

    def core_loop(
        self, workspace_process_context: IWorkspaceProcessContext[Any], shutdown_event: Event
    ) -> DaemonIterator:
        with closing(QueueSignal(workspace_process_context.instance)) as signal:
            while True:
                yield SpanMarker.START_SPAN
                try:
                    yield from self.run_iteration(workspace_process_context)
                except Exception:
                    error = serializable_error_info_from_exc_info(sys.exc_info())
                    self._logger.error("Caught error:\n%s", error)
                    yield error
                yield SpanMarker.END_SPAN
                signal.wait(self.interval_seconds, shutdown_event)
                yield None
