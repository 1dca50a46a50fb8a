"""Which runs are in trouble, from the list of their containers and of the runs that are under way. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum

from slipway.runs.containers import Container, newest_of_each_run


class Condition(Enum):
    """What is wrong, and for how many seconds it has to be seen before it counts."""

    ENDED = "its container has ended, and the run has not"
    NEVER_STARTED = "its container was created, and not started"
    GONE = "its container is not there any more"
    NEVER_CREATED = "it waits for a container, and none was created"
    OVERDUE = "it was told to end, and its stop timeout has passed"


_PATIENCE = {
    # The run's last events are stored before its process ends: one more look is enough.
    Condition.ENDED: 1.0,
    # A start takes a fraction of a second. Who acts on this removes the container first, which waits for a start that
    # is under way and then is refused: so a start that takes long is not taken for none.
    Condition.NEVER_STARTED: 4.0,
    Condition.GONE: 3.0,
    # As long as a launcher may wait for the engine's answers.
    Condition.NEVER_CREATED: 60.0,
}

CANCELING = "CANCELING"
STARTING = "STARTING"


@dataclass(frozen=True)
class ActiveRun:
    """A run in STARTING, STARTED or CANCELING.

    Attributes:
        launched: it is known that a container was created for it. Not so for runs that somebody executes in a process
            of their own, and for one whose container is about to be created.
    """

    run_id: str
    status: str
    launched: bool


@dataclass(frozen=True)
class Finding:
    condition: Condition
    run_id: str
    container: Container | None = None

    @property
    def patience(self) -> float:
        if self.condition is Condition.OVERDUE and self.container:
            return self.container.stop_timeout
        return _PATIENCE[self.condition]


def findings(containers: Iterable[Container], runs: Iterable[ActiveRun]) -> list[Finding]:
    """What is wrong at this moment, and may be right in the next."""
    newest = newest_of_each_run(containers)
    found = [_finding(run, newest.get(run.run_id)) for run in runs]
    return [finding for finding in found if finding]


def _finding(run: ActiveRun, container: Container | None) -> Finding | None:
    if container is None:
        if run.launched:
            return Finding(Condition.GONE, run.run_id)
        # A run that is under way without a container of ours is somebody else's.
        return Finding(Condition.NEVER_CREATED, run.run_id) if run.status in (STARTING, CANCELING) else None
    if container.ended:
        return Finding(Condition.ENDED, run.run_id, container)
    if container.state == "created":
        return Finding(Condition.NEVER_STARTED, run.run_id, container)
    if container.running and run.status == CANCELING:
        return Finding(Condition.OVERDUE, run.run_id, container)
    return None


class Patience:
    """Remembers since when each finding has been seen, look after look."""

    def __init__(self) -> None:
        self._since: dict[tuple[Condition, str, str], float] = {}

    def due(self, found: Collection[Finding], now: float) -> list[Finding]:
        """Those that have been there long enough; what is not found this time is forgotten.

        Args:
            now: monotonic seconds.
        """
        seen = {_key(finding): finding for finding in found}
        self._since = {key: self._since.get(key, now) for key in seen}
        return [finding for key, finding in seen.items() if now - self._since[key] >= finding.patience]

    def forget(self) -> None:
        """After a look that failed: what went on meanwhile is not known."""
        self._since.clear()


def _key(finding: Finding) -> tuple[Condition, str, str]:
    return finding.condition, finding.run_id, finding.container.id if finding.container else ""


def to_look_into(containers: Iterable[Container], active: Collection[str], settled: Collection[str]) -> list[Container]:
    """Ended containers of runs that are over, not looked into yet: the kernel may have killed one of their steps.

    Args:
        active: ids of runs under way.
        settled: ids of containers that have been looked into.
    """
    return [one for one in containers if one.ended and one.run_id not in active and one.id not in settled]


def still_there(settled: Collection[str], containers: Iterable[Container]) -> set[str]:
    return set(settled) & {container.id for container in containers}
