"""Real servers for tests: started on a free port of this machine, stopped when the test session ends."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

VERSITYGW = "versity/versitygw:v1.8.0"
REQUIRE_STACK = "SLIPWAY_REQUIRE_STACK"
"""Set to 1 where Docker must be there (the full test run): a test then fails where it would be skipped."""


@dataclass(frozen=True)
class S3Server:
    """A server that speaks S3, and the account that may do everything there."""

    endpoint: str
    access_key_id: str = "slipway"
    secret_access_key: str = "slipway-secret"

    def environment(self) -> dict[str, str]:
        """The variables that AWS's clients, and Slipway's settings, read."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": "us-east-1",
        }

    def create_bucket(self, name: str, *, versioned: bool = False) -> None:
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


@contextmanager
def moto_server() -> Iterator[S3Server]:
    """AWS's S3 as moto plays it, in a thread of this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _host, port = server.get_host_and_port()
        yield S3Server(f"http://127.0.0.1:{port}")
    finally:
        server.stop()


@contextmanager
def versitygw() -> Iterator[S3Server]:
    """The object store of the stack, on plain files in the container."""
    account = S3Server("")
    environment = {
        "ROOT_ACCESS_KEY_ID": account.access_key_id,
        "ROOT_SECRET_ACCESS_KEY": account.secret_access_key,
    }
    command = ["--port", ":7070", "--quiet", "posix", "/objects"]
    environment["VGW_VERSIONING_DIR"] = "/versions"
    with container(VERSITYGW, 7070, command, environment, volumes=["/objects", "/versions"]) as port:
        server = S3Server(f"http://127.0.0.1:{port}")
        # A first bucket is also the proof that the server is ready to write.
        wait_until(lambda: server.create_bucket("ready"), (BotoCoreError, ClientError), 30)
        yield server


@contextmanager
def container(
    image: str,
    port: int,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    volumes: Sequence[str] = (),
) -> Iterator[int]:
    """A container whose `port` is published on 127.0.0.1; yields the published port, removes all of it at the end.

    Skips the test where Docker or the image is not there, unless SLIPWAY_REQUIRE_STACK=1.
    """
    if reason := _why_no_docker(image):
        if os.environ.get(REQUIRE_STACK) == "1":
            pytest.fail(reason)
        pytest.skip(f"{reason} Set {REQUIRE_STACK}=1 to fail instead.")
    name = f"slipway-test-{uuid.uuid4().hex[:12]}"
    options = [option for volume in volumes for option in ("--volume", volume)]
    for variable, value in (environment or {}).items():
        options += ["--env", f"{variable}={value}"]
    _docker(
        *("run", "--detach", "--name", name, "--label", "slipway.test"),
        *("--publish", f"127.0.0.1::{port}", *options, image, *command),
    )
    try:
        published = _docker("port", name, str(port)).splitlines()[0]
        yield int(published.rpartition(":")[2])
    finally:
        _docker("rm", "--force", "--volumes", name)


def wait_until(attempt: Callable[[], object], errors: tuple[type[Exception], ...], seconds: float) -> None:
    """Repeat `attempt` until it raises none of `errors`; the last one is raised when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except errors:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    """A port on which nothing listens: for servers that must be told one, and for tests of a server that is gone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _why_no_docker(image: str) -> str | None:
    if shutil.which("docker") is None:
        return "Docker is not installed here."
    found = subprocess.run(["docker", "image", "inspect", image], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return None
    if "No such image" in found.stderr:
        return f"The image {image} is not here; `docker pull {image}` fetches it."
    return f"Docker does not answer: {found.stderr.strip().splitlines()[-1]}."


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
