"""Run containers as their engine describes them: who they belong to, and what became of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.runs.deaths import Worker
from slipway.runs.limits import Limits

STACK_LABEL = "slipway.stack"
LOCATION_LABEL = "slipway.location"
STOP_TIMEOUT_LABEL = "slipway.stop_timeout"
RUN_LABEL = "dagster/run_id"
JOB_LABEL = "dagster/job_name"

STOP_TIMEOUT = 30
"""Seconds between SIGTERM and SIGKILL where the container context gives no `stop_timeout`."""

_NANO = 1_000_000_000


@dataclass(frozen=True)
class Container:
    """One line of the engine's list.

    Attributes:
        state: created, running, paused, restarting, removing, exited or dead.
        created: seconds since 1970, by the engine's clock.
    """

    id: str
    name: str
    state: str
    created: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> Container:
        """From one object of `GET /containers/json`."""
        names = listed.get("Names") or [""]
        return cls(
            listed["Id"], names[0].lstrip("/"), listed["State"], listed.get("Created", 0), listed.get("Labels") or {}
        )

    @property
    def run_id(self) -> str:
        return self.labels.get(RUN_LABEL, "")

    @property
    def ended(self) -> bool:
        return self.state in ("exited", "dead")

    @property
    def running(self) -> bool:
        return self.state in ("running", "paused", "restarting")

    @property
    def stop_timeout(self) -> float:
        """Seconds that it has between SIGTERM and SIGKILL."""
        try:
            return float(self.labels[STOP_TIMEOUT_LABEL])
        except (KeyError, ValueError):
            return STOP_TIMEOUT


def newest_of_each_run(containers: Iterable[Container]) -> dict[str, Container]:
    """By run id. A resumed run has several containers, and only the last one speaks for it."""
    newest: dict[str, Container] = {}
    for container in sorted(containers, key=lambda container: container.created):
        newest[container.run_id] = container
    return newest


def container_name(stack: str, run_id: str, attempt: int = 1) -> str:
    """`<stack>-run-<first 8 of the run id>`, with `-2`, `-3` ... where that is taken, as when a run is resumed."""
    return f"{stack}-run-{run_id[:8]}" + (f"-{attempt}" if attempt > 1 else "")


def is_container_name_of(run_id: str, name: str | None) -> bool:
    """Whether a run's tag names its own container: a re-executed run begins with the tags of its parent."""
    return f"-run-{run_id[:8]}" in (name or "")


def limits_in(inspected: Mapping[str, Any]) -> Limits:
    """The limits that a container really has, from `GET /containers/<id>/json`."""
    host = inspected.get("HostConfig") or {}
    nano = host.get("NanoCpus") or 0
    return Limits(host.get("Memory") or None, nano / _NANO if nano else None)


def worker_of(inspected: Mapping[str, Any] | None, log: Sequence[str] = (), load_error: str = "") -> Worker:
    """What a container tells about the process that was in it; None: the engine does not know it any more."""
    if inspected is None:
        return Worker(gone=True)
    state = inspected.get("State") or {}
    limits = limits_in(inspected)
    if state.get("Status") == "created":
        error = state.get("Error") or "it was created, and who should have started it has ended before"
        return Worker(started=False, error=error, limits=limits, log=log)
    return Worker(
        exit_code=state.get("ExitCode"),
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        load_error=load_error,
        limits=limits,
        log=log,
    )
