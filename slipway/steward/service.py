"""Tasks side by side, each at its own interval; what goes wrong in one is a line in the log, and stops no other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.steward.heartbeat import Heartbeat

logger = logging.getLogger(__name__)

_SAID_AGAIN_AFTER = 60.0
_LAST_ROUND = 2.0


@dataclass(frozen=True)
class Task:
    """Attributes:
    interval: seconds from the end of a round to the next.
    run: one round. An exception ends the round only. It may be cut off anywhere when the service ends.
    """

    name: str
    interval: float
    run: Callable[[], object]


class Service:
    def __init__(self, tasks: Sequence[Task], heartbeat: Path) -> None:
        self._tasks = tasks
        self._heartbeat = heartbeat

    def run(self, stop: threading.Event) -> None:
        """Run all tasks until `stop` is set; a round that is under way then has two seconds left."""
        heartbeat = Heartbeat(self._heartbeat, {task.name: task.interval for task in self._tasks})
        # Threads of their own: a task that takes minutes must not keep a dying run waiting.
        threads = [
            threading.Thread(target=_rounds, args=(task, heartbeat, stop), name=task.name, daemon=True)
            for task in self._tasks
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        deadline = time.monotonic() + _LAST_ROUND
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _rounds(task: Task, heartbeat: Heartbeat, stop: threading.Event) -> None:
    trouble = Trouble(task.name)
    while not stop.is_set():
        try:
            try:
                task.run()
            finally:
                heartbeat.beat(task.name)
        except Exception as error:
            trouble.met(error)
        else:
            trouble.over()
        stop.wait(task.interval)


class Trouble:
    """Says once a minute what keeps a task from its work, and once that it is over."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._said: tuple[str, float] | None = None

    def met(self, error: Exception) -> None:
        told = one_line(error)
        now = time.monotonic()
        if self._said is None or self._said[0] != told or now - self._said[1] > _SAID_AGAIN_AFTER:
            logger.warning("%s: %s", self._task, told)
            self._said = (told, now)
        logger.debug("%s", self._task, exc_info=error)

    def over(self) -> None:
        if self._said is not None:
            logger.info("%s: works again.", self._task)
            self._said = None


def one_line(error: Exception) -> str:
    """The first line of what an error says, with its type where that line alone would say little."""
    first = (str(error).strip().splitlines() or [""])[0]
    return first if first.endswith(".") else f"{type(error).__name__}: {first}".removesuffix(": ")
