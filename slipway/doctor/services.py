"""The stack's services, if they were started: each one's state, with its own health check's words as the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.doctor.command import Run
from slipway.doctor.finding import Finding, ok, one_line, problem, skipped, warning

_INIT = "init"
_NOT_LOADED = "do not load"


@dataclass(frozen=True)
class Container:
    """What `docker inspect` tells of a service's container.

    Attributes:
        state: created, running, restarting, exited, paused, dead.
        health: healthy, starting, unhealthy; empty: it has no check.
        told: what the last failed health check said.
        log: the last line of its log, where it is not running.
        image: id of the image that it was made of.
        image_name: by which name it was asked for.
    """

    service: str
    state: str
    health: str = ""
    told: str = ""
    exit_code: int = 0
    out_of_memory: bool = False
    log: str = ""
    image: str = ""
    image_name: str = ""


def look_at_containers(run: Run, stack: str) -> list[Container]:
    """The containers that Compose made for the services of this project; run containers are none of them."""
    project, own = f"label=com.docker.compose.project={stack}", "label=com.docker.compose.oneoff=False"
    ids = run("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", project, "--filter", own).output.split()
    if not ids:
        return []
    try:
        inspected: list[dict[str, Any]] = json.loads(run("docker", "inspect", *ids).output)
    except ValueError:
        return []
    return [read_container(each, _log(run, each)) for each in inspected]


def _log(run: Run, inspected: Mapping[str, Any]) -> str:
    if inspected["State"]["Status"] in ("running", "created"):
        return ""
    told = run("docker", "logs", "--tail", "5", inspected["Id"], seconds=10)
    lines = [line for line in (told.output + told.errors).splitlines() if line.strip()]
    # The two streams come apart: what went wrong is on the second.
    errors = [line for line in told.errors.splitlines() if line.strip()]
    return one_line((errors or lines or [""])[-1])


def read_container(inspected: Mapping[str, Any], log: str) -> Container:
    state, config = inspected["State"], inspected["Config"]
    health = state.get("Health") or {}
    failed = [check["Output"] for check in health.get("Log") or [] if check.get("ExitCode")]
    return Container(
        service=config["Labels"]["com.docker.compose.service"],
        state=state["Status"],
        health=health.get("Status", ""),
        told=one_line(failed[-1]) if failed else "",
        exit_code=state.get("ExitCode", 0),
        out_of_memory=bool(state.get("OOMKilled")),
        log=log,
        image=inspected.get("Image", ""),
        image_name=config.get("Image", ""),
    )


def judge_services(containers: Sequence[Container], wanted: Sequence[str]) -> list[Finding]:
    """One finding for each service that is not well, and one for those that are.

    Args:
        wanted: services that should be there.
    """
    if not containers:
        return [skipped("services", "The stack is not started: `docker compose up -d --wait` does.")]
    by_name = {container.service: container for container in containers}
    failed_init = (init := by_name.get(_INIT)) is not None and init.state == "exited" and init.exit_code != 0
    found, well = [], []
    for service in wanted:
        container = by_name.get(service)
        if container is None or container.state == "created":
            if failed_init:
                found.append(skipped(service, "It waits for init."))
            else:
                found.append(problem(service, f"There is no {service} running: `docker compose up -d --wait`."))
        elif finding := judge_service(container):
            found.append(finding)
        else:
            well.append(service)
    if well:
        found.insert(0, ok("services", f"{len(well)} of {len(wanted)} are well: {', '.join(well)}."))
    return found


def judge_service(one: Container) -> Finding | None:
    """None if it is well."""
    name, logs = one.service, f"`docker compose logs {one.service}`"
    if one.state == "running":
        if one.health == "unhealthy":
            return problem(name, f"{name} is not well ({_sentence(one.told)}): {_fix(one, logs)}.")
        if one.health == "starting":
            said = f" ({one.told})" if one.told else ""
            return warning(name, f"{name} is still starting{said}: look again in a minute, or see {logs}.")
        return None
    if name == _INIT and one.state == "exited":
        if one.exit_code == 0:
            return None
        reason = one.log.removeprefix("init: ") or f"see {logs}"
        return problem(
            name, f"init ended with exit code {one.exit_code} ({reason}): put it right, then `docker compose up -d`."
        )
    if one.state == "paused":
        return problem(name, f"{name} is paused: `docker compose unpause {name}`.")
    why = "for its memory limit" if one.out_of_memory else f"with exit code {one.exit_code}"
    again = " and starts again and again" if one.state == "restarting" else ""
    last = f" (its log ends: {one.log})" if one.log else ""
    return problem(name, f"{name} ended {why}{again}{last}: see {logs}, then `docker compose up -d`.")


def _sentence(told: str) -> str:
    return told or "its health check says nothing"


def _fix(one: Container, logs: str) -> str:
    if one.told.startswith("The definitions") and _NOT_LOADED in one.told:
        return f"correct its code, then `docker compose up -d --build {one.service}`"
    return f"see {logs}"
