"""Which containers are stopped and which removed, from what became of their runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from slipway.runs.containers import Container
from slipway.steward.settings import Retention

_HOUR = 3600.0
_RUNS_ON = 60.0
"""Seconds for which a container may run on after the end of its run, while its process ends."""

_ORPHAN = _HOUR
SUCCESS = "SUCCESS"


class Act(Enum):
    STOP = "stop"
    REMOVE = "remove"


@dataclass(frozen=True)
class Decision:
    act: Act
    container: Container
    why: str


@dataclass(frozen=True)
class RunState:
    """Attributes:
    ended: seconds since 1970 when the run ended; None while it is under way.
    """

    status: str
    ended: float | None = None


def decide(
    containers: Iterable[Container], runs: Mapping[str, RunState], now: float, keep: Retention
) -> list[Decision]:
    """What to do now. Containers of runs that are under way are never touched.

    Args:
        runs: by run id, as far as Dagster knows them.
        now: seconds since 1970.
    """
    decisions: list[Decision] = []
    finished: dict[bool, list[tuple[float, Container]]] = {True: [], False: []}
    for container in containers:
        run = runs.get(container.run_id)
        if run is None:
            if now - container.created > _ORPHAN:
                act = Act.STOP if container.running else Act.REMOVE
                decisions.append(Decision(act, container, "Dagster does not know its run"))
        elif run.ended is None or now - run.ended <= _RUNS_ON:
            continue
        elif container.running:
            decisions.append(Decision(Act.STOP, container, f"its run is over ({run.status}), and it runs on"))
        elif container.state != "removing":
            finished[run.status == SUCCESS].append((run.ended, container))
    return [
        *decisions,
        *_beyond(finished[True], now, keep.hours, keep.most, "succeeded"),
        *_beyond(finished[False], now, keep.failed_hours, keep.most_failed, "did not succeed"),
    ]


def _beyond(
    finished: list[tuple[float, Container]], now: float, hours: float, most: int, what: str
) -> Iterable[Decision]:
    newest_first = sorted(finished, key=lambda one: (one[0], one[1].created), reverse=True)
    for place, (ended, container) in enumerate(newest_first):
        if now - ended > hours * _HOUR:
            yield Decision(Act.REMOVE, container, f"its run {what} more than {hours:g} h ago")
        elif place >= most:
            yield Decision(Act.REMOVE, container, f"{most} newer ones of runs that {what} are kept")
