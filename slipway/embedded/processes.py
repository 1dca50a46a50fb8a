"""Code servers and runs as forks of one process that has imported everything (Python's own fork server).

Each is a process of its own with an instance of its own, as with Dagster's commands and its default launcher. What is
saved is importing the same libraries again: four seconds of processor time and 200 MiB of memory for each process.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

_PRELOAD = "slipway.embedded.preload"
_STOP_SECONDS = 20

CAUSE = "Cause: "
"""What the last lines in the log of a process that has failed begin with: the error, without Dagster's around it."""


class Processes:
    """Starts code servers and runs with this process's environment as it is when the first of them starts.

    A Python process has one fork server, so all that it starts belong to one platform.

    Args:
        logs: folder for the output of each location's server and runs, `<location>.log`.
    """

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.logs = logs
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([_PRELOAD])

    @staticmethod
    def prepare() -> None:
        """Let the imports begin; returns at once. Whoever has something else to import does so meanwhile."""
        forkserver.ensure_running()

    def log_of(self, location: str) -> Path:
        return self.logs / f"{location}.log"

    def serve(self, location: str, port: int) -> ForkServerProcess:
        """Start the code server of a location on 127.0.0.1."""
        self.log_of(location).write_bytes(b"")
        return self._start(_serve, location, location, str(port))

    def run(self, location: str, run_id: str) -> ForkServerProcess:
        """Start executing a run that is on record and not started."""
        return self._start(_run, location, run_id)

    def _start(self, target: Callable[..., int], location: str, *arguments: str) -> ForkServerProcess:
        process = self._context.Process(target=_become, args=(target, self.log_of(location), arguments))
        process.start()
        return process


def end(process: ForkServerProcess) -> None:
    """Tell a process to end, and wait until it has."""
    process.terminate()
    process.join(_STOP_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def _become(target: Callable[..., int], log: Path, arguments: Sequence[str]) -> None:
    with log.open("ab", buffering=0) as output:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(output.fileno(), stream.fileno())
    try:
        sys.exit(target(*arguments))
    except Exception as error:
        traceback.print_exc()
        while type(error).__module__.startswith("dagster") and isinstance(error.__cause__, Exception):
            error = error.__cause__
        print(f"{CAUSE}{type(error).__name__}: {error}", flush=True)
        sys.exit(1)


def _serve(location: str, port: str) -> int:
    from dagster._cli.api import grpc_command

    arguments = ["-m", f"{location}.definitions", "--location-name", location, "--host", "localhost", "--port", port]
    grpc_command.main([*arguments, "--log-level", "warning"], standalone_mode=False)
    return 0


def _run(run_id: str) -> int:
    import dagster as dg
    from dagster._cli.api import _execute_run_command_body

    with dg.DagsterInstance.get() as instance:
        return _execute_run_command_body(run_id, instance, lambda _event: None, set_exit_code_on_failure=False)
