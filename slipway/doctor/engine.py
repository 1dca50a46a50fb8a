"""Docker itself: the client, its plugins, the daemon, and the socket that the stack mounts."""

from __future__ import annotations

import json
import platform
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.doctor.command import NO_ANSWER, NOT_THERE, Run
from slipway.doctor.finding import Finding, ok, one_line, problem, skipped, warning
from slipway.doctor.versions import Version, show, version_of

ENGINE: Version = (25,)
COMPOSE: Version = (2, 20, 2)
_NEEDS = "health checks with start_interval"
_INSTALL = "https://docs.docker.com/engine/install/"
SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class Engine:
    """What `docker info` tells.

    Attributes:
        client: whether there is a client.
        plugins: name -> version, of those that are installed.
        error: why the daemon does not answer; empty if it does.
        version: the daemon's.
        memory: bytes; 0: not known.
        root: folder of its data, on the machine where it runs.
        time: its clock, as ISO 8601.
        endpoint: where the client looks for it, such as unix:///var/run/docker.sock.
    """

    client: bool = True
    plugins: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    version: str = ""
    memory: int = 0
    processors: int = 0
    root: str = ""
    time: str = ""
    endpoint: str = ""

    @property
    def answers(self) -> bool:
        return self.client and not self.error

    @property
    def is_local(self) -> bool:
        return not self.endpoint or self.endpoint.startswith(("unix://", "npipe://"))


def look_at_engine(run: Run) -> Engine:
    told = run("docker", "info", "--format", "{{json .}}", seconds=15)
    if told.code == NOT_THERE:
        return Engine(client=False)
    endpoint = run("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").output.strip()
    if told.code == NO_ANSWER:
        return Engine(error=told.errors, endpoint=endpoint, plugins=_plugins_by_asking(run))
    return read_info(told.output, told.errors, endpoint)


def read_info(output: str, errors: str, endpoint: str) -> Engine:
    """From what `docker info --format '{{json .}}'` prints; with no daemon, it prints the client's part."""
    try:
        info: dict[str, Any] = json.loads(output)
    except ValueError:
        return Engine(error=one_line(errors or output) or "it says nothing", endpoint=endpoint)
    plugins = (info.get("ClientInfo") or {}).get("Plugins") or []
    version = info.get("ServerVersion") or ""
    told = " ".join(info.get("ServerErrors") or []) or errors
    return Engine(
        plugins={plugin["Name"]: plugin.get("Version", "") for plugin in plugins if not plugin.get("Err")},
        error="" if version else one_line(told) or "it says nothing",
        version=version,
        memory=info.get("MemTotal") or 0,
        processors=info.get("NCPU") or 0,
        root=info.get("DockerRootDir") or "",
        time=info.get("SystemTime") or "",
        endpoint=endpoint,
    )


def _plugins_by_asking(run: Run) -> dict[str, str]:
    compose = run("docker", "compose", "version", "--short", seconds=10)
    buildx = run("docker", "buildx", "version", seconds=10)
    found = {"compose": compose.output.strip()} if compose.code == 0 else {}
    return {**found, "buildx": "".join(buildx.output.split()[1:2])} if buildx.code == 0 else found


def judge_daemon(engine: Engine, user: str) -> Finding:
    """Whether there is a Docker that answers, and is new enough.

    Args:
        user: name of whoever asks.
    """
    if not engine.client:
        return problem("docker", f"There is no `docker` on this machine: install Docker Engine ({_INSTALL}).")
    where = engine.endpoint.removeprefix("unix://") or "its socket"
    if "permission denied" in engine.error.lower():
        return problem(
            "docker",
            f"Docker runs, but {user} may not open {where}: `sudo usermod -aG docker {user}`, then sign out and in.",
        )
    if engine.error:
        start = (
            "start it (`sudo systemctl start docker`, or Docker Desktop), or correct DOCKER_HOST or `docker "
            "context use`"
            if engine.is_local
            else "correct DOCKER_HOST or `docker context use`, or start it there"
        )
        return problem("docker", f"Docker does not answer at {where} ({engine.error}): {start}.")
    if version_of(engine.version) < ENGINE:
        return problem(
            "docker",
            f"Docker Engine is {engine.version}: expected {show(ENGINE)} or newer, for {_NEEDS}; update it "
            f"({_INSTALL}).",
        )
    if not engine.is_local:
        return warning(
            "docker",
            f"Docker Engine {engine.version} is on another machine ({engine.endpoint}), where this checkout has to be "
            "under the same path, because the stack mounts files of it: better run the stack there.",
        )
    return ok("docker", f"Engine {engine.version} answers at {where}.")


