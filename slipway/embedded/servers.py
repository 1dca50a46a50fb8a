"""Code servers as processes: all of them start at once, because each spends its start loading."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from dagster._grpc.client import DagsterGrpcClient

from slipway.embedded.processes import CAUSE, Processes, end

_START_SECONDS = 180


class LocationBroken(Exception):
    """A code location does not load; the message holds its own error."""


@contextmanager
def code_servers(locations: Sequence[str], processes: Processes) -> Iterator[dict[str, int]]:
    """Serve locations for as long as the block lasts; yields the port of each.

    Raises:
        LocationBroken: one ends before it serves, or does not serve in time; with its own error.
    """
    with ExitStack() as stack:
        ports = dict(zip(locations, _free_ports(len(locations)), strict=True))
        servers = {name: processes.serve(name, port) for name, port in ports.items()}
        for server in servers.values():
            stack.callback(end, server)
        deadline = time.monotonic() + _START_SECONDS
        for name, server in servers.items():
            client = DagsterGrpcClient(port=ports[name], host="localhost")
            while not _serves(client):
                if not server.is_alive() or time.monotonic() > deadline:
                    log = processes.log_of(name)
                    cause = log.read_text(errors="replace").rpartition(f"\n{CAUSE}")[2].strip()
                    raise LocationBroken(f"Code location {name} does not load. {cause}\nIts log: {log}")
                time.sleep(0.05)
        yield ports


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
