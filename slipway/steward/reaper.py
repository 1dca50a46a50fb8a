"""Removes containers that nobody needs any more, and stops those whose run Dagster has given up on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from dagster import DagsterInstance, RunsFilter

from slipway.runs.docker_edge import Engine
from slipway.steward.reaping import Act, RunState, decide
from slipway.steward.settings import Retention

logger = logging.getLogger(__name__)

_STOP_SECONDS = 10
_RUNS_A_QUERY = 200


class Reaper:
    def __init__(self, stack: str, instance: Callable[[], DagsterInstance], engine: Engine, keep: Retention) -> None:
        self._stack = stack
        self._instance = instance
        self._engine = engine
        self._keep = keep

    def reap(self) -> None:
        containers = self._engine.containers(self._stack)
        if not containers:
            return
        runs = self._states(sorted({container.run_id for container in containers}))
        for decision in decide(containers, runs, time.time(), self._keep):
            container = decision.container
            if decision.act is Act.STOP:
                logger.info("Container %s is stopped: %s.", container.name, decision.why)
                self._engine.stop(container.id, _STOP_SECONDS)
            elif self._engine.remove(container.id):
                logger.info("Container %s is removed: %s.", container.name, decision.why)

    def _states(self, run_ids: Sequence[str]) -> dict[str, RunState]:
        states = {}
        for some in _chunks(run_ids, _RUNS_A_QUERY):
            for record in self._instance().get_run_records(filters=RunsFilter(run_ids=list(some))):
                run = record.dagster_run
                # A run that was canceled in the queue has no time of its end.
                ended = record.end_time or record.update_timestamp.timestamp() if run.is_finished else None
                states[run.run_id] = RunState(run.status.value, ended)
        return states


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