def judge_compose(engine: Engine, has_v1: bool) -> Finding:
    """
    Args:
        has_v1: whether there is a `docker-compose` of its own.
    """
    install = "install the plugin docker-compose-plugin (https://docs.docker.com/compose/install/)"
    if "compose" not in engine.plugins:
        if has_v1:
            return problem(
                "compose", f"There is an old `docker-compose` only, and the stack needs `docker compose`: {install}."
            )
        return problem("compose", f"There is no `docker compose`: {install}.")
    version = engine.plugins["compose"]
    if version_of(version) < COMPOSE:
        return problem(
            "compose",
            f"Docker Compose is {version}: expected {show(COMPOSE)} or newer, for {_NEEDS}; {install}.",
        )
    return ok("compose", f"Compose {version}.")


def judge_buildx(engine: Engine, environ: Mapping[str, str]) -> Finding:
    """The Dockerfile keeps pip's cache with `RUN --mount`, which only BuildKit knows."""
    if environ.get("DOCKER_BUILDKIT") == "0":
        return problem("buildx", "DOCKER_BUILDKIT=0 switches BuildKit off, and the Dockerfile needs it: unset it.")
    if "buildx" not in engine.plugins:
        return problem(
            "buildx",
            "There is no Buildx, and the Dockerfile needs BuildKit (RUN --mount): install the plugin "
            "docker-buildx-plugin (https://docs.docker.com/build/install-buildx/).",
        )
    return ok("buildx", f"Buildx {engine.plugins['buildx']}.")


def judge_socket(named: str, engine: Engine, kind: str, linked: bool) -> Finding:
    """The socket that the service docker-api mounts.

    Args:
        named: SLIPWAY_DOCKER_SOCKET.
        kind: what is there: "socket", "folder", "file" or "" for nothing.
        linked: whether it is the socket that the client itself uses.
    """
    if not engine.is_local:
        return skipped("socket", "Docker is on another machine: its socket cannot be seen from here.")
    own = engine.endpoint.removeprefix("unix://")
    right = f"SLIPWAY_DOCKER_SOCKET={own}" if own and own != named else "SLIPWAY_DOCKER_SOCKET to where Docker listens"
    if kind != "socket":
        found = f"a {kind} is" if kind else "nothing is"
        remove = " (Docker made it, where nothing was: remove it)" if kind == "folder" else ""
        return problem(
            "socket", f"{found.capitalize()} at {named} where Docker's socket should be{remove}: set {right}."
        )
    if not linked:
        return problem(
            "socket", f"The stack would mount {named}, and your Docker listens on {own}: set {right} in .env."
        )
    return ok("socket", f"{named} is a socket.")


def look_at_socket(named: str, engine: Engine) -> Finding:
    own = engine.endpoint.removeprefix("unix://")
    # In the virtual machine of Docker Desktop the socket is where it always is, wherever the client's is.
    if platform.system() != "Linux" or "/.docker/desktop/" in own:
        return skipped("socket", "Docker runs in a machine of its own: its socket there cannot be seen from here.")
    path = Path(named)
    try:
        linked = not own or not engine.endpoint.startswith("unix://") or path.samefile(own)
    except OSError:
        linked = True  # one of the two is not there, and then that is what is wrong
    return judge_socket(named, engine, _kind(path), linked)


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    return "socket" if stat.S_ISSOCK(mode) else "folder" if stat.S_ISDIR(mode) else "file"
