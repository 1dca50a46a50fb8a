"""What goes wrong on a host: a service's process is killed, an image is another one, or none."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.stack_process import Stack, docker, wait_for


def crash(stack: Stack, service: str) -> None:
    """Kill a service's process as the kernel does when memory is short.

    `docker kill` is no crash: the engine takes it for a wish of the operator's, and does not start the service again.
    """
    process = json.loads(docker("inspect", stack.container(service)))[0]["State"]["Pid"]
    rights = ["--pid", "host", "--user", "0", "--cap-drop", "ALL", "--cap-add", "KILL", "--network", "none"]
    control = stack.image("steward")
    docker("run", "--rm", *rights, control, "python", "-c", f"import os; os.kill({process}, 9)")


def starts(stack: Stack, service: str) -> str:
    """When a service's process was started; another text after each start."""
    return str(json.loads(docker("inspect", stack.container(service)))[0]["State"]["StartedAt"])


def wait_started_anew(stack: Stack, service: str, before: str, timeout: float = 90) -> float:
    """Wait for a service that `starts` told about before to be healthy after a new start; the seconds that it took."""

    def is_back() -> bool:
        state = json.loads(docker("inspect", stack.container(service)))[0]["State"]
        return state["StartedAt"] != before and (state.get("Health") or {}).get("Status") == "healthy"

    return wait_for(is_back, timeout, f"{service} does not come back by itself")


def finished_at(container: dict[str, Any]) -> float:
    """When a container's process ended, in seconds since 1970; of what `docker inspect` says."""
    return dt.datetime.fromisoformat(container["State"]["FinishedAt"]).timestamp()


def built(base: str, *steps: str) -> str:
    """The name of a new image: another with some steps of a Dockerfile more."""
    name = f"{base}-variant-{abs(hash(steps)):x}"
    text = "\n".join([f"FROM {base}", "USER 0:0", *steps, "USER 10001:10001"])
    done = subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return name


@contextmanager
def instead(stack: Stack, location: str, image: str | None) -> Iterator[None]:
    """Another image, or none, under the name of a location's: runs that are submitted meanwhile get that."""
    name = stack.image(location)
    kept = f"{name}-kept"
    docker("tag", name, kept)
    try:
        if image:
            docker("tag", image, name)
        else:
            docker("image", "rm", name)
        yield
    finally:
        docker("tag", kept, name)
        docker("image", "rm", kept)


def forget(image: str) -> None:
    """Remove an image, with the ended containers that were made of it."""
    ids = docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}").split()
    if ids:
        docker("rm", "--force", *ids, check=False)
    docker("image", "rm", image, check=False)
