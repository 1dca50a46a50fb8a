"""A launcher whose runs are forks of one process that has imported everything.

A run is a process of its own with the instance of its own, as with Dagster's default launcher; what is saved is the
import of the same libraries, some seconds of processor time a run, which a test of thirty runs cannot spare.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster import StringSource
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData

_START_SECONDS = 120


class ForkingRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Asks the process behind a socket to fork for each run."""

    def __init__(self, address: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._address = address
        self._inst_data = inst_data
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        return {"address": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self._address)
            client.sendall(f"{context.dagster_run.run_id}\n".encode())

    def terminate(self, run_id: str) -> bool:
        raise NotImplementedError(f"run {run_id}: no test ends a run early")


@contextmanager
def forking_server(folder: Path, locations: Sequence[str]) -> Iterator[Path]:
    """Run the process that forks, with this process's environment; yields the address of its socket."""
    address = folder / "fork.sock"
    with (folder / "fork.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.automation.forking", str(address), *locations],
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[3],
        )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not address.exists():
                assert process.poll() is None, (folder / "fork.log").read_text()
                assert time.monotonic() < deadline, "the process that forks did not start"
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def serve(address: Path, locations: Sequence[str]) -> None:
    """Import the locations, then fork for each run id that comes in."""
    for name in locations:
        ReconstructableRepository.for_module(f"{name}.definitions", "defs").get_definition()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        server.listen(64)
        while True:
            client, _ = server.accept()
            with client:
                run_id = client.makefile().readline().strip()
            if os.fork() == 0:
                server.close()
                _execute(run_id)


def _execute(run_id: str) -> None:
    from dagster._cli.api import _execute_run_command_body

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        with dg.DagsterInstance.get() as instance:
            code = _execute_run_command_body(run_id, instance, lambda _event: None, set_exit_code_on_failure=False)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2:])
