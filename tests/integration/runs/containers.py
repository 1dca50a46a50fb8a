"""Runs in real containers, each with a command of the test's own in place of Dagster's, on a real instance."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun, EventLogEntry
from dagster._core.code_pointer import FileCodePointer
from dagster._core.instance_for_test import instance_for_test
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.test_utils import create_run_for_test

from slipway.runs import DockerRunLauncher
from slipway.runs.containers import Container
from tests.servers import REQUIRE_STACK, _why_no_docker

IMAGE = "python:3.13-slim-trixie"
COMMAND_TAG = "test/command"


class ScriptLauncher(DockerRunLauncher):
    """Starts what the run's tag says."""

    def execute_command(self, run: DagsterRun, origin: JobPythonOrigin) -> Sequence[str]:
        command: list[str] = json.loads(run.tags[COMMAND_TAG])
        return command


@dataclass
class Deployment:
    """An instance, and the launcher in it; containers carry the label of a stack of their own."""

    instance: DagsterInstance
    stack: str
    client: Any = field(default_factory=docker.from_env)

    @property
    def launcher(self) -> ScriptLauncher:
        launcher = self.instance.run_launcher
        assert isinstance(launcher, ScriptLauncher)
        return launcher

    def new_run(
        self,
        command: Sequence[str] = ("sleep", "300"),
        tags: Mapping[str, str] | None = None,
        image: str = IMAGE,
        context: Mapping[str, Any] | None = None,
    ) -> DagsterRun:
        """A run in STARTING, as the daemon leaves it to the launcher."""
        origin = RepositoryPythonOrigin(
            "python", FileCodePointer("defs.py", "defs"), image, ["dagster"], {"docker": dict(context or {})}
        )
        run = create_run_for_test(
            self.instance,
            job_name="nightly",
            tags={COMMAND_TAG: json.dumps(list(command)), **(tags or {})},
            job_code_origin=JobPythonOrigin("nightly", origin),
        )
        self.report(run, DagsterEventType.RUN_STARTING)
        return self.run(run.run_id)

    def launch(self, command: Sequence[str] = ("sleep", "300"), **given: Any) -> DagsterRun:
        run = self.new_run(command, **given)
        self.launcher.launch_run(LaunchRunContext(run, None))
        return self.run(run.run_id)

    def report(self, run: DagsterRun, kind: DagsterEventType) -> None:
        """What the run's own process, or the daemon, would store."""
        self.instance.report_dagster_event(DagsterEvent(kind.value, run.job_name), run.run_id)

    def run(self, run_id: str) -> DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run
        return run

    def container(self, run: DagsterRun) -> Container:
        container = self.launcher.engine.container_of_run(self.stack, run.run_id)
        assert container
        return container

    def containers(self) -> list[Container]:
        return self.launcher.engine.containers(self.stack)

    def events(self, run: DagsterRun) -> list[EventLogEntry]:
        return [record.event_log_entry for record in self.instance.get_records_for_run(run.run_id).records]

    def failures(self, run: DagsterRun) -> list[str]:
        return [
            str(event.message)
            for event in self.events(run)
            if event.is_dagster_event and event.get_dagster_event().event_type == DagsterEventType.RUN_FAILURE
        ]

    def told(self, run: DagsterRun) -> list[tuple[str, dict[str, Any]]]:
        """Message and metadata of each event of the launcher and the steward that is an error."""
        return [
            (
                str(event.message),
                {name: value.value for name, value in event.get_dagster_event().engine_event_data.metadata.items()},
            )
            for event in self.events(run)
            if event.level == 40
            and event.is_dagster_event
            and event.get_dagster_event().event_type == DagsterEventType.ENGINE_EVENT
        ]

    def wait_for(self, run: DagsterRun, *states: str, seconds: float = 30) -> Container:
        """Until the run's container is in one of the states."""
        deadline = time.monotonic() + seconds
        while (container := self.container(run)).state not in states:
            assert time.monotonic() < deadline, f"{container.name} is {container.state}, expected {states}"
            time.sleep(0.1)
        return container

    def wait_until_finished(self, run: DagsterRun, seconds: float) -> DagsterRun:
        deadline = time.monotonic() + seconds
        while not (found := self.run(run.run_id)).is_finished:
            assert time.monotonic() < deadline, f"the run is still {found.status} after {seconds} s"
            time.sleep(0.1)
        return found

    def will_retry(self, run: DagsterRun, seconds: float = 10) -> str:
        """What Dagster decided about a retry; it stores that right after the failure."""
        deadline = time.monotonic() + seconds
        while (decided := self.run(run.run_id).tags.get("dagster/will_retry")) is None:
            assert time.monotonic() < deadline, "nothing was decided about a retry"
            time.sleep(0.05)
        return decided


def need_image(image: str) -> None:
    """Skip the test where Docker or the image is not there, unless SLIPWAY_REQUIRE_STACK=1."""
    if reason := _why_no_docker(image):
        if os.environ.get(REQUIRE_STACK) == "1":
            pytest.fail(reason)
        pytest.skip(f"{reason} Set {REQUIRE_STACK}=1 to fail instead.")


@contextmanager
def deployment(folder: Path, **settings: Any) -> Iterator[Deployment]:
    """Args:
    settings: further sections of dagster.yaml.
    """
    need_image(IMAGE)
    stack = f"test-{uuid.uuid4().hex[:8]}"
    launcher = {"module": __name__, "class": "ScriptLauncher", "config": {"stack": stack}}
    with instance_for_test({"run_launcher": launcher, **settings}, temp_dir=str(folder)) as instance:
        made = Deployment(instance, stack)
        try:
            yield made
        finally:
            for container in made.containers():
                made.client.api.remove_container(container.id, force=True, v=True)
            made.client.close()
