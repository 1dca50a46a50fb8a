"""The proxy as a process in front of this machine's engine, with what a stack would give it: image, network, volume."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException, ImageNotFound, NotFound

from tests.servers import REQUIRE_STACK, free_port

BASE = "python:3.13-slim-trixie"
TARGET = "/run/secrets/slipway"
SLEEP = ["python", "-c", "import time; time.sleep(600)"]


@dataclass(frozen=True)
class Answer:
    status: int
    head: str
    body: bytes


@dataclass(frozen=True)
class Stack:
    """What the tests of a session share; `name` is its label, and the beginning of all of its names."""

    name: str
    engine: Any
    image_id: str
    other_location_id: str
    unlabelled_id: str

    @property
    def image(self) -> str:
        return f"{self.name}-ingestion:latest"

    @property
    def network(self) -> str:
        return f"{self.name}_runs"

    @property
    def volume(self) -> str:
        return f"{self.name}_ingestion"

    def environment(self) -> dict[str, str]:
        return {
            "SLIPWAY_STACK": self.name,
            "SLIPWAY_RUN_IMAGES": f"ingestion={self.image}",
            "SLIPWAY_RUN_NETWORKS": f"ingestion={self.network}",
            "SLIPWAY_RUN_VOLUMES": f"ingestion={self.volume}:{TARGET}",
        }

    def run_arguments(self, **others: Any) -> dict[str, Any]:
        """Of docker-py's `containers.create`, as the launcher gives them."""
        return {
            "image": self.image_id,
            "name": f"{self.name}-run-{uuid.uuid4().hex[:8]}",
            "command": SLEEP,
            "detach": True,
            "environment": {"DAGSTER_RUN_JOB_NAME": "nightly"},
            "network": self.network,
            "labels": {"slipway.stack": self.name, "slipway.location": "ingestion", "dagster/run_id": "aa"},
            "volumes": [f"{self.volume}:{TARGET}:ro"],
            "mem_limit": "256m",
            "memswap_limit": "256m",
            "nano_cpus": 10**9,
            "pids_limit": 128,
            "init": True,
            "user": "10001",
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "read_only": True,
            "tmpfs": {"/tmp": "size=16m"},
            "log_config": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
        } | others

    def body(self) -> dict[str, Any]:
        """A body for `create` that gets through, in the engine's own words."""
        return {
            "Image": self.image_id,
            "Cmd": SLEEP,
            "Labels": {"slipway.stack": self.name},
            "HostConfig": {
                "NetworkMode": self.network,
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges:true"],
                "Binds": [f"{self.volume}:{TARGET}:ro"],
            },
        }

    def exists(self, container: str) -> bool:
        try:
            self.engine.containers.get(container)
        except NotFound:
            return False
        return True


@dataclass(frozen=True)
class Running:
    """A proxy process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def client(self) -> Any:
        return docker.DockerClient(self.url, timeout=30)

    def logged(self) -> str:
        return self.log.read_text()

    def memory(self) -> int:
        """Bytes that it has had resident at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) << 10

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 15)

    def send(self, *parts: bytes) -> list[Answer]:
        """Send bytes as they are, and give every answer until the proxy closes the connection, or 1.5 s of silence."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
                time.sleep(0.02 if len(parts) > 1 else 0)
            got, connection_open = b"", True
            while connection_open:
                connection.settimeout(1.5)
                try:
                    part = connection.recv(65536)
                except (TimeoutError, ConnectionResetError):
                    part = b""
                got += part
                connection_open = bool(part)
        return _answers(got)

    def ask(self, method: str, target: str, body: bytes | None = None, *headers: str) -> Answer:
        """One request, and the one answer that it must get."""
        lines = [f"{method} {target} HTTP/1.1", "Host: docker", "Connection: close", *headers]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        answers = self.send("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        assert len(answers) == 1, answers
        return answers[0]

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "slipway.docker_api", "check"],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )


def _answers(got: bytes) -> list[Answer]:
    answers = []
    while got:
        head, _, rest = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else len(rest)
        answers.append(Answer(int(head.split()[1]), head.decode("latin-1"), rest[:size]))
        got = rest[size:]
    return answers


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[Running]:
    """Start a proxy on a free port, and end it."""
    port = free_port()
    environment = {**environment, "SLIPWAY_DOCKER_API_LISTEN": f"127.0.0.1:{port}"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "slipway.docker_api"], env={**os.environ, **environment}, stderr=out, stdout=out
            )
        try:
            deadline = time.monotonic() + 20
            while "listening" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the proxy does not start"
                time.sleep(0.02)
            yield Running(port, process, log, environment)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(10) == 0
            finally:
                process.kill()


@contextmanager
def stack() -> Iterator[Stack]:
    """Images, network and volume of a stack; removed at the end, with every container that has its label or name."""
    engine = _engine()
    name = f"slipway-test-{uuid.uuid4().hex[:10]}"
    network = None
    images: dict[str, str] = {}
    try:
        for label, tag in (
            ("slipway.location=ingestion", f"{name}-ingestion:latest"),
            ("slipway.location=elsewhere", f"{name}-elsewhere:latest"),
            ("something=else", f"{name}-unlabelled:latest"),
        ):
            images[tag] = _labelled(engine, tag, label, f"slipway.test={name}")
        network = engine.networks.create(f"{name}_runs", labels={"slipway.test": ""})
        yield Stack(name, engine, *images.values())
    finally:
        for container in engine.containers.list(all=True, filters={"name": name}, ignore_removed=True):
            container.remove(force=True, v=True)
        for container in engine.containers.list(
            all=True, filters={"label": f"slipway.stack={name}"}, ignore_removed=True
        ):
            container.remove(force=True, v=True)
        if network is not None:
            network.remove()
        for volume in engine.volumes.list(filters={"name": name}):
            volume.remove(force=True)
        for image in images:
            engine.images.remove(image, force=True)
        engine.close()


def _labelled(engine: Any, tag: str, *labels: str) -> str:
    """FROM and LABEL: no more, and under a second."""
    done = subprocess.run(
        ["docker", "build", "--quiet", "--tag", tag, *(f"--label={label}" for label in labels), "-"],
        input=f"FROM {BASE}\n".encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return str(engine.images.get(tag).id)


def _engine() -> Any:
    try:
        engine = docker.from_env()
        engine.images.get(BASE)
    except ImageNotFound:
        reason = f"The image {BASE} is not here; `docker pull {BASE}` fetches it."
    except DockerException as error:
        reason = f"Docker does not answer: {error}."
    else:
        return engine
    if os.environ.get(REQUIRE_STACK) == "1":
        pytest.fail(reason)
    pytest.skip(f"{reason} Set {REQUIRE_STACK}=1 to fail instead.")
