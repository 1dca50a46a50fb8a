"""The images: that they are there, whose they are, and that the services run those that the names now mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.doctor.command import Run
from slipway.doctor.finding import Finding, ok, problem, skipped, warning
from slipway.doctor.project import Project
from slipway.doctor.services import Container
from slipway.provision.settings import LOCATIONS

_CHECK = "images"
_LABEL = "slipway.location"


@dataclass(frozen=True)
class Image:
    id: str
    location: str = ""


def look_at_images(run: Run, project: Project) -> dict[str, Image]:
    """Name -> image, of those that are on this machine."""
    names = sorted({service.image for service in project.services.values() if service.wanted and service.image})
    if not names:
        return {}
    try:
        inspected: list[dict[str, Any]] = json.loads(run("docker", "image", "inspect", *names).output or "[]")
    except ValueError:
        return {}
    found = {}
    for each in inspected:
        labels = (each.get("Config") or {}).get("Labels") or {}
        for name in names:
            if any(same(name, tag) for tag in [*(each.get("RepoTags") or []), *(each.get("RepoDigests") or [])]):
                found[name] = Image(each["Id"], labels.get(_LABEL, ""))
    return found


def same(name: str, tag: str) -> bool:
    """Whether a name is that of a tag or digest, which may be written without registry and `latest`."""
    full = name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"
    return tag in (full, full.removeprefix("docker.io/"), full.removeprefix("docker.io/library/"))


def judge_images(project: Project, images: Mapping[str, Image], containers: Sequence[Container]) -> list[Finding]:
    wanted = {name: service.image for name, service in project.services.items() if service.wanted}
    found = [
        problem(
            _CHECK,
            f"{image} is not an image of the code location {name} (its label {_LABEL} is "
            f"{images[image].location or 'missing'}), so its runs are refused: `docker compose build {name}`.",
        )
        for name, image in wanted.items()
        if name in LOCATIONS and image in images and images[image].location != name
    ]
    old = sorted(
        one.service
        for one in containers
        if one.image_name == wanted.get(one.service)
        and one.image_name in images
        and one.image != images[one.image_name].id
        and one.state == "running"
    )
    other = sorted(
        one.service
        for one in containers
        if one.state == "running" and one.service in wanted and one.image_name != wanted[one.service]
    )
    if old:
        found.append(
            warning(
                _CHECK,
                f"{', '.join(old)} {'runs' if len(old) == 1 else 'run'} an older image than the name now means: "
                f"`docker compose up -d --no-deps --wait {' '.join(old)}`.",
            )
        )
    if other:
        found.append(
            warning(
                _CHECK,
                f"{', '.join(other)} {'was' if len(other) == 1 else 'were'} started from another image than the "
                "settings now name: `docker compose up -d`.",
            )
        )
    missing = sorted({image for image in wanted.values() if image not in images})
    if missing and not found:
        return [skipped(_CHECK, f"Not here yet, and built or pulled at the start: {', '.join(missing)}.")]
    if found or not wanted:
        return found
    run = ", and the services run them" if any(one.state == "running" for one in containers) else ""
    return [ok(_CHECK, f"{len(set(wanted.values()))} are here{run}.")]
