"""The Docker engine, as far as runs need it: one client with a timeout, asked again when it does not answer.

Needs docker-py. Errors: `EngineError`, and below it `EngineUnavailable` and `NameTaken`. Nothing is asked but what a
filter in front of the engine has to let through: version, info, images/<name>/json, and of containers: create, start,
list, inspect, logs, kill, stop, delete.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from slipway.runs.containers import RUN_LABEL, STACK_LABEL, Container, container_name, newest_of_each_run
from slipway.runs.limits import Limits

T = TypeVar("T")

_FIRST_PAUSE = 0.25
_HOST_IS_KNOWN_FOR = 600.0
_MOST_NAMES = 50


class EngineError(Exception):
    """The engine refuses; the message is what it says."""


class EngineUnavailable(EngineError):
    """The engine does not answer, also not after some seconds."""


class NameTaken(EngineError):
    """Another container has the name."""


class Engine:
    """A client of the engine at DOCKER_HOST (the local socket without it), made at the first request and kept.

    Safe for several threads. A request that gets no answer is asked again for `patience` seconds; all of them may be:
    what was done already is recognised.

    Args:
        timeout: seconds for one answer.
        patience: seconds for which it asks again.
    """

    def __init__(self, timeout: float = 60, patience: float = 8) -> None:
        self._timeout = timeout
        self._patience = patience
        self._lock = threading.Lock()
        self._client: Any = None
        self._host: tuple[float, Limits] | None = None

    @property
    def address(self) -> str:
        return os.environ.get("DOCKER_HOST") or "the local socket"

    def host(self) -> Limits:
        """What the engine's host has in all; asked once in ten minutes."""
        now = time.monotonic()
        if self._host is None or now - self._host[0] > _HOST_IS_KNOWN_FOR:
            info = self._ask(lambda client: client.info())
            self._host = (now, Limits(info.get("MemTotal") or None, float(info.get("NCPU") or 0) or None))
        return self._host[1]

    def image_id(self, image: str) -> str | None:
        """The id of an image by name or id; None if the engine does not have it."""
        found = self._ask_for(lambda client: client.api.inspect_image(image))
        return str(found["Id"]) if found else None

    def create(
        self, stack: str, run_id: str, image: str, command: Sequence[str], arguments: Mapping[str, Any]
    ) -> Container:
        """A container for a run, under the first name of its that is free. The image is never pulled.

        Raises:
            EngineError
        """
        for attempt in range(1, _MOST_NAMES):
            name = container_name(stack, run_id, attempt)
            lost = False

            def create(client: Any, name: str = name) -> str:
                nonlocal lost
                try:
                    made = client.containers.create(image=image, command=list(command), name=name, **arguments)
                except (DockerException, requests.exceptions.RequestException) as error:
                    lost = lost or _passes(error)  # it may be there all the same
                    raise
                return str(made.id)

            try:
                return Container(self._ask(create), name, "created")
            except NameTaken:
                if lost and (ours := self._never_started(stack, run_id, name)):
                    return ours
        raise EngineError(f"{_MOST_NAMES} containers of this run exist already")

    def start(self, container_id: str) -> None:
        self._ask(lambda client: client.api.start(container_id))

    def containers(self, stack: str, run_id: str | None = None) -> list[Container]:
        """Run containers of a stack in every state, in one request."""
        labels = [f"{STACK_LABEL}={stack}", RUN_LABEL if run_id is None else f"{RUN_LABEL}={run_id}"]
        listed = self._ask(lambda client: client.api.containers(all=True, filters={"label": labels}))
        return [Container.of(one) for one in listed]

    def container_of_run(self, stack: str, run_id: str) -> Container | None:
        """The newest one. Found by label: a tag may still be that of the run which was re-executed."""
        return newest_of_each_run(self.containers(stack, run_id)).get(run_id)

    def inspect(self, container_id: str) -> dict[str, Any] | None:
        """All that the engine knows of a container; None if it does not know it any more."""
        return self._ask_for(lambda client: client.api.inspect_container(container_id))

    def log(self, container_id: str, lines: int) -> list[str]:
        """The last lines that a container wrote, oldest first; empty where they cannot be had."""
        try:
            text: bytes = self._ask(lambda client: client.api.logs(container_id, tail=lines))
        except EngineUnavailable:
            raise
        except EngineError:
            return []
        return text.decode(errors="replace").splitlines()[-lines:]

    def kill(self, container_id: str, signal: str) -> bool:
        """Send a signal, at once; False if there is no process (any more)."""
        return self._if_possible(lambda client: client.api.kill(container_id, signal))

    def stop(self, container_id: str, seconds: int) -> bool:
        """SIGTERM, and SIGKILL after some seconds, for which it waits; False if the container is gone."""
        return self._if_possible(lambda client: client.api.stop(container_id, timeout=seconds))

    def remove(self, container_id: str, *, force: bool = False) -> bool:
        """Remove a container with its anonymous volumes; False if it runs (unless forced), or is gone."""
        return self._if_possible(lambda client: client.api.remove_container(container_id, v=True, force=force))

    def _never_started(self, stack: str, run_id: str, name: str) -> Container | None:
        found = [one for one in self.containers(stack, run_id) if one.name == name and one.state == "created"]
        return found[0] if found else None

    def _if_possible(self, request: Callable[[Any], object]) -> bool:
        def ask(client: Any) -> bool:
            try:
                request(client)
            except APIError as error:
                if error.status_code in (404, 409):
                    return False
                raise
            return True

        return self._ask(ask)

    def _ask_for(self, request: Callable[[Any], Any]) -> dict[str, Any] | None:
        def ask(client: Any) -> dict[str, Any] | None:
            try:
                found: dict[str, Any] = request(client)
            except NotFound:
                return None
            return found

        return self._ask(ask)

    def _ask(self, request: Callable[[Any], T]) -> T:
        deadline = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        while True:
            try:
                return request(self.connected())
            except (DockerException, requests.exceptions.RequestException) as error:
                if not _passes(error) or time.monotonic() + pause > deadline:
                    raise self._told(error) from error
            time.sleep(pause)
            pause *= 2

    def connected(self) -> Any:
        """The docker-py client itself."""
        with self._lock:
            if self._client is None:
                self._client = docker.from_env(timeout=self._timeout)
            return self._client

    def _told(self, error: Exception) -> EngineError:
        if isinstance(error, APIError) and error.status_code not in (502, 503, 504):
            why = str(error.explanation or error).strip()
            return NameTaken(why) if error.status_code == 409 and "already in use" in why else EngineError(why)
        return EngineUnavailable(f"the Docker engine at {self.address} does not answer ({_short(error)})")


def _passes(error: Exception) -> bool:
    """Whether it may be gone in some seconds: no connection, no answer in time, a gateway without its engine.

    A plain 500 is the engine's own refusal, such as a command that the image does not have.
    """
    if isinstance(error, APIError):
        return error.status_code in (502, 503, 504)
    return True


def _short(error: BaseException) -> str:
    """The innermost reason: docker-py, requests and urllib3 wrap it into each other."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return str(error).strip() or type(error).__name__
