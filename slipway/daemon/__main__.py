"""The command of the service `daemon`: that of `dagster-daemon run`, with its options."""

from __future__ import annotations

import dagster._daemon.controller
from dagster._daemon.cli import run_command

import slipway.automation  # noqa: F401  # so that conditions of code locations can be read

BACKFILL_SECONDS = 5
"""Dagster looks at a backfill every 30 s, a constant. A wave over three locations is a backfill after the other, each
of which would wait 15 s on average before its runs are asked for, and as long until it is seen to be over."""


def main() -> None:
    dagster._daemon.controller.DEFAULT_DAEMON_INTERVAL_SECONDS = BACKFILL_SECONDS
    run_command()


if __name__ == "__main__":
    main()
