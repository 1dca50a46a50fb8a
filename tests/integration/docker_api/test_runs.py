"""What the platform does through the proxy: a run's container from its creation to its removal, with docker-py."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest
from dagster import DagsterInstance, job
from dagster._core.launcher.base import WorkerStatus
from dagster_docker import DockerRunLauncher
from docker.errors import APIError, ImageNotFound, NotFound

from slipway.location.container_context import container_context
from slipway.runs.arguments import Context, RunToLaunch, create_arguments
from slipway.runs.containers import limits_in
from slipway.runs.docker_edge import Engine
from tests.integration.docker_api.proxy import SLEEP, TARGET, Running, Stack, running

pytestmark = pytest.mark.docker


@pytest.fixture
def client(proxy: Running) -> Any:
    return proxy.client()


def test_a_run_from_create_to_removal(shop: Stack, client: Any) -> None:
    script = f"import os; print('user', os.getuid(), os.listdir('{TARGET}')); raise SystemExit(3)"
    container = client.containers.create(**shop.run_arguments(command=["python", "-c", script]))
    container.start()
    assert container.wait()["StatusCode"] == 3
    assert container.logs() == b"user 10001 []\n"
    container.reload()
    assert container.status == "exited"

    made = shop.engine.containers.get(container.id).attrs
    host = made["HostConfig"]
    assert made["Image"] == shop.image_id
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges:true"])
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (256 << 20, 10**9, 128)
    assert (host["Init"], host["ReadonlyRootfs"], host["Tmpfs"]) == (True, True, {"/tmp": "size=16m"})
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}
    assert [(mount["Name"], mount["RW"]) for mount in made["Mounts"]] == [(shop.volume, False)]
    assert list(made["NetworkSettings"]["Networks"]) == [shop.network]

    container.remove(v=True)
    assert not shop.exists(container.id)


def test_dagsters_own_launcher_works_through_it(shop: Stack, proxy: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    @job
    def nothing_to_do() -> None: ...

    arguments = shop.run_arguments(labels={"slipway.stack": shop.name}, stop_timeout=1)
    of_its_own = ("image", "name", "command", "detach", "environment", "network")
    options = {name: value for name, value in arguments.items() if name not in of_its_own}
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    with DagsterInstance.ephemeral() as instance:
        launcher: Any = DockerRunLauncher(network=shop.network, container_kwargs=options)
        launcher.register_instance(instance)
        run = instance.create_run_for_job(nothing_to_do)
        launcher._launch_container_with_command(run, shop.image, SLEEP)
        launched = instance.get_run_by_id(run.run_id)
        assert launched
        assert launcher.check_run_worker_health(launched).status == WorkerStatus.RUNNING
        assert launcher.terminate(run.run_id)
        assert launcher.check_run_worker_health(launched).status == WorkerStatus.FAILED


def test_what_the_platforms_launcher_asks_for_gets_through(
    shop: Stack, proxy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container as each location declares it for its runs, and every request of the launcher's own client."""
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    volume = f"{shop.volume}:{TARGET}"
    docker = container_context({"SLIPWAY_RUN_NETWORK": shop.network, "SLIPWAY_RUN_VOLUMES": volume})["docker"]
    context = Context({"SLIPWAY_STACK": shop.name}, docker["networks"], docker["container_kwargs"])
    run = RunToLaunch("0123456789ab", "nightly", "ingestion", {"slipway/memory": "128m"})
    engine = Engine()
    image = engine.image_id(shop.image)
    assert image == shop.image_id
    arguments = create_arguments(run, context, engine.host(), shop.name)
    container = engine.create(shop.name, run.run_id, image, SLEEP, arguments)
    engine.start(container.id)
    assert [found.id for found in engine.containers(shop.name, run.run_id)] == [container.id]
    inspected = engine.inspect(container.id)
    assert inspected
    assert limits_in(inspected).memory == 128 << 20
    assert engine.log(container.id, 50) == []
    assert engine.kill(container.id, "SIGTERM")
    assert engine.stop(container.id, 5)
    assert engine.remove(container.id)
    assert engine.inspect(container.id) is None


def test_a_running_container_can_be_tended(shop: Stack, client: Any) -> None:
    container = client.containers.create(**shop.run_arguments())
    container.start()
    assert container.stats(stream=False)["memory_stats"]["limit"] == 256 << 20
    container.update(mem_limit="300m", memswap_limit="300m")
    assert shop.engine.containers.get(container.id).attrs["HostConfig"]["Memory"] == 300 << 20
    container.stop(timeout=5)
    assert container.wait(condition="not-running")["StatusCode"] == 128 + signal.SIGTERM
    container.start()
    container.kill(signal="SIGKILL")
    assert container.wait()["StatusCode"] == 128 + signal.SIGKILL
    container.remove(force=True)


def test_a_list_holds_this_stacks_containers_only(shop: Stack, client: Any, victim: Any) -> None:
    ours = client.containers.create(**shop.run_arguments())
    assert victim.id in {container.id for container in shop.engine.containers.list(all=True)}
    for filters in (None, {"label": ["dagster/run_id"]}, {"status": ["created", "running"]}):
        listed = client.containers.list(all=True, filters=filters)
        assert ours.id in {container.id for container in listed}
        assert {container.labels["slipway.stack"] for container in listed} == {shop.name}
    assert client.containers.list(all=True, filters={"name": victim.name}) == []
    ours.remove()


