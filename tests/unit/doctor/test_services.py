"""The services' states, as `docker inspect` tells them, each bad one in a sentence."""

from __future__ import annotations

import dataclasses
from typing import Any

from slipway.doctor.finding import Level
from slipway.doctor.services import Container, judge_service, judge_services, read_container
from tests.unit.doctor.stack import is_problem, is_warning

DAEMON = Container("daemon", "running", "healthy")
INIT = Container("init", "exited")
IMPORT = "The definitions do not load: ModuleNotFoundError: No module named 'polras'"


def changed(**values: Any) -> Container:
    return dataclasses.replace(DAEMON, **values)


def test_nothing_was_started() -> None:
    [found] = judge_services([], ["init", "daemon"])
    assert found.level == Level.SKIPPED
    assert "docker compose up" in found.sentence


def test_all_is_well() -> None:
    [found] = judge_services([INIT, DAEMON], ["init", "daemon"])
    assert found.level == Level.OK
    assert "2 of 2 are well: init, daemon" in found.sentence


def test_one_without_a_health_check_is_well_while_it_runs() -> None:
    assert judge_service(changed(health="")) is None


def test_a_location_whose_code_does_not_import() -> None:
    one = changed(service="reporting", health="unhealthy", told=IMPORT)
    is_problem(judge_service(one), "No module named 'polras'", "docker compose up -d --build reporting")


def test_an_unhealthy_one_says_what_its_check_said() -> None:
    told = "Code location reporting does not load: connection refused"
    one = changed(service="webserver", health="unhealthy", told=told)
    is_problem(judge_service(one), told, "docker compose logs webserver")
    is_problem(judge_service(changed(health="unhealthy")), "its health check says nothing")


def test_one_that_is_starting() -> None:
    is_warning(judge_service(changed(health="starting", told="The daemon's thread SENSOR has not begun")), "SENSOR")


def test_init_tells_why() -> None:
    one = dataclasses.replace(INIT, exit_code=1, log="init: SLIPWAY_SHOP is 'x': expected 1 or 0")
    found = judge_service(one)
    is_problem(found, "exit code 1 (SLIPWAY_SHOP is 'x': expected 1 or 0)", "docker compose up -d")


def test_who_waits_for_init_is_not_blamed() -> None:
    failed = dataclasses.replace(INIT, exit_code=1, log="init: no")
    found = judge_services([failed, changed(state="created", health="")], ["init", "daemon", "steward"])
    assert [finding.level for finding in found] == ["problem", "not checked", "not checked"]
    found = judge_services([INIT, changed(state="created", health="")], ["init", "daemon"])
    is_problem(found[1], "no daemon running")


def test_those_that_ended() -> None:
    is_problem(
        judge_service(changed(state="exited", exit_code=3, log="Traceback")), "exit code 3", "log ends: Traceback"
    )
    is_problem(judge_service(changed(state="exited", exit_code=137, out_of_memory=True)), "memory limit")
    is_problem(judge_service(changed(state="restarting", exit_code=1)), "again and again")
    is_problem(judge_service(changed(state="paused")), "docker compose unpause daemon")


def test_what_inspect_tells() -> None:
    checks = [{"ExitCode": 1, "Output": "first"}, {"ExitCode": 1, "Output": "The code server\n does not answer.\n"}]
    inspected = {
        "Image": "sha256:1",
        "State": {"Status": "running", "ExitCode": 0, "Health": {"Status": "unhealthy", "Log": checks}},
        "Config": {"Image": "slipway-reporting:latest", "Labels": {"com.docker.compose.service": "reporting"}},
    }
    expected = Container(
        "reporting",
        "running",
        "unhealthy",
        "The code server does not answer",
        image="sha256:1",
        image_name="slipway-reporting:latest",
    )
    assert read_container(inspected, "") == expected
    plain = inspected | {"State": {"Status": "exited", "ExitCode": 137, "OOMKilled": True}}
    assert read_container(plain, "last") == dataclasses.replace(
        expected, state="exited", health="", told="", exit_code=137, out_of_memory=True, log="last"
    )
