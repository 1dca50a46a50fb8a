"""`python -m slipway.steward`: the housekeeping service of a stack."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from slipway.steward.heartbeat import overdue
from slipway.steward.settings import Settings, SettingsError, heartbeat_file

_HELP = """\
The housekeeping service of a stack. It ends runs whose container is dead, with the cause on their page; stops
containers whose run is over; removes containers of finished runs after a while.

It reads DAGSTER_HOME and DOCKER_HOST, and

  SLIPWAY_STACK                         name of the deployment, as the run launcher has it (needed)
  SLIPWAY_KEEP_CONTAINERS_HOURS         hours for which containers of runs that succeeded are kept (1)
  SLIPWAY_KEEP_FAILED_CONTAINERS_HOURS  the same, of runs that failed or were canceled (72)
  SLIPWAY_KEEP_CONTAINERS               how many of the first are kept at most (20)
  SLIPWAY_KEEP_FAILED_CONTAINERS        how many of the second (50)
  SLIPWAY_LOGS_BUCKET                   bucket of the compute logs; unset: they are left alone
  SLIPWAY_KEEP_LOGS_DAYS                days for which they are kept (30)
  SLIPWAY_WATCH_SECONDS                 seconds between two looks at the containers (1.5)
  SLIPWAY_REAP_SECONDS                  seconds between two rounds of removing (60)
  SLIPWAY_HEARTBEAT_FILE                file by which `check` knows that all goes on (/tmp/slipway-steward.json)
  SLIPWAY_LOG_LEVEL                     DEBUG, INFO, WARNING or ERROR (INFO)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m slipway.steward", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "what", nargs="?", choices=["run", "check"], default="run", help="check: exit with 1 if a task is overdue"
    )
    if parser.parse_args(arguments).what == "check":
        late = overdue(heartbeat_file())
        print("\n".join(late) or "All tasks are on time.", file=sys.stderr if late else sys.stdout)
        return 1 if late else 0
    return run()


def run() -> int:
    level = os.environ.get("SLIPWAY_LOG_LEVEL", "INFO").upper()
    # Libraries are heard only in earnest: Dagster's Postgres storage warns of each of its attempts to connect.
    quiet = logging.WARNING if level == "DEBUG" else logging.ERROR
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout, level=quiet)
    try:
        logging.getLogger("slipway").setLevel(level)
        settings = Settings.from_environment()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError:
        print(f"SLIPWAY_LOG_LEVEL is {level!r}: expected DEBUG, INFO, WARNING or ERROR.", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Dagster takes a second to import, and `check` does without.
    from slipway.steward.dagster_instance import DagsterHome
    from slipway.steward.service import Service
    from slipway.steward.tasks import tasks_of

    tasks = tasks_of(settings, DagsterHome())
    logging.getLogger("slipway.steward").info(
        "The steward of %s: %s.", settings.stack, ", ".join(task.name for task in tasks)
    )
    try:
        Service(tasks, settings.heartbeat).run(stop)
    except OSError as error:
        print(f"SLIPWAY_HEARTBEAT_FILE: expected a file that can be written; found {error}.", file=sys.stderr)
        return 2
    logging.shutdown()
    # A round that hangs in a request must not keep the process: everything that it does can be done again.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
