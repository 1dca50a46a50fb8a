"""Where a run executes: its limits, the launcher that gives it a container, and why it died.

`DockerRunLauncher` is named in `dagster.yaml` by `module: slipway.runs`. It, `Engine`, `resolve_image` and their errors
are imported when they are asked for, because an embedded deployment has neither Docker nor its libraries.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from slipway.runs.deaths import Death, Worker, diagnose
from slipway.runs.limits import CPUS_TAG, MEMORY_TAG, LimitError, Limits, limits_of

if TYPE_CHECKING:
    from slipway.runs.docker_edge import Engine, EngineError, EngineUnavailable
    from slipway.runs.docker_launcher import DockerRunLauncher
    from slipway.runs.images import ImageMissing, resolve_image

_NEEDS_DOCKER = {
    "DockerRunLauncher": "slipway.runs.docker_launcher",
    "Engine": "slipway.runs.docker_edge",
    "EngineError": "slipway.runs.docker_edge",
    "EngineUnavailable": "slipway.runs.docker_edge",
    "ImageMissing": "slipway.runs.images",
    "resolve_image": "slipway.runs.images",
}

__all__ = [
    "CPUS_TAG",
    "MEMORY_TAG",
    "Death",
    "DockerRunLauncher",
    "Engine",
    "EngineError",
    "EngineUnavailable",
    "ImageMissing",
    "LimitError",
    "Limits",
    "Worker",
    "diagnose",
    "limits_of",
    "resolve_image",
]


def __getattr__(name: str) -> Any:
    if name in _NEEDS_DOCKER:
        return getattr(importlib.import_module(_NEEDS_DOCKER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
