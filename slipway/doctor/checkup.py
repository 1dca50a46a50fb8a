"""All checks, in the order in which what is wrong has to be put right."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Iterator, Mapping
from pathlib import Path

from slipway.doctor.certificates import look_at_certificate
from slipway.doctor.checkout import COMPOSE_FILE, MOUNTED, judge_mounted_folder, look_at, look_at_checkout
from slipway.doctor.clock import look_at_engine_clock
from slipway.doctor.command import NOT_THERE, Run, runner
from slipway.doctor.consistency import judge_together
from slipway.doctor.engine import (
    SOCKET,
    Engine,
    judge_buildx,
    judge_compose,
    judge_daemon,
    look_at_engine,
    look_at_socket,
)
from slipway.doctor.finding import Finding, Level, skipped
from slipway.doctor.given import look_at_given
from slipway.doctor.host import look_at_host
from slipway.doctor.images import judge_images, look_at_images
from slipway.doctor.leftovers import look_at_run_containers, look_at_volumes
from slipway.doctor.outside import look_outside
from slipway.doctor.port import look_at_port
from slipway.doctor.project import Project, Variables, look_at_project, read_variables, runs_at_once
from slipway.doctor.services import judge_services, look_at_containers
from slipway.doctor.variables import judge_variables, tls_kinds


def examine(checkout: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything, one finding after the other; nothing is changed.

    Args:
        checkout: the folder with docker-compose.yaml.
        environ: the variables of whoever would call `docker compose` there.
    """
    checkout = checkout.absolute()
    there = look_at_checkout(checkout)
    run = runner(checkout if checkout.is_dir() else Path.cwd(), environ)
    variables = read_variables(checkout, environ)
    engine = look_at_engine(run)
    yield from _docker(run, engine, environ, variables)
    yield from look_at_host(
        engine, variables.get("SLIPWAY_RUN_MEMORY"), variables.get("SLIPWAY_RUN_CPUS"), runs_at_once(checkout)
    )
    yield there
    if not (checkout / COMPOSE_FILE).is_file():
        return
    malformed = judge_variables(variables, tls_kinds(_text(checkout / MOUNTED)))
    yield from malformed
    well_formed = all(finding.level != Level.PROBLEM for finding in malformed)
    if well_formed:
        yield from judge_together(variables)
    project = Project()
    if "compose" in engine.plugins:
        project, finding = look_at_project(run)
        yield finding
    stack = project.name or variables.get("COMPOSE_PROJECT_NAME") or "slipway"
    yield from look_at_given(checkout, variables)
    yield from look_at_certificate(checkout, variables)
    yield from _landing(checkout, variables)
    if well_formed:
        yield _port(run, engine, variables, stack)
        yield from look_outside(variables)
    if engine.answers and project.name:
        yield from _stack(run, project, variables)


def _docker(run: Run, engine: Engine, environ: Mapping[str, str], variables: Variables) -> Iterator[Finding]:
    yield judge_daemon(engine, _user())
    if not engine.client:
        return
    yield judge_compose(engine, run("docker-compose", "version", seconds=10).code != NOT_THERE)
    yield judge_buildx(engine, environ)
    yield look_at_socket(variables.get("SLIPWAY_DOCKER_SOCKET") or SOCKET, engine)
    if engine.answers:
        yield look_at_engine_clock(engine.time, dt.datetime.now(dt.UTC))


def _landing(checkout: Path, variables: Variables) -> Iterator[Finding]:
    """Nothing, where the folder that may be mounted is there."""
    variable = "SLIPWAY_LANDING_FOLDER"
    if named := variables.get(variable):
        is_default = not variables.is_set(variable)
        if finding := judge_mounted_folder("landing", variable, named, is_default, look_at(checkout / named)):
            yield finding


def _port(run: Run, engine: Engine, variables: Variables, stack: str) -> Finding:
    if not engine.is_local:
        return skipped("port", "Docker is on another machine: its ports cannot be tried from here.")
    bind, port = variables.get("SLIPWAY_BIND"), int(variables.get("SLIPWAY_PORT"))
    return look_at_port(run, bind, port, stack, ask_docker=engine.answers)


def _stack(run: Run, project: Project, variables: Variables) -> Iterator[Finding]:
    containers = look_at_containers(run, project.name)
    yield from judge_services(containers, [name for name, service in project.services.items() if service.wanted])
    yield from judge_images(project, look_at_images(run, project), containers)
    started = any(container.state == "running" for container in containers)
    yield look_at_run_containers(run, project.name, variables, started=started)
    yield look_at_volumes(run, project.name)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "this user"
