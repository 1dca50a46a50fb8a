"""Services outside the stack, with real ones: there, gone, and with another time."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.outside import look_at_store_clock, reach
from tests.servers import S3Server, free_port


@pytest.fixture
def store_of_another_time() -> Iterator[tuple[type[BaseHTTPRequestHandler], str]]:
    """A store that says what time it is: `ahead` of this machine's, in seconds; None: it does not say."""

    class Handler(BaseHTTPRequestHandler):
        ahead: float | None = 0

        def do_GET(self) -> None:
            self.send_response_only(403)
            if self.ahead is not None:
                there = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.ahead)
                self.send_header("Date", format_datetime(there, usegmt=True))
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Handler, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (0, "ok"),
        (-50, "ok"),
        (120, "warning"),
        (-120, "warning"),
        (400, "problem"),
        (-86400, "problem"),
        (None, "not checked"),
    ],
)
def test_clocks(store_of_another_time, ahead: float | None, level: str) -> None:
    handler, address = store_of_another_time
    handler.ahead = ahead
    found = look_at_store_clock(address)
    assert found.level == level, found
    assert address in found.sentence


def test_a_real_store_tells_its_time(moto: S3Server) -> None:
    assert look_at_store_clock(moto.endpoint).level == Level.OK


@pytest.mark.docker
def test_the_stack_s_own_kind_of_store_tells_its_time(objectstore: S3Server) -> None:
    assert look_at_store_clock(objectstore.endpoint).level == Level.OK


def test_https_where_http_is_spoken(moto: S3Server) -> None:
    found = look_at_store_clock(moto.endpoint.replace("http://", "https://"))
    assert found.level == Level.PROBLEM
    assert "does not speak HTTPS" in found.sentence
    assert "SLIPWAY_S3_ENDPOINT" in found.sentence


def test_how_far_one_gets(moto: S3Server) -> None:
    port = int(moto.endpoint.rpartition(":")[2])
    assert reach("127.0.0.1", port).error == ""
    assert reach("127.0.0.1", free_port()).error == "connection refused"
    assert not reach("store.example.invalid", 443).resolves
    assert not reach("a" * 64 + ".example.com", 443).resolves, "no name at all"
