"""An engine that does not do as it should, and clients that go away: a socket plays it, for no real one does."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.docker_api.proxy import Running, running

Play = Callable[[socket.socket], None]


@contextmanager
def engine(folder: Path, play: Play) -> Iterator[Running]:
    """A proxy before an engine that reads a request, and does with its connection what `play` says."""
    path = str(folder / "engine.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    play(connection)

        threading.Thread(target=serve, daemon=True).start()
        environment = {
            "SLIPWAY_STACK": "shop",
            "SLIPWAY_RUN_IMAGES": "ingestion=shop-ingestion:latest",
            "SLIPWAY_RUN_NETWORKS": "ingestion=shop_runs",
            "SLIPWAY_DOCKER_SOCKET": path,
        }
        with running(environment) as process:
            yield process
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/_ping", b""),
        ("/_ping", b"no HTTP at all\r\n\r\n"),
        ("/_ping", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n"),
        ("/info", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"),
        ("/info", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        ("/containers/x/json", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        (
            "/containers/x/logs",
            b"HTTP/1.1 200 OK\r\nContent-Length: 63\r\n\r\n"
            b'{"Id": "../x", "Config": {"Labels": {"slipway.stack": "shop"}}}',
        ),
    ],
)
def test_an_answer_that_is_none_is_a_502_with_a_sentence(tmp_path: Path, target: str, answer: bytes) -> None:
    with engine(tmp_path, lambda connection: connection.sendall(answer)) as proxy:
        got = proxy.ask("GET", target)
        assert got.status == 502
        assert json.loads(got.body)["message"].endswith(".")
        assert "no answer to" in proxy.logged()
        assert "Traceback" not in proxy.logged()


@pytest.mark.parametrize("head", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_an_answer_that_breaks_off_is_seen_to_break_off(tmp_path: Path, head: str) -> None:
    begun = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + (b"5\r\nhello\r\n" if "chunked" in head else b"hello")
    with engine(tmp_path, lambda connection: connection.sendall(begun)) as proxy:
        (got,) = proxy.send(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert got.status == 200
        assert b"hello" in got.body
        assert not got.body.endswith(b"0\r\n\r\n")
        assert head == "Transfer-Encoding: chunked" or len(got.body) < 100


def test_a_client_that_goes_away_takes_its_request_with_it(tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    def never(connection: socket.socket) -> None:
        begun.set()
        connection.settimeout(10)
        if connection.recv(1) == b"":
            ended.set()

    with engine(tmp_path, never) as proxy:
        with proxy.connect() as connection:
            connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            assert begun.wait(10)
            time.sleep(0.1)
            assert not ended.is_set()
        assert ended.wait(10)
