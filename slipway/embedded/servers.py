"""Code servers as processes: all of them start at once, because each spends its start importing."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dagster._grpc.client import DagsterGrpcClient

_START_SECONDS = 180
_STOP_SECONDS = 20


class LocationBroken(Exception):
    """A code location does not load; the message holds its own error."""


@contextmanager
def code_servers(locations: Sequence[str], logs: Path) -> Iterator[dict[str, int]]:
    """Serve locations for as long as the block lasts; yields the port of each.

    Raises:
        LocationBroken: one ends before it serves, or does not serve in time; with the last line that it wrote.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        ports = dict(zip(locations, _free_ports(len(locations)), strict=True))
        started = {name: stack.enter_context(_server(name, port, logs / f"{name}.log")) for name, port in ports.items()}
        deadline = time.monotonic() + _START_SECONDS
        for name, process in started.items():
            client = DagsterGrpcClient(port=ports[name], host="localhost")
            while not _serves(client):
                if process.poll() is not None or time.monotonic() > deadline:
                    lines = (logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
                    raise LocationBroken(
                        f"Code location {name} does not load: {lines[-1] if lines else 'it ended without a word'}"
                    )
                time.sleep(0.05)
        yield ports


@contextmanager
def _server(name: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "dagster", "api", "grpc", "-m", f"{name}.definitions",
                "--location-name", name, "--host", "localhost", "--port", str(port), "--log-level", "warning",
            ],
            stdout=output,
            stderr=output,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _serves(client: DagsterGrpcClient) -> bool:
    try:
        client.ping("")
    except Exception:
        return False  # not there yet; the process is watched beside
    return True


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
