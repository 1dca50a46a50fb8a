"""What the doctor says of services that run in Docker: healthy, sick, ended, of an image that has changed."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest

from slipway.doctor.command import Run, runner
from slipway.doctor.finding import Finding
from slipway.doctor.images import judge_images, look_at_images
from slipway.doctor.leftovers import look_at_run_containers, look_at_volumes
from slipway.doctor.project import Project, Variables, look_at_project
from slipway.doctor.services import judge_services, look_at_containers

pytestmark = pytest.mark.docker

IMAGE, OTHER = "debian:trixie-slim", "postgres:17-trixie"
COMPOSE = """
x-service: &service
  image: ${TEST_IMAGE}
  command: [sleep, "300"]
  init: true
  stop_grace_period: 0s
  network_mode: none
services:
  init:
    <<: *service
    command: [sh, -c, "echo working; echo 'init: SLIPWAY_SHOP is broken: expected 1 or 0.' >&2; exit 1"]
  daemon:
    <<: *service
    volumes: ["data:/data"]
    healthcheck: {test: [CMD, "true"], interval: 1s, retries: 1}
  ingestion:
    <<: *service
    healthcheck: {test: "echo 'The definitions do not load: no module polras'; exit 1", interval: 1s, retries: 1}
  steward:
    <<: *service
    command: [sh, -c, "echo 'cannot go on' >&2; exit 3"]
  webserver:
    <<: *service
    depends_on: {init: {condition: service_completed_successfully}}
  shop:
    <<: *service
    scale: 0
volumes:
  data: {}
"""


def docker(*arguments: str, check: bool = True) -> str:
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Project]]:
    """Started, with `init` and more gone wrong, and then with another image under the name that they run."""
    name = f"slipway-test-{uuid.uuid4().hex[:8]}"
    folder = tmp_path_factory.mktemp("stack")
    (folder / "docker-compose.yaml").write_text(COMPOSE)
    run = runner(folder, os.environ | {"COMPOSE_PROJECT_NAME": name, "TEST_IMAGE": f"{name}:latest"})
    docker("tag", IMAGE, f"{name}:latest")
    try:
        run("docker", "compose", "up", "--detach", seconds=120)
        docker("run", "--detach", "--label", f"slipway.stack={name}", "--name", f"{name}-run-1", IMAGE, "true")
        docker("tag", OTHER, f"{name}:latest")
        project, finding = look_at_project(run)
        assert finding.level == "ok", finding
        _wait_for_health(run, name)
        yield run, project
    finally:
        run("docker", "compose", "down", "--volumes", "--timeout", "0", seconds=120)
        docker("rm", "--force", f"{name}-run-1", check=False)
        docker("image", "rm", f"{name}:latest", check=False)


def _wait_for_health(run: Run, name: str) -> None:
    deadline = time.monotonic() + 60
    while {one.health for one in look_at_containers(run, name)} != {"", "healthy", "unhealthy"}:
        assert time.monotonic() < deadline, look_at_containers(run, name)
        time.sleep(0.5)


@pytest.fixture(scope="module")
def found(stack: tuple[Run, Project]) -> dict[str, Finding]:
    """The findings about services, by service."""
    run, project = stack
    containers = look_at_containers(run, project.name)
    wanted = [name for name, service in project.services.items() if service.wanted]
    assert "shop" not in wanted
    return {finding.check: finding for finding in judge_services(containers, wanted)}


def test_who_is_well(found: dict[str, Finding]) -> None:
    assert found["services"].sentence == "1 of 5 are well: daemon."


def test_init_s_own_sentence(found: dict[str, Finding]) -> None:
    assert found["init"].level == "problem"
    assert "exit code 1 (SLIPWAY_SHOP is broken: expected 1 or 0)" in found["init"].sentence
    assert found["webserver"].sentence == "It waits for init."


def test_a_location_whose_code_does_not_import(found: dict[str, Finding]) -> None:
    assert found["ingestion"].level == "problem"
    assert "no module polras" in found["ingestion"].sentence
    assert "--build ingestion" in found["ingestion"].sentence


def test_one_that_ended(found: dict[str, Finding]) -> None:
    assert found["steward"].level == "problem"
    assert "exit code 3 (its log ends: cannot go on)" in found["steward"].sentence


def test_images(stack: tuple[Run, Project]) -> None:
    run, project = stack
    label, old = judge_images(project, look_at_images(run, project), look_at_containers(run, project.name))
    assert "is not an image of the code location ingestion (its label slipway.location is missing)" in label.sentence
    assert old.sentence.startswith("daemon, ingestion run an older image than the name now means")


def test_what_is_left_of_runs(stack: tuple[Run, Project]) -> None:
    run, project = stack
    found = look_at_run_containers(run, project.name, Variables(), started=False)
    assert "1 is left of a stack that is not up" in found.sentence
    assert project.name in found.sentence
    assert look_at_run_containers(run, project.name, Variables(), started=True).level == "ok"


def test_volumes(stack: tuple[Run, Project]) -> None:
    run, project = stack
    assert "most of it in data" in look_at_volumes(run, project.name).sentence


def test_a_stack_of_another_name_is_not_started(stack: tuple[Run, Project]) -> None:
    run, project = stack
    assert look_at_containers(run, f"{project.name}-other") == []
