"""The published port: free, the stack's own, or somebody else's."""

from __future__ import annotations

import json

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.port import Holder, Publisher, judge_port, publisher
from tests.unit.doctor.stack import is_problem


def line(name: str, ports: str, project: str = "", service: str = "") -> str:
    labels = f"a=b,com.docker.compose.project={project},com.docker.compose.service={service}" if project else ""
    return json.dumps({"Names": name, "Ports": ports, "Labels": labels})


def judge(holder: Holder):
    return judge_port("127.0.0.1", 3000, "slipway", holder)


def test_free() -> None:
    assert judge(Holder("free")).level == Level.OK


def test_our_own_proxy() -> None:
    assert judge(Holder("taken", Publisher("slipway-proxy-1", "slipway", "proxy"))).level == Level.OK


def test_another_stack_s_proxy() -> None:
    is_problem(
        judge(Holder("taken", Publisher("team-proxy-1", "team", "proxy"))),
        "127.0.0.1:3000 is taken by the container team-proxy-1",
        "docker stop team-proxy-1",
        "SLIPWAY_PORT",
    )


def test_docker_may_hold_a_port_on_which_nothing_listens() -> None:
    is_problem(judge(Holder("free", Publisher("grafana"))), "container grafana")


def test_another_program() -> None:
    is_problem(judge(Holder("taken", None, "node (process 812)")), "taken by node (process 812)", "SLIPWAY_PORT")
    is_problem(judge(Holder("taken")), "another program", "ss -ltnp sport = :3000")


def test_an_address_that_is_none() -> None:
    is_problem(judge(Holder("no address")), "no address 127.0.0.1", "SLIPWAY_BIND")


def test_what_only_root_may_try() -> None:
    assert judge(Holder("not allowed")).level == Level.SKIPPED


@pytest.mark.parametrize(
    ("ports", "bind", "found"),
    [
        ("127.0.0.1:3000->3000/tcp", "127.0.0.1", True),
        ("0.0.0.0:3000->80/tcp, [::]:3000->80/tcp", "127.0.0.1", True),
        ("127.0.0.1:3000->3000/tcp", "0.0.0.0", True),
        ("10.0.0.7:3000->3000/tcp", "127.0.0.1", False),
        ("127.0.0.1:13000->3000/tcp", "127.0.0.1", False),
        ("3000/tcp", "127.0.0.1", False),
    ],
)
def test_who_publishes_it(ports: str, bind: str, found: bool) -> None:
    output = f"{line('other', '5432/tcp')}\n{line('web-1', ports, 'web', 'web')}\nno json\n"
    assert publisher(output, bind, 3000) == (Publisher("web-1", "web", "web") if found else None)