def test_an_image_can_be_asked_for_by_name_and_by_id(shop: Stack, client: Any) -> None:
    assert client.images.get(shop.image).id == shop.image_id
    assert client.images.get(shop.image_id).id == shop.image_id
    by_name = client.containers.create(**shop.run_arguments(image=shop.image))
    assert shop.engine.containers.get(by_name.id).attrs["Config"]["Image"] == shop.image_id
    by_name.remove()


def test_the_host_is_told_as_far_as_limits_need_it(shop: Stack, client: Any) -> None:
    info, all_of_it = client.info(), shop.engine.info()
    assert {name: all_of_it[name] for name in info} == info
    assert {"MemTotal", "NCPU", "ServerVersion"} <= set(info)
    assert not {"Name", "Containers", "RegistryConfig"} & set(info)
    assert client.ping()
    assert client.version()["Version"] == all_of_it["ServerVersion"]


def test_what_the_engine_says_of_a_mistake_reaches_the_client(shop: Stack, client: Any) -> None:
    with pytest.raises(NotFound, match="No such container"):
        client.containers.get(f"{shop.name}-run-gone")
    with pytest.raises(NotFound, match="No such container"):
        client.api.stop("ab" * 32)
    with pytest.raises(ImageNotFound, match="No such image"):
        client.containers.create(**shop.run_arguments(image="sha256:" + "ab" * 32))
    taken = shop.run_arguments()
    first = client.containers.create(**taken)
    with pytest.raises(APIError, match="already in use") as conflict:
        client.containers.create(**taken)
    assert conflict.value.status_code == 409
    broken = client.containers.create(**shop.run_arguments(command=["no-such-program"], init=False))
    with pytest.raises(APIError, match="no-such-program"):
        broken.start()
    first.remove()
    broken.remove()


def test_a_long_log_comes_whole(shop: Stack, client: Any) -> None:
    script = "import sys\nfor number in range(6000): print(number, 'x' * 100); print(number, file=sys.stderr)"
    arguments = shop.run_arguments(command=["python", "-uc", script], log_config={"Type": "json-file", "Config": {}})
    container = client.containers.create(**arguments)
    container.start()
    container.wait()
    raw = shop.engine.containers.get(container.id)
    assert len(container.logs()) > 600_000
    assert container.logs() == raw.logs()
    assert container.logs(tail=50, timestamps=True) == raw.logs(tail=50, timestamps=True)
    assert b"".join(container.logs(stream=True, follow=False)) == raw.logs()
    container.remove()


def test_a_wait_keeps_nobody_else_waiting(shop: Stack, proxy: Running, client: Any) -> None:
    container = client.containers.create(**shop.run_arguments())
    container.start()
    ended: list[int] = []
    waiters = [
        threading.Thread(target=lambda: ended.append(proxy.client().containers.get(container.id).wait()["StatusCode"]))
        for _ in range(20)
    ]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.5)
    started = time.monotonic()
    assert client.ping()
    assert time.monotonic() - started < 2
    container.kill()
    for waiter in waiters:
        waiter.join(20)
    assert ended == [137] * 20
    container.remove()


def test_a_wait_is_bounded_by_configuration(shop: Stack) -> None:
    with running(shop.environment() | {"SLIPWAY_DOCKER_API_LONGEST_WAIT": "1"}) as impatient:
        container = impatient.client().containers.create(**shop.run_arguments())
        container.start()
        with pytest.raises(APIError, match="has not answered for 1 s") as refused:
            container.wait()
        assert refused.value.status_code == 502
        container.remove(force=True)


def test_the_health_check_and_an_engine_that_is_not_there(shop: Stack, proxy: Running) -> None:
    assert proxy.check().returncode == 0
    with running(shop.environment() | {"SLIPWAY_DOCKER_SOCKET": "/nowhere/docker.sock"}) as alone:
        answer = alone.ask("GET", "/_ping")
        assert answer.status == 502
        assert b"The Docker engine does not answer on /nowhere/docker.sock" in answer.body
        failed = alone.check()
        assert failed.returncode == 1
        assert "does not answer on /nowhere/docker.sock" in failed.stderr
    failed = alone.check()
    assert failed.returncode == 1
    assert "does not answer on 127.0.0.1" in failed.stderr


def test_an_end_lets_a_request_under_way_finish(shop: Stack) -> None:
    with running(shop.environment()) as ending:
        client = ending.client()
        container = client.containers.create(**shop.run_arguments(init=False))  # process 1 ignores SIGTERM
        container.start()
        stopped: list[bool] = []

        def stop() -> None:
            container.stop(timeout=2)
            stopped.append(True)

        stopper = threading.Thread(target=stop)
        stopper.start()
        time.sleep(0.5)
        os.kill(ending.process.pid, signal.SIGTERM)
        stopper.join(20)
        assert stopped
        assert ending.process.wait(10) == 0
