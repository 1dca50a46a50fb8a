"""One process that has imported everything, and whose forks are the code servers and the runs.

Each of them is a process of its own with an instance of its own, as with Dagster's own commands and its default
launcher; what is saved is the import of the same libraries, six seconds of processor time each, which a test of some
sixty runs cannot spare.
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
from typing import Any, NoReturn, Self

import dagster as dg
from dagster import StringSource
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData

_START_SECONDS = 180


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
        ask(self._address, "run", context.dagster_run.run_id)

    def terminate(self, run_id: str) -> bool:
        raise NotImplementedError(f"run {run_id}: no test ends a run early")


def ask(address: str | Path, *words: str) -> None:
    """`run <id>`, or `serve <location> <port>`."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(address))
        client.sendall(f"{' '.join(words)}\n".encode())


@contextmanager
def forking_process(folder: Path, locations: Sequence[str]) -> Iterator[Path]:
    """Run the process that forks, with this process's environment; yields the address of its socket."""
    address, output = folder / "fork.sock", folder / "fork.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.automation.forking", str(address), *locations],
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[3],
        )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not address.exists():
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < deadline, f"the process that forks did not start: {output.read_text()}"
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def main(address: Path, locations: Sequence[str]) -> None:
    """Import the locations, then fork for each request that comes in, until terminated."""
    for name in locations:
        ReconstructableRepository.for_module(f"{name}.definitions", "defs").get_definition()
    servers: list[int] = []

    def end(*_: object) -> NoReturn:
        for server in servers:
            os.kill(server, signal.SIGTERM)
        os._exit(0)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen(64)
        while True:
            client, _ = listening.accept()
            with client, client.makefile() as words:
                kind, *arguments = words.readline().split()
            if child := os.fork():
                servers += [child] if kind == "serve" else []
            else:
                listening.close()
                _become(kind, arguments)


def _become(kind: str, arguments: Sequence[str]) -> NoReturn:
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        code = {"run": _run, "serve": _serve}[kind](*arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(run_id: str) -> int:
    from dagster._cli.api import _execute_run_command_body

    with dg.DagsterInstance.get() as instance:
        return _execute_run_command_body(run_id, instance, lambda _event: None, set_exit_code_on_failure=False)


def _serve(location: str, port: str) -> int:
    from dagster._cli.api import grpc_command

    arguments = ["-m", f"{location}.definitions", "--location-name", location, "--host", "localhost", "--port", port]
    grpc_command.main([*arguments, "--log-level", "warning"], standalone_mode=False)
    return 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
