"""The published port, with real listeners."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.doctor.command import runner
from slipway.doctor.finding import Level
from slipway.doctor.port import look_at_port
from tests.servers import container, free_port

RUN = runner(Path.cwd(), os.environ)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        yield port


def look(bind: str, port: int, *, ask_docker: bool = False):
    return look_at_port(RUN, bind, port, "slipway", ask_docker=ask_docker)


def test_free() -> None:
    assert look("127.0.0.1", free_port()).level == Level.OK
    assert look("0.0.0.0", free_port()).level == Level.OK


@pytest.mark.parametrize("bind", ["127.0.0.1", "0.0.0.0"])
def test_taken_by_a_program_that_is_named(taken: int, bind: str) -> None:
    found = look(bind, taken)
    assert found.level == Level.PROBLEM
    assert f"{bind}:{taken} is taken by " in found.sentence
    assert f"(process {os.getpid()})" in found.sentence, "ss or lsof names one's own processes to everybody"
    assert "SLIPWAY_PORT" in found.sentence


def test_a_port_that_was_just_given_up_is_free(taken: int) -> None:
    with socket.create_connection(("127.0.0.1", taken)):
        pass
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first keeps the port for a minute
        client.recv(1)
    assert look("127.0.0.1", port).level == Level.OK


def test_an_address_of_another_machine() -> None:
    found = look("192.0.2.1", free_port())
    assert found.level == Level.PROBLEM
    assert "no address 192.0.2.1: correct SLIPWAY_BIND" in found.sentence


@pytest.mark.docker
def test_taken_by_a_container() -> None:
    with container("debian:trixie-slim", 80, ["sleep", "60"]) as port:
        found = look("127.0.0.1", port, ask_docker=True)
    assert found.level == Level.PROBLEM
    assert f"127.0.0.1:{port} is taken by the container slipway-test-" in found.sentence
