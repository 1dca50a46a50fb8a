"""Docker as `docker info` tells of it: not there, not allowed, not running, too old, elsewhere."""

from __future__ import annotations

import dataclasses
import json

import pytest

from slipway.doctor.engine import Engine, judge_buildx, judge_compose, judge_daemon, judge_socket, read_info
from slipway.doctor.finding import Level
from slipway.doctor.versions import version_of
from tests.unit.doctor.stack import is_problem, is_warning

SOCKET = "/var/run/docker.sock"
GOOD = Engine(
    plugins={"compose": "2.26.1-4", "buildx": "0.13.1+ds1"}, version="26.1.5+dfsg1", endpoint=f"unix://{SOCKET}"
)


def without(**changed: object) -> Engine:
    return dataclasses.replace(GOOD, **changed)  # type: ignore[arg-type]


def test_all_there() -> None:
    assert judge_daemon(GOOD, "ann").level == Level.OK
    assert judge_compose(GOOD, False).level == Level.OK
    assert judge_buildx(GOOD, {}).level == Level.OK
    assert judge_socket(SOCKET, GOOD, "socket", True).level == Level.OK


def test_no_client() -> None:
    is_problem(judge_daemon(Engine(client=False), "ann"), "There is no `docker`", "install Docker Engine")


def test_a_socket_that_one_may_not_open_is_not_a_daemon_that_is_down() -> None:
    told = (
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: "
        'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.45/info": dial unix /var/run/docker.sock: connect: permission denied'
    )
    found = judge_daemon(without(error=told, version=""), "ann")
    is_problem(found, f"ann may not open {SOCKET}", "usermod -aG docker ann")
    assert "does not answer" not in found.sentence


def test_a_daemon_that_is_down() -> None:
    told = f"Cannot connect to the Docker daemon at unix://{SOCKET}. Is the docker daemon running?"
    is_problem(judge_daemon(without(error=told, version=""), "ann"), "does not answer", "systemctl start docker")


def test_a_daemon_elsewhere() -> None:
    gone = without(error="no route to host", version="", endpoint="tcp://10.0.0.9:2376")
    found = judge_daemon(gone, "ann")
    is_problem(found, "tcp://10.0.0.9:2376", "correct DOCKER_HOST")
    assert "systemctl" not in found.sentence
    is_warning(judge_daemon(without(endpoint="ssh://data@server"), "ann"), "on another machine", "ssh://data@server")


@pytest.mark.parametrize(("version", "level"), [("24.0.7", "problem"), ("25.0.0", "ok"), ("29.0.0-rc.1", "ok")])
def test_engines(version: str, level: str) -> None:
    assert judge_daemon(without(version=version), "ann").level == level


@pytest.mark.parametrize(
    ("version", "level"),
    [("2.20.1", "problem"), ("2.20.2", "ok"), ("v2.39.4-desktop.1", "ok"), ("1.29.2", "problem"), ("dev", "problem")],
)
def test_versions_of_compose(version: str, level: str) -> None:
    assert judge_compose(without(plugins={"compose": version}), False).level == level


def test_an_old_one_says_what_for() -> None:
    is_problem(judge_daemon(without(version="20.10.24"), "ann"), "20.10.24", "25 or newer", "start_interval")
    is_problem(judge_compose(without(plugins={"compose": "2.17.2"}), False), "2.17.2", "2.20.2", "start_interval")


def test_no_compose() -> None:
    is_problem(judge_compose(without(plugins={}), False), "no `docker compose`", "docker-compose-plugin")
    is_problem(judge_compose(without(plugins={}), True), "an old `docker-compose` only", "docker-compose-plugin")


def test_no_buildkit() -> None:
    is_problem(judge_buildx(without(plugins={"compose": "2.26.1"}), {}), "RUN --mount", "docker-buildx-plugin")
    is_problem(judge_buildx(GOOD, {"DOCKER_BUILDKIT": "0"}), "DOCKER_BUILDKIT=0", "unset it")


def test_sockets() -> None:
    rootless = without(endpoint="unix:///run/user/1000/docker.sock")
    is_problem(
        judge_socket(SOCKET, rootless, "socket", linked=False),
        "SLIPWAY_DOCKER_SOCKET=/run/user/1000/docker.sock in .env",
    )
    is_problem(judge_socket(SOCKET, rootless, "", linked=True), "Nothing is at", "set SLIPWAY_DOCKER_SOCKET=/run/user")
    is_problem(judge_socket("/run/dokcer.sock", GOOD, "folder", linked=False), "A folder is at", "remove it")
    is_problem(judge_socket("/etc/hosts", GOOD, "file", linked=False), "A file is at /etc/hosts")
    assert judge_socket(SOCKET, without(endpoint="tcp://10.0.0.9:2376"), "", linked=False).level == Level.SKIPPED


def test_info_of_a_daemon_that_answers() -> None:
    plugins = [{"Name": "compose", "Version": "v2.27.0"}, {"Name": "buildx", "Version": "", "Err": "exec format error"}]
    info = {"ServerVersion": "27.1.1", "MemTotal": 8_000_000_000, "NCPU": 4, "ClientInfo": {"Plugins": plugins}}
    found = read_info(json.dumps(info), "", "unix:///s")
    assert (found.answers, found.version, found.memory, found.processors) == (True, "27.1.1", 8_000_000_000, 4)
    assert found.plugins == {"compose": "v2.27.0"}, "a plugin that does not run is none"


def test_info_without_a_daemon_still_tells_of_the_client() -> None:
    info = {"ServerVersion": "", "MemTotal": 0, "ClientInfo": {"Plugins": [{"Name": "compose", "Version": "2.26.1"}]}}
    for output, errors in ((info, "Cannot connect"), (info | {"ServerErrors": ["Cannot connect"]}, "")):
        found = read_info(json.dumps(output), errors, "tcp://127.0.0.1:1")
        assert (found.answers, found.error, found.is_local) == (False, "Cannot connect", False)
        assert "compose" in found.plugins


def test_what_is_no_json() -> None:
    assert read_info("", "unknown flag: --format\n", "").error == "unknown flag: --format"
    assert not read_info("", "", "").answers


@pytest.mark.parametrize(
    ("text", "version"), [("v2.26.1-4", (2, 26, 1)), ("0.13.1+ds1", (0, 13, 1)), ("25", (25,)), ("dev", ())]
)
def test_version_numbers(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version
