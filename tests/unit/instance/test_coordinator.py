"""Runs are marked as they are submitted: who asked for them, and the image that they were made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.test_utils import create_run_for_test, instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from starlette.requests import HTTPConnection

from slipway.instance.coordinator import launched_by
from slipway.runs import DockerRunLauncher, Engine
from slipway.runs.arguments import IMAGE_TAG
from tests.servers import VERSITYGW, S3Server, free_port

CODE_SERVER = GrpcServerCodeLocationOrigin("ingestion", 4000)
SENSOR = {"dagster/sensor_name": "automation", "dagster/from_automation_condition": "true"}


@pytest.mark.parametrize(
    ("header", "tags", "who"),
    [
        ("operator", {}, "operator"),
        ("operator", SENSOR, "operator"),
        ("operator", {"slipway/launched_by": "somebody else"}, "operator"),
        (None, {"slipway/launched_by": "ada"}, "ada"),
        (None, {"slipway/launched_by": "ada"} | SENSOR, "ada"),
        ("", SENSOR, "sensor automation"),
        (None, {"dagster/schedule_name": "nightly"}, "schedule nightly"),
        (None, {"dagster/auto_materialize": "true"}, "automation"),
        (None, {"dagster/from_automation_condition": "true"}, "automation"),
        (None, {"dagster/backfill": "abc"}, None),
        (None, {}, None),
    ],
)
def test_who_asked_for_a_run(header: str | None, tags: Mapping[str, str], who: str | None) -> None:
    assert launched_by(header, tags) == who


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """With the stack's coordinator and launcher."""
    parts = {
        "run_coordinator": {"module": "slipway.instance.coordinator", "class": "RunCoordinator"},
        "run_launcher": {"module": "slipway.runs", "class": "DockerRunLauncher", "config": {"stack": "shop"}},
    }
    with instance_for_test(overrides=parts) as made:
        yield made


def submit(
    instance: dg.DagsterInstance, tags: Mapping[str, str] | None = None, image: str | None = None, user: str = ""
) -> dg.DagsterRun:
    """A run, submitted in a request of the webserver's."""
    pointer = ModuleCodePointer("ingestion.definitions", "/app")
    repository = RepositoryPythonOrigin("/opt/venv/bin/python", pointer, container_image=image)
    run = create_run_for_test(
        instance,
        tags=tags,
        status=dg.DagsterRunStatus.NOT_STARTED,
        job_code_origin=JobPythonOrigin("__ASSET_JOB", repository),
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(CODE_SERVER, "__repository__"), "__ASSET_JOB"),
    )
    headers = [(b"x-slipway-user", user.encode())] if user else []
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as process:
        request = process.create_request_context(HTTPConnection({"type": "http", "headers": headers}))
        instance.run_coordinator.submit_run(SubmitRunContext(run, request))
    submitted = instance.get_run_by_id(run.run_id)
    assert submitted
    assert submitted.status == dg.DagsterRunStatus.QUEUED
    return submitted


def test_who_has_signed_in_is_on_the_run(instance: dg.DagsterInstance) -> None:
    assert submit(instance, user="operator").tags["slipway/launched_by"] == "operator"
    forged = submit(instance, {"slipway/launched_by": "somebody else"}, user="operator")
    assert forged.tags["slipway/launched_by"] == "operator"


def test_an_automated_run_names_its_sensor(instance: dg.DagsterInstance) -> None:
    assert submit(instance, SENSOR).tags["slipway/launched_by"] == "sensor automation"


def test_a_run_that_nobody_asked_for_is_submitted_all_the_same(instance: dg.DagsterInstance) -> None:
    assert not [tag for tag in submit(instance).tags if tag.startswith("slipway/")]


def use_engine(instance: dg.DagsterInstance, engine: Engine) -> None:
    assert isinstance(instance.run_launcher, DockerRunLauncher)
    instance.run_launcher.engine = engine


def test_without_an_engine_the_run_waits_without_its_images_id(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free_port()}")
    use_engine(instance, Engine(timeout=1, patience=0))
    submitted = submit(instance, image="shop-ingestion:latest", user="operator")
    assert submitted.tags["slipway/launched_by"] == "operator"
    assert IMAGE_TAG not in submitted.tags


@pytest.mark.docker
def test_the_image_is_that_of_the_moment(instance: dg.DagsterInstance, objectstore: S3Server) -> None:
    engine = Engine(patience=0)
    use_engine(instance, engine)
    image = engine.image_id(VERSITYGW)
    assert image is not None
    assert image.startswith("sha256:")
    assert submit(instance, image=VERSITYGW).tags[IMAGE_TAG] == image
    again = submit(instance, {IMAGE_TAG: "sha256:older"}, image=VERSITYGW)
    assert again.tags[IMAGE_TAG] == image, "a run that repeats another runs the code of today"
    assert IMAGE_TAG not in submit(instance, image="slipway-no-such-image:latest").tags
