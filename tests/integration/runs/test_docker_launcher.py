"""The launcher on a real engine: what a run's container is, what is told when there is none, health, and the end."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest
import requests
from dagster import DagsterEventType, DagsterRunStatus
from dagster._core.launcher.base import LaunchRunContext, ResumeRunContext, WorkerStatus
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from slipway.runs import Engine, EngineUnavailable, ImageMissing, Limits, resolve_image
from tests.integration.runs.containers import IMAGE, Deployment

pytestmark = pytest.mark.docker

MIB = 1 << 20


def test_a_run_gets_its_container(deployed: Deployment) -> None:
    context = {
        "env_vars": ["LAYER=bronze"],
        "networks": ["bridge"],
        "container_kwargs": {"mem_limit": "64m", "nano_cpus": 500_000_000, "stop_timeout": 45, "init": True},
    }
    run = deployed.launch(tags={"slipway/memory": "96m", "slipway/cpus": "1.5"}, context=context)
    container = deployed.container(run)
    assert container.name == f"{deployed.stack}-run-{run.run_id[:8]}"
    assert container.labels == {
        "slipway.stack": deployed.stack,
        "slipway.location": "",
        "slipway.stop_timeout": "45",
        "dagster/run_id": run.run_id,
        "dagster/job_name": "nightly",
    }
    inspected = deployed.client.api.inspect_container(container.id)
    assert inspected["HostConfig"]["Memory"] == 96 * MIB
    assert inspected["HostConfig"]["NanoCpus"] == 1_500_000_000
    assert inspected["HostConfig"]["Init"]
    assert list(inspected["NetworkSettings"]["Networks"]) == ["bridge"]
    environment = inspected["Config"]["Env"]
    assert {
        "LAYER=bronze",
        "DAGSTER_RUN_JOB_NAME=nightly",
        "DAGSTER_MULTIPROCESS_EXECUTOR_MAX_CONCURRENT=1",
    } <= set(environment)
    assert run.tags["docker/container_id"] == container.id
    assert run.tags["dagster/image"] == IMAGE
    assert run.tags["slipway/container"] == container.name
    (launched,) = [event.message for event in deployed.events(run) if "Launching" in event.message]
    assert container.name in launched
    assert "limited to 96 MiB of memory and 1.5 processors" in launched
    assert deployed.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING


def test_the_image_is_the_one_that_the_run_was_submitted_for(deployed: Deployment) -> None:
    pinned = resolve_image(deployed.launcher.engine, IMAGE)
    assert pinned.startswith("sha256:")
    run = deployed.launch(tags={"slipway/image": pinned}, image="rebuilt/since:latest")
    assert deployed.client.api.inspect_container(deployed.container(run).id)["Image"] == pinned
    assert run.tags["dagster/image"] == "rebuilt/since:latest", "what people know it by"


def test_an_image_that_is_not_there_cannot_be_submitted(deployed: Deployment) -> None:
    with pytest.raises(
        ImageMissing, match=r"^The image no/such:image is not on the host .*`docker pull no/such:image`"
    ):
        resolve_image(deployed.launcher.engine, "no/such:image")


@pytest.mark.parametrize(
    ("image", "command", "tags", "context", "told"),
    [
        (
            "no/such:image",
            ["true"],
            {},
            {},
            "was never started: No such image: no/such:image. Build or",
        ),
        (
            "ingestion:dev",
            ["true"],
            {"slipway/image": "sha256:" + "0" * 64},
            {},
            "0000 (ingestion:dev). Build or pull the image",
        ),
        (IMAGE, ["dagster", "api"], {}, {}, "The image has no `dagster` command."),
        (IMAGE, ["true"], {"slipway/memory": "900g"}, {}, "The run asks for 900 GiB of memory, and the host has"),
        (IMAGE, ["true"], {"slipway/cpus": "900"}, {}, "The run asks for 900 processors, and the host has"),
        (IMAGE, ["true"], {"slipway/memory": "lots"}, {}, "The tag slipway/memory of job nightly: expected"),
        (IMAGE, ["true"], {}, {"networks": ["a", "b"]}, "names 2 networks (a, b)"),
        (IMAGE, ["true"], {}, {"networks": ["no-such-network"]}, "Start the stack, so that its networks exist."),
        (IMAGE, ["true"], {}, {"env_vars": ["UNSET_FOR_SURE"]}, "UNSET_FOR_SURE"),
        (IMAGE, ["true"], {}, {"container_kwargs": {"auto_remove": True}}, "`auto_remove`"),
    ],
)
def test_what_cannot_be_launched_fails_at_once_with_a_sentence_and_leaves_nothing(
    deployed: Deployment, image: str, command: list[str], tags: dict[str, str], context: dict[str, object], told: str
) -> None:
    began = time.monotonic()
    run = deployed.launch(command, tags=tags, image=image, context=context)
    assert time.monotonic() - began < 10
    assert run.status == DagsterRunStatus.FAILURE
    (failure,) = deployed.failures(run)
    assert told in failure
    ((event, _facts),) = deployed.told(run)
    assert event == failure, "there is no log to add"
    assert deployed.containers() == []
    assert run.tags["dagster/will_retry"] == "false", "it would fail again"
    assert run.tags["dagster/max_retries"] == "2", "what is re-executed from it may be retried"


def test_a_run_that_is_resumed_gets_another_container(deployed: Deployment) -> None:
    run = deployed.launch(["true"])
    deployed.wait_for(run, "exited")
    deployed.report(run, DagsterEventType.RUN_START)

    class Resuming(type(deployed.launcher)):  # type: ignore[misc]
        resume_command = deployed.launcher.execute_command

    deployed.launcher.__class__ = Resuming
    time.sleep(1.1)  # the engine tells whole seconds
    deployed.launcher.resume_run(ResumeRunContext(run, None, 1))
    container = deployed.container(deployed.run(run.run_id))
    assert container.name == f"{deployed.stack}-run-{run.run_id[:8]}-2"
    assert deployed.run(run.run_id).tags["slipway/container"] == container.name


def test_launches_from_several_threads_do_not_mix(deployed: Deployment) -> None:
    runs = [deployed.new_run(["sleep", "300"], tags={"slipway/memory": f"{32 + n}m"}) for n in range(6)]
    launches = [
        threading.Thread(target=deployed.launcher.launch_run, args=(LaunchRunContext(run, None),)) for run in runs
    ]
    for launch in launches:
        launch.start()
    for launch in launches:
        launch.join(60)
    for n, run in enumerate(runs):
        container = deployed.container(run)
        assert deployed.client.api.inspect_container(container.id)["HostConfig"]["Memory"] == (32 + n) * MIB
        assert deployed.run(run.run_id).tags["docker/container_id"] == container.id


def test_health_of_a_container_that_has_ended(deployed: Deployment) -> None:
    run = deployed.launch(["sh", "-c", "echo the last words; exit 3"])
    deployed.wait_for(run, "exited")
    health = deployed.launcher.check_run_worker_health(run)
    assert health.status is WorkerStatus.FAILED
    assert health.msg is not None
    assert health.msg.startswith("The run's process ended early, with exit code 3.")
    assert health.msg.endswith("  the last words")
    assert deployed.run(run.run_id).status == DagsterRunStatus.FAILURE
    deployed.launcher.check_run_worker_health(run)
    assert len(deployed.told(run)) == len(deployed.failures(run)) == 1
    told = deployed.launcher.get_run_worker_debug_info(run)
    assert told is not None
    assert "exit code: 3" in told
    assert "  the last words" in told
    without = deployed.launcher.get_run_worker_debug_info(run, include_container_logs=False)
    assert without is not None
    assert "the last words" not in without


def test_health_of_a_container_whose_run_ended_in_order(deployed: Deployment) -> None:
    run = deployed.launch(["true"])
    deployed.wait_for(run, "exited")
    deployed.report(run, DagsterEventType.RUN_SUCCESS)
    deployed.launcher.check_run_worker_health(run)  # run monitoring has read the run before it ended
    assert deployed.run(run.run_id).status == DagsterRunStatus.SUCCESS
    assert deployed.told(run) == []


def test_run_monitoring_starts_nothing_again_that_went_over_its_memory_limit(deployed: Deployment) -> None:
    allocate = "held = []\nwhile True: held.append(bytes(1 << 20))"
    run = deployed.launch(["python", "-c", allocate], tags={"slipway/memory": "32m"})
    deployed.report(run, DagsterEventType.RUN_START)
    deployed.wait_for(run, "exited")
    with WorkspaceProcessContext(deployed.instance, EmptyWorkspaceTarget()) as workspace:
        assert list(execute_run_monitoring_iteration(workspace, logging.getLogger(__name__))) == [None]
    (failure,) = deployed.failures(run)
    assert "more memory than its limit of 32 MiB" in failure
    assert deployed.will_retry(run) == "false"


def test_health_of_a_container_that_is_gone(deployed: Deployment) -> None:
    run = deployed.launch()
    deployed.client.api.remove_container(deployed.container(run).id, force=True)
    health = deployed.launcher.check_run_worker_health(run)
    assert health.status is WorkerStatus.NOT_FOUND
    assert "gone" in str(health.msg)
    assert "has no container" in str(deployed.launcher.get_run_worker_debug_info(run))


def test_an_engine_that_does_not_answer_says_nothing_about_a_run(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = deployed.launch()
    away = Engine(patience=0)
    monkeypatch.setattr(deployed.launcher, "engine", away)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
        with pytest.raises(EngineUnavailable, match=r"engine at tcp://127\.0\.0\.1:9 does not answer \(.*refused"):
            deployed.launcher.check_run_worker_health(run)
        other = deployed.launch()
    assert other.status == DagsterRunStatus.FAILURE
    assert "never started: the Docker engine at tcp://127.0.0.1:9 does not answer" in deployed.failures(other)[0]
    assert other.tags["dagster/will_retry"] == "true", "it may be back by then"
    assert deployed.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING


def test_an_engine_that_comes_back_within_seconds_is_waited_for(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    back = threading.Timer(1.0, monkeypatch.delenv, ["DOCKER_HOST"])
    back.start()
    run = deployed.launch()
    assert run.status == DagsterRunStatus.STARTING
    assert deployed.wait_for(run, "running")


def test_a_create_whose_answer_is_lost_makes_one_container(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = deployed.launcher.engine.connected().api
    create = api.create_container
    lost: list[dict[str, Any]] = []

    def create_and_lose(*given: Any, **named: Any) -> Any:
        made = create(*given, **named)
        if not lost:
            lost.append(made)
            raise requests.exceptions.ConnectionError("Connection aborted.")
        return made

    monkeypatch.setattr(api, "create_container", create_and_lose)
    run = deployed.launch()
    (container,) = deployed.containers()
    assert container.id == lost[0]["Id"]
    assert container.name == f"{deployed.stack}-run-{run.run_id[:8]}"
    assert deployed.wait_for(run, "running")


def test_a_run_is_told_to_end_without_waiting_for_it(deployed: Deployment) -> None:
    ignores = ["python", "-c", "import signal,time; signal.signal(15, lambda *_: print('heard', flush=True)); time.sleep(300); time.sleep(300)"]  # fmt: skip # noqa: E501
    run = deployed.launch(ignores)
    deployed.report(run, DagsterEventType.RUN_START)
    time.sleep(1)
    began = time.monotonic()
    assert deployed.launcher.terminate(run.run_id)
    assert time.monotonic() - began < 5
    assert deployed.run(run.run_id).status == DagsterRunStatus.CANCELING
    container = deployed.container(run)
    assert container.running
    deadline = time.monotonic() + 10
    while "heard" not in deployed.launcher.engine.log(container.id, 50):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_run_whose_container_is_gone_is_canceled_at_once(deployed: Deployment) -> None:
    run = deployed.launch()
    deployed.client.api.remove_container(deployed.container(run).id, force=True)
    assert deployed.launcher.terminate(run.run_id)
    assert deployed.run(run.run_id).status == DagsterRunStatus.CANCELED
    assert not deployed.launcher.terminate(run.run_id), "it is over"


def test_a_run_that_has_no_container_yet_is_left_to_its_launcher(deployed: Deployment) -> None:
    # The tag is the parent run's, as after a re-execution.
    run = deployed.new_run(tags={"slipway/container": f"{deployed.stack}-run-ffffffff"})
    assert deployed.launcher.terminate(run.run_id)
    assert deployed.run(run.run_id).status == DagsterRunStatus.CANCELING


def test_what_the_host_has(deployed: Deployment) -> None:
    info = deployed.client.info()
    assert deployed.launcher.engine.host() == Limits(info["MemTotal"], info["NCPU"])
