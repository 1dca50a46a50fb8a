"""Ends runs whose container is dead, within seconds, with the cause on their page."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from slipway.runs.arguments import CONTAINER_TAG
from slipway.runs.containers import Container, is_container_name_of, worker_of
from slipway.runs.deaths import LOG_LINES, Death, Worker, diagnose
from slipway.runs.docker_edge import Engine
from slipway.runs.load_errors import load_error
from slipway.runs.reports import container_facts, report_death, tell
from slipway.steward.watching import ActiveRun, Condition, Finding, Patience, findings, still_there, to_look_into

logger = logging.getLogger(__name__)

_UNDER_WAY = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]

_NEVER_CREATED = Death(
    "The run was to be launched, and no container was created for it within a minute: who launches runs has ended.",
    "Look whether the daemon is up, then start the run again.",
)


class Watcher:
    """One look is one request to the engine and one query, unless something is wrong.

    What it has told is kept with the run, so that a restart neither misses nor repeats anything. When the database or
    the engine does not answer, the look fails, and no run is touched.
    """

    def __init__(self, stack: str, instance: Callable[[], DagsterInstance], engine: Engine) -> None:
        self._stack = stack
        self._instance = instance
        self._engine = engine
        self._patience = Patience()
        self._settled: set[str] = set()

    def look(self) -> None:
        try:
            # Containers first: a run that has ended since is not taken for one that is under way without a container.
            containers = self._engine.containers(self._stack)
            active = self._active_runs()
        except Exception:
            self._patience.forget()
            raise
        errors: list[Exception] = []
        for finding in self._patience.due(findings(containers, active), time.monotonic()):
            try:
                self._act(finding)
            except Exception as error:  # one run's trouble must not keep the others waiting
                errors.append(error)
        self._look_into_finished(containers, {run.run_id for run in active})
        if errors:
            raise errors[0]

    def _active_runs(self) -> list[ActiveRun]:
        runs = self._instance().get_runs(filters=RunsFilter(statuses=_UNDER_WAY))
        return [
            ActiveRun(run.run_id, run.status.value, is_container_name_of(run.run_id, run.tags.get(CONTAINER_TAG)))
            for run in runs
        ]

    def _act(self, finding: Finding) -> None:
        container = finding.container
        if finding.condition is Condition.NEVER_CREATED:
            self._end(finding.run_id, _NEVER_CREATED)
        elif container is None:
            self._end(finding.run_id, diagnose(Worker(gone=True)))
        elif finding.condition is Condition.OVERDUE:
            logger.info("Run %s was told to end and has not: its container is killed.", finding.run_id)
            self._engine.kill(container.id, "SIGKILL")
        else:
            self._end_with_evidence(finding.condition, container)

    def _end_with_evidence(self, condition: Condition, container: Container) -> None:
        inspected = self._engine.inspect(container.id)
        if inspected is None:
            return  # it went just now: the next look finds it gone
        log = self._engine.log(container.id, LOG_LINES)
        if condition is Condition.NEVER_STARTED and not self._engine.remove(container.id):
            return  # it was started just now
        self._end(container.run_id, diagnose(worker_of(inspected, log)), container, inspected)

    def _end(
        self, run_id: str, death: Death, container: Container | None = None, inspected: dict[str, object] | None = None
    ) -> None:
        facts = container_facts(container, inspected) if container else {}
        if report_death(self._instance(), run_id, death, facts):
            logger.info("Run %s: %s", run_id, death.cause)

    def _look_into_finished(self, containers: list[Container], active: set[str]) -> None:
        """Dagster has ended these runs itself, and does not tell that the kernel killed a step, or why code does not
        load: that is told afterwards."""
        self._settled = still_there(self._settled, containers)
        unsettled = to_look_into(containers, active, self._settled)
        if not unsettled:
            return
        ids = sorted({container.run_id for container in unsettled})
        runs = {run.run_id: run for run in self._instance().get_runs(filters=RunsFilter(run_ids=ids))}
        for container in unsettled:
            run = runs.get(container.run_id)
            if run is not None and not run.is_finished:
                continue
            if run is not None and run.status == DagsterRunStatus.FAILURE:
                self._tell_of_failed(run, container)
            self._settled.add(container.id)

    def _tell_of_failed(self, run: DagsterRun, container: Container) -> None:
        inspected = self._engine.inspect(container.id)
        if inspected is None:
            return
        unloaded = load_error(self._instance(), run.run_id)
        if unloaded or inspected["State"].get("OOMKilled"):
            death = diagnose(worker_of(inspected, self._engine.log(container.id, LOG_LINES), unloaded))
            tell(self._instance(), run, death, container_facts(container, inspected))
