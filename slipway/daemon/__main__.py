"""The command of the service `daemon`: that of `dagster-daemon run`, with its options."""

from __future__ import annotations

import dagster._daemon.auto_run_reexecution.auto_run_reexecution as auto_run_reexecution
import dagster._daemon.controller
from dagster._daemon.cli import run_command

import slipway.automation  # noqa: F401  # so that conditions of code locations can be read
from slipway.daemon.queue import SignalledQueue
from slipway.daemon.retries import patient, unless_in_vain

BACKFILL_SECONDS = 5
"""Dagster looks at a backfill every 30 s, a constant. A wave over three locations is a backfill after the other, each
of which would wait 15 s on average before its runs are asked for, and as long until it is seen to be over."""


def main() -> None:
    controller = dagster._daemon.controller
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = BACKFILL_SECONDS
    vars(controller)["QueuedRunCoordinatorDaemon"] = SignalledQueue
    retry = unless_in_vain(patient(auto_run_reexecution.retry_run))
    auto_run_reexecution.retry_run = retry  # type: ignore[assignment]
    run_command()


if __name__ == "__main__":
    main()
