"""The two deployments that `bench/stack.py` compares, each from `docker compose up` to nothing left of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.stack_process import Stack, StackError, docker, free_port, wait_for

IMAGES = "slipway-bench-"
_PLAIN = "docker-compose.yaml"
_WITH_JOB = "docker-compose.yaml:bench/stack.yaml"
_REFERENCE = "bench/reference/docker-compose.yaml"


class Deployment(Stack):
    """A running deployment with the job `noop`.

    Attributes:
        location: the code location of that job.
    """

    location: str = "transformation"


class Reference(Deployment):
    """Dagster's example: as `Stack`, but nobody has to sign in."""

    location = "reference"

    signs_in = False


def build() -> None:
    """Build the images of both; the one with the job last, since it is made from another."""
    for name, file, services in (
        ("build", _PLAIN, ()),
        ("build", _WITH_JOB, ("transformation",)),
        ("build", _REFERENCE, ()),
    ):
        environment = {"COMPOSE_FILE": file, "SLIPWAY_IMAGES": IMAGES}
        Stack(name, 0, environment).compose("build", "--quiet", *services, timeout=1800)


def slipway(project: str) -> Deployment:
    """This repository's stack, without the shop: not started yet."""
    port = free_port()
    settings = {"COMPOSE_FILE": _WITH_JOB, "SLIPWAY_IMAGES": IMAGES, "SLIPWAY_SHOP": "0", "SLIPWAY_PORT": str(port)}
    return Deployment(project, port, {"COMPOSE_PROJECT_NAME": project, **settings})


def reference(project: str) -> Reference:
    """Dagster's example: not started yet."""
    port = free_port()
    settings = {"COMPOSE_FILE": _REFERENCE, "REFERENCE_PORT": str(port)}
    return Reference(project, port, {"COMPOSE_PROJECT_NAME": project, **settings})


@contextmanager
def running(deployment: Deployment) -> Iterator[Deployment]:
    """Start it on new volumes, with `started_after` set, and take it down at the end, whatever happens.

    Started is: every service that has a health check is healthy, every code location is loaded, every daemon has
    reported. The stack's own health checks say all of that; the reference's only say that Postgres is there.
    """
    try:
        began = time.monotonic()
        if isinstance(deployment, Reference):
            deployment.compose("up", "--detach", timeout=300)
            wait_for(lambda: _answers(deployment), 300, "the reference does not answer", every=0.25)
        else:
            deployment.compose("up", "--detach", "--wait", timeout=300)
        deployment.started_after = time.monotonic() - began
        yield deployment
    finally:
        _take_down(deployment)


def stop_automation(deployment: Deployment) -> int:
    """Stop all sensors and schedules, so that nothing runs but what is measured; how many that were."""
    found = deployment.graphql(_INSTIGATORS)["repositoriesOrError"]["nodes"]
    stopped = 0
    for repository in found:
        for kind, mutation in (("sensors", _STOP_SENSOR), ("schedules", _STOP_SCHEDULE)):
            for state in (each["state"] for each in repository[kind]):
                if state["status"] == "RUNNING":
                    deployment.graphql(mutation, {"id": state["id"]})
                    stopped += 1
    return stopped


def memory(deployment: Deployment) -> dict[str, float]:
    """Service -> MiB that its container uses, without the file cache that could be dropped (`docker stats`).

    Raises:
        StackError: nothing of it is running.
    """
    services = {each["Name"]: service for service, each in deployment.services().items() if each["State"] == "running"}
    if not services:
        # Asked for no container, `docker stats` tells of all that there are.
        raise StackError(f"{deployment.project}: expected running services, found none.")
    lines = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *services).splitlines()
    return {services[name]: _mebibytes(used) for name, used, *_ in (line.split() for line in lines)}


def run_container(run_id: str) -> dict[str, Any]:
    """What `docker inspect` says of a run's container.

    Raises:
        StackError: it has none, or several.
    """
    ids = docker("ps", "--all", "--quiet", "--filter", f"label=dagster/run_id={run_id}").split()
    if len(ids) != 1:
        raise StackError(f"Run {run_id} has {len(ids)} containers; expected one.")
    inspected: dict[str, Any] = json.loads(docker("inspect", *ids))[0]
    return inspected


def _answers(deployment: Deployment) -> bool:
    try:
        found = deployment.graphql(_READY)
    except (OSError, StackError):
        return False
    entries = found["workspaceOrError"].get("locationEntries", [])
    loaded = [entry["locationOrLoadError"] for entry in entries]
    daemons = [each for each in found["instance"]["daemonHealth"]["allDaemonStatuses"] if each["required"]]
    return (
        bool(loaded)
        and all(each and each["__typename"] == "RepositoryLocation" for each in loaded)
        and all(each["healthy"] for each in daemons)
    )


def _take_down(deployment: Deployment) -> None:
    # Runs are no services of compose's, and hold on to its networks.
    deployment.compose("stop", "--timeout", "5", "daemon", check=False)
    networks = docker(
        "network", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={deployment.project}"
    ).split()
    for network in networks:
        listed = docker("ps", "--all", "--quiet", "--filter", "label=dagster/run_id", "--filter", f"network={network}")
        if listed.split():
            docker("rm", "--force", *listed.split(), check=False)
    deployment.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)


def _mebibytes(text: str) -> float:
    for unit, factor in (("KiB", 1 / 1024), ("MiB", 1.0), ("GiB", 1024.0), ("B", 1 / 1024**2)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(f"Expected an amount of memory such as 12.5MiB, found {text!r}.")


_READY = """{
  workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { __typename } } } }
  instance { daemonHealth { allDaemonStatuses { required healthy } } }
}"""
_INSTIGATORS = """{
  repositoriesOrError {
    ... on RepositoryConnection {
      nodes {
        sensors { state: sensorState { id status } }
        schedules { state: scheduleState { id status } }
      }
    }
  }
}"""
_STOP_SENSOR = """mutation($id: String!) {
  stopSensor(id: $id) { __typename }
}"""
_STOP_SCHEDULE = """mutation($id: String!) {
  stopRunningSchedule(id: $id) { __typename }
}"""
