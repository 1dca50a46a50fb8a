"""The whole stack for tests: `docker compose up` under a project name and a port of its own, and down again.

With SLIPWAY_TEST_STACK=<project> the tests use a stack that is running already, and leave it running: quick while tests
are being written.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "test-results" / "stack"
RUNNING = "SLIPWAY_TEST_STACK"
IMAGES = "slipway-test-"
_UNFINISHED = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING", "MANAGED"}


class StackError(AssertionError):
    """A command about the stack failed; with its output."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Stack:
    """A running stack, as its users reach it: through the proxy, and with `docker compose`.

    Attributes:
        started_after: seconds from `docker compose up` to the last service being healthy.
        checkout: where its docker-compose.yaml is.
    """

    project: str
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    started_after: float = 0.0
    checkout: Path = ROOT
    _passwords: dict[str, str] = field(default_factory=dict)
    signs_in: ClassVar[bool] = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # -- docker

    def compose(self, *arguments: str, timeout: float = 300, check: bool = True, stdin: str = "") -> str:
        """Output of `docker compose <arguments>`, standard error included.

        Raises:
            StackError: it ended with another code than 0.
        """
        done = subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.checkout,
            env={**_outside(), **self.environment},
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode:
            raise StackError(f"docker compose {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def services(self) -> dict[str, dict[str, Any]]:
        """Service -> what `docker compose ps` says of its container."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return {each["Service"]: each for each in found}

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return self.compose("ps", "--all", "--quiet", service).strip()

    def image(self, service: str) -> str:
        """The name of a service's image, also when that name has been given to another image since."""
        return docker("inspect", "--format", "{{.Config.Image}}", self.container(service)).strip()

    def run_containers(self, run_id: str | None = None) -> list[dict[str, Any]]:
        """What `docker inspect` says of run containers, the newest first; of one run, if one is named."""
        label = f"dagster/run_id={run_id}" if run_id else f"slipway.stack={self.project}"
        filters = ["--filter", f"label=slipway.stack={self.project}", "--filter", f"label={label}"]
        ids = docker("ps", "--all", "--quiet", *filters).split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids)) if ids else []
        return sorted(found, key=lambda each: str(each["Created"]), reverse=True)

    def wait_healthy(self, timeout: float = 120, services: Sequence[str] = ()) -> None:
        """Wait until every service is healthy, or those that are named."""

        def unwell() -> list[str]:
            return [
                f"{name}: {each['Status']}"
                for name, each in self.services().items()
                if name != "init" and (not services or name in services) and each.get("Health") != "healthy"
            ]

        wait_for(lambda: not unwell(), timeout, lambda: f"services are not healthy: {unwell()}", every=1)

    # -- the proxy

    def password(self, user: str = "operator") -> str:
        if not self._passwords:
            told = self.compose("run", "--rm", "--no-deps", "-T", "init", "credentials", "--json")
            self._passwords = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
        return self._passwords[user]

    def forget_passwords(self) -> None:
        self._passwords = {}

    def request(
        self,
        path: str,
        user: str | None = "operator",
        *,
        method: str = "GET",
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """One request through the proxy; an error status is an answer too."""
        sent = dict(headers or {})
        if user and self.signs_in:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{user}:{self.password(user)}".encode()).decode()
        request = urllib.request.Request(f"{self.url}{path}", data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None, user: str = "operator") -> Any:
        """`data` of a GraphQL answer.

        Raises:
            StackError: the answer has errors.
        """
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        answer = self.request("/graphql", user, method="POST", data=body, headers={"Content-Type": "application/json"})
        if answer.status != 200 or "errors" in answer.json():
            raise StackError(f"GraphQL answered {answer.status}: {answer.body.decode()[:2000]}")
        return answer.json()["data"]

    # -- Dagster

    def runs(self, limit: int = 200) -> list[dict[str, Any]]:
        """Runs, the newest first: runId, status, startTime, endTime, assets (paths joined by /), tags (a dict)."""
        found = self.graphql(_RUNS, {"limit": limit})["runsOrError"]["results"]
        return [_plain(run) for run in found]

    def run(self, run_id: str) -> dict[str, Any]:
        return _plain(self.graphql(_RUN, {"id": run_id})["runOrError"])

    def materialize(
        self,
        location: str,
        assets: Sequence[str],
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
        user: str = "operator",
    ) -> str:
        """Launch a run as the UI does; its id.

        Args:
            assets: paths such as silver/sales, all of one location.
            partition: one key, or a range `first...last`.
        """
        all_tags = dict(tags or {})
        if partition and "..." in partition:
            first, last = partition.split("...")
            all_tags |= {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        elif partition:
            all_tags |= {"dagster/partition": partition}
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": location,
            "jobName": "__ASSET_JOB",
            "assetSelection": [{"path": asset.split("/")} for asset in assets],
            "assetCheckSelection": None,
        }
        return self._launch(selector, {"ops": {}}, all_tags, user)

    def launch_job(self, location: str, job: str, config: Any = None, tags: Mapping[str, str] | None = None) -> str:
        """Launch a job; the run's id."""
        selector = {"repositoryName": "__repository__", "repositoryLocationName": location, "jobName": job}
        return self._launch(selector, config or {}, tags or {}, "operator")

    def _launch(self, selector: Any, config: Any, tags: Mapping[str, str], user: str) -> str:
        params = {
            "selector": selector,
            "runConfigData": config,
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        found = self.graphql(_LAUNCH, {"params": params}, user)["launchRun"]
        if found["__typename"] != "LaunchRunSuccess":
            raise StackError(f"The run was not launched: {found}")
        return str(found["run"]["runId"])

    def wait_run(self, run_id: str, timeout: float = 120) -> dict[str, Any]:
        """The run, once it is over."""
        wait_for(
            lambda: self.run(run_id)["status"] not in _UNFINISHED,
            timeout,
            lambda: f"run {run_id} is still {self.run(run_id)['status']}",
        )
        return self.run(run_id)

    def run_messages(self, run_id: str) -> list[str]:
        """What stands on the run's page: the message of every event, with its error's and what that came from."""
        error = "... on ErrorEvent { error { message causes { message } } }"
        return [_with_error(each) for each in self.run_events(run_id, f"... on MessageEvent {{ message }} {error}")]

    def run_events(self, run_id: str, fields: str) -> list[dict[str, Any]]:
        """All events of a run, with these fields of GraphQL's DagsterRunEvent."""
        query, events, cursor = _EVENTS.replace("FIELDS", fields), [], None
        while True:
            found = self.graphql(query, {"id": run_id, "after": cursor})["logsForRun"]
            events += found["events"]
            cursor = found["cursor"]
            if not found["hasMore"]:
                return events

    def quiet(self, timeout: float = 300, seconds: float = 15) -> list[dict[str, Any]]:
        """All runs, once for some seconds none was under way."""
        since = time.monotonic()
        deadline = time.monotonic() + timeout
        while time.monotonic() - since < seconds:
            if time.monotonic() > deadline:
                going = [run["runId"] for run in self.runs() if run["status"] in _UNFINISHED]
                raise StackError(f"runs are still under way after {timeout:g} s: {going}")
            if any(run["status"] in _UNFINISHED for run in self.runs()):
                since = time.monotonic()
            time.sleep(1)
        return self.runs()

    def in_control(self, service: str, code: str, timeout: float = 60) -> str:
        """Output of a piece of Python in the container of a service that has Python."""
        return self.compose("exec", "-T", service, "python", "-c", code, timeout=timeout)


def _outside() -> dict[str, str]:
    """This process's environment without settings of the platform: other tests, and whoever runs them, have some."""
    ours = ("SLIPWAY_", "SHOP_", "AWS_", "DAGSTER_", "COMPOSE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def docker(*arguments: str, timeout: float = 120, check: bool = True, stdin: str = "") -> str:
    """Output of `docker <arguments>`.

    Raises:
        StackError
    """
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, input=stdin)
    if check and done.returncode:
        raise StackError(f"docker {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return done.stdout + (done.stderr if not check else "")


def wait_for(
    reached: Callable[[], bool], timeout: float, otherwise: Callable[[], str] | str = "", every: float = 0.5
) -> float:
    """Wait until something is so; the seconds that it took.

    Raises:
        StackError: it was not, in time.
    """
    started = time.monotonic()
    while not reached():
        if time.monotonic() - started > timeout:
            raise StackError(f"after {timeout:g} s: {otherwise() if callable(otherwise) else otherwise}")
        time.sleep(every)
    return time.monotonic() - started


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started_stack(settings: Mapping[str, str] | None = None, checkout: Path = ROOT) -> Iterator[Stack]:
    """Build, start, and at the end take down with all volumes, also after a failure; logs are kept in test-results/.

    Args:
        settings: variables of docker-compose.yaml; with some, it is always a stack of its own.
        checkout: another one than this.
    """
    if (running := os.environ.get(RUNNING)) and not settings:
        yield running_stack(running)
        return
    project = f"slipwaytest{uuid.uuid4().hex[:6]}"
    port = free_port()
    environment = {
        "COMPOSE_PROJECT_NAME": project,
        "SLIPWAY_PORT": str(port),
        "SLIPWAY_IMAGES": IMAGES,
        **(settings or {}),
    }
    stack = Stack(project, port, environment, checkout=checkout)
    stack.compose("build", "--quiet", timeout=1800)
    try:
        began = time.monotonic()
        stack.compose("up", "--detach", "--wait", timeout=300)
        stack.started_after = time.monotonic() - began
        yield stack
    finally:
        _keep_logs(stack)
        _take_down(stack)


def running_stack(project: str) -> Stack:
    """A stack that is running already, with the settings that a command about it has to repeat."""
    stack = Stack(project, 0, {"COMPOSE_PROJECT_NAME": project})
    stack.port = int(stack.compose("port", "proxy", "3000").strip().rpartition(":")[2])
    images = str(stack.image("ingestion")).rpartition("ingestion:")[0]
    stack.environment |= {"SLIPWAY_PORT": str(stack.port), "SLIPWAY_IMAGES": images}
    return stack


def _keep_logs(stack: Stack) -> None:
    folder = RESULTS / stack.project
    folder.mkdir(parents=True, exist_ok=True)
    for service in stack.services():
        text = stack.compose("logs", "--no-color", "--no-log-prefix", "--timestamps", service, check=False)
        (folder / f"{service}.log").write_text(text)
    for each in stack.run_containers():
        name = each["Name"].strip("/")
        (folder / f"{name}.log").write_text(docker("logs", "--timestamps", name, check=False))


def _take_down(stack: Stack) -> None:
    # Runs are no services of compose's, and hold on to its networks.
    stack.compose("stop", "--timeout", "5", "daemon", check=False)
    ids = docker("ps", "--all", "--quiet", "--filter", f"label=slipway.stack={stack.project}").split()
    if ids:
        docker("rm", "--force", *ids, check=False)
    stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "10", check=False)


def left_behind(project: str) -> list[str]:
    """Containers, networks and volumes of a project that are still there."""
    label = f"label=com.docker.compose.project={project}"
    found = docker("ps", "--all", "--filter", label, "--format", "container {{.Names}}").splitlines()
    found += docker(
        "ps", "--all", "--filter", f"label=slipway.stack={project}", "--format", "run {{.Names}}"
    ).splitlines()
    found += docker("network", "ls", "--filter", label, "--format", "network {{.Name}}").splitlines()
    found += docker("volume", "ls", "--filter", label, "--format", "volume {{.Name}}").splitlines()
    return found


def why_no_stack() -> str | None:
    """Why the stack cannot be started here; None if it can."""
    if shutil.which("docker") is None:
        return "Docker is not installed"
    for command, expected in (
        (["info"], "the Docker daemon does not answer"),
        (["compose", "version"], "no Compose v2"),
    ):
        if subprocess.run(["docker", *command], capture_output=True, check=False).returncode:
            return expected
    return None


def _with_error(event: dict[str, Any]) -> str:
    error = event.get("error") or {}
    causes = [cause["message"] for cause in error.get("causes") or []]
    return " ".join(part for part in (event.get("message"), error.get("message"), *causes) if part).strip()


def _plain(run: dict[str, Any]) -> dict[str, Any]:
    return {
        **run,
        "assets": ["/".join(asset["path"]) for asset in run["assetSelection"] or []],
        "tags": {tag["key"]: tag["value"] for tag in run["tags"]},
    }


_FIELDS = "runId status jobName startTime endTime creationTime assetSelection { path } tags { key value }"
_RUNS = f"query($limit: Int!) {{ runsOrError(limit: $limit) {{ ... on Runs {{ results {{ {_FIELDS} }} }} }} }}"
_RUN = f"query($id: ID!) {{ runOrError(runId: $id) {{ ... on Run {{ {_FIELDS} }} }} }}"
_EVENTS = """
query($id: ID!, $after: String) {
  logsForRun(runId: $id, afterCursor: $after, limit: 1000) {
    ... on EventConnection {
      cursor
      hasMore
      events { FIELDS }
    }
  }
}
"""
_LAUNCH = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PipelineNotFoundError { message }
    ... on InvalidSubsetError { message }
    ... on UnauthorizedError { message }
  }
}
"""
