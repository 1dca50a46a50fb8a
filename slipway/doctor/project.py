"""The compose project: its variables, as Compose takes them, and its services, as `docker compose config` tells."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from slipway.doctor.checkout import COMPOSE_FILE
from slipway.doctor.command import NO_ANSWER, Run, Told
from slipway.doctor.compose_file import expand, references
from slipway.doctor.finding import Finding, ok, one_line, problem, warning

_LOG = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Variables:
    """
    Attributes:
        values: what Compose puts in: the environment, then `.env`.
        in_file: names in `.env`.
        known: name -> default (None: none), of all that the compose files read.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    in_file: frozenset[str] = frozenset()
    known: Mapping[str, str | None] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """What the stack gets: the value, or the default."""
        return self.values.get(name) or expand(self.known.get(name) or "", self.values)

    def is_set(self, name: str) -> bool:
        return bool(self.values.get(name))


@dataclass(frozen=True)
class Service:
    image: str
    wanted: bool = True


@dataclass(frozen=True)
class Project:
    """
    Attributes:
        name: of the stack; empty if Compose cannot tell.
        services: those of the compose file, by name.
    """

    name: str = ""
    services: Mapping[str, Service] = field(default_factory=dict)


def read_variables(checkout: Path, environ: Mapping[str, str]) -> Variables:
    """An environment file that cannot be read holds nothing: `docker compose config` tells why."""
    in_file: dict[str, str] = {}
    for name in environ.get("COMPOSE_ENV_FILES", ".env").split(","):
        try:
            text = (checkout / name).read_text()
        except (OSError, UnicodeDecodeError):
            continue
        in_file.update({key: value or "" for key, value in dotenv_values(stream=io.StringIO(text)).items()})
    values = in_file | dict(environ)
    return Variables(values, frozenset(in_file), _known(checkout, values))


def _known(checkout: Path, values: Mapping[str, str]) -> dict[str, str | None]:
    """What is read; the main file first, because defaults are its."""
    named = (values.get("COMPOSE_FILE") or "").split(values.get("COMPOSE_PATH_SEPARATOR") or ":")
    others = [checkout / name for name in named if name]
    found: dict[str, str | None] = {}
    for path in [checkout / COMPOSE_FILE, *others, *sorted((checkout / "deploy" / "compose").glob("*.yaml"))]:
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        for reference in references(text):
            found[reference.name] = found.get(reference.name) or reference.default
    return found


def read_config(output: str) -> Project:
    """From what `docker compose config --format json` prints."""
    try:
        config: dict[str, Any] = json.loads(output)
    except ValueError:
        return Project()
    services = {
        name: Service(service.get("image", ""), service.get("scale", 1) != 0)
        for name, service in (config.get("services") or {}).items()
    }
    return Project(config.get("name", ""), services)


def look_at_project(run: Run) -> tuple[Project, Finding]:
    told = run("docker", "compose", "config", "--format", "json", seconds=60)
    project = read_config(told.output) if told.code == 0 else Project()
    return project, judge_config(told, project)


def judge_config(told: Told, project: Project) -> Finding:
    """Whether Compose reads its file with these variables, and warns of nothing."""
    if told.code == NO_ANSWER:
        return problem("configuration", f"`docker compose config` gives {told.errors}: call it yourself to see why.")
    if told.code or not project.name:
        return problem(
            "configuration",
            f"Compose does not read its file ({one_line(told.errors or told.output)}): correct the variable in .env or "
            "the environment, or the file.",
        )
    if warnings := _LOG.findall(told.errors):
        said = one_line(warnings[0].replace('\\"', '"'))
        return warning("configuration", f"Compose warns ({said}): set that variable, or leave it out of the file.")
    return ok("configuration", f"Compose reads {len(project.services)} services of the project {project.name}.")


def runs_at_once(checkout: Path) -> int:
    """max_concurrent_runs of dagster.yaml; 10, Dagster's own default, where it does not say."""
    try:
        found = yaml.safe_load((checkout / "dagster.yaml").read_text())
        number = found["concurrency"]["runs"]["max_concurrent_runs"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return 10
    return number if isinstance(number, int) else 10
