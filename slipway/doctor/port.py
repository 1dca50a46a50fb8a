"""The one published port: free, ours, or somebody else's."""

from __future__ import annotations

import errno
import json
import re
import socket
from dataclasses import dataclass

from slipway.doctor.command import Run
from slipway.doctor.finding import Finding, ok, problem, skipped

_CHECK = "port"
_ANY = ("0.0.0.0", "[::]", "::")


@dataclass(frozen=True)
class Publisher:
    """A container that publishes the port."""

    name: str
    project: str = ""
    service: str = ""


@dataclass(frozen=True)
class Holder:
    """What is at the port.

    Attributes:
        state: "free", "taken", "no address" (the machine has no such address), "not allowed" (to look).
        container: which publishes it, if one does.
        process: such as "python3 (process 812)", if it can be told.
    """

    state: str
    container: Publisher | None = None
    process: str = ""


def judge_port(bind: str, port: int, stack: str, holder: Holder) -> Finding:
    """
    Args:
        stack: name of the compose project.
    """
    where = f"{bind}:{port}"
    publisher = holder.container
    if publisher and publisher.project == stack and publisher.service == "proxy":
        return ok(_CHECK, f"{where} is taken by the stack's own proxy.")
    change = "set SLIPWAY_PORT in .env to another"
    if publisher:
        return problem(
            _CHECK,
            f"{where} is taken by the container {publisher.name}: stop it (`docker stop {publisher.name}`), or "
            f"{change}.",
        )
    if holder.state == "no address":
        return problem(_CHECK, f"This machine has no address {bind}: correct SLIPWAY_BIND.")
    if holder.state == "taken":
        by = holder.process or f"another program (`sudo ss -ltnp sport = :{port}` names it)"
        return problem(_CHECK, f"{where} is taken by {by}: stop it, or {change}.")
    if holder.state == "not allowed":
        return skipped(_CHECK, f"Whether {where} is free only root can try; nothing answers there.")
    return ok(_CHECK, f"{where} is free.")


def look_at_port(run: Run, bind: str, port: int, stack: str, *, ask_docker: bool) -> Finding:
    container = _publisher(run, bind, port) if ask_docker else None
    state = _state(bind, port)
    process = _process(run, port) if state == "taken" and not container else ""
    return judge_port(bind, port, stack, Holder(state, container, process))


def publisher(output: str, bind: str, port: int) -> Publisher | None:
    """From lines of `docker ps --format '{{json .}}'`: whoever publishes this port on an address that is in the way."""
    for line in output.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        addresses = re.findall(rf"(\S+):{port}->", found.get("Ports", ""))
        if any(address == bind or address in _ANY or bind in _ANY for address in addresses):
            labels = dict(label.partition("=")[::2] for label in found.get("Labels", "").split(","))
            return Publisher(
                found.get("Names", ""),
                labels.get("com.docker.compose.project", ""),
                labels.get("com.docker.compose.service", ""),
            )
    return None


def _publisher(run: Run, bind: str, port: int) -> Publisher | None:
    told = run("docker", "ps", "--filter", f"publish={port}", "--no-trunc", "--format", "{{json .}}")
    return publisher(told.output, bind, port)


def _state(bind: str, port: int) -> str:
    host = bind.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As Docker does: what a finished connection left behind is not in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return "taken" if _answers(host, port) else "not allowed"
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return "no address"
            return "taken"
    return "free"


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port), 2).close()
    except OSError:
        return False
    return True


def _process(run: Run, port: int) -> str:
    """Who listens, if the system tells: it tells root of all, others of their own processes."""
    found = re.search(r'\("([^"]+)",pid=(\d+)', run("ss", "-Hltnp", f"sport = :{port}", seconds=5).output)
    if found:
        return f"{found[1]} (process {found[2]})"
    told = run("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc", seconds=10).output
    process, name = re.search(r"^p(\d+)", told, re.MULTILINE), re.search(r"^c(.+)", told, re.MULTILINE)
    return f"{name[1]} (process {process[1]})" if process and name else ""
