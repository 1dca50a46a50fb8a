"""A death, told on the run's page: an event with cause, hint, log and figures, and the end of the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster import DagsterEvent, DagsterEventType, DagsterInstance, MetadataValue
from dagster._core.events import EngineEventData
from dagster._core.storage.dagster_run import DagsterRun, DagsterRunStatus
from dagster._core.storage.tags import MAX_RETRIES_TAG

from slipway.runs.containers import Container, limits_in
from slipway.runs.deaths import Death
from slipway.runs.limits import show_memory

CONTAINER_ID = "container id"
"""Metadata of the event: by it a second look at the same container knows that all has been told."""


def report_death(instance: DagsterInstance, run_id: str, death: Death, facts: Mapping[str, Any] | None = None) -> bool:
    """End a run whose process is dead, as failed, or as canceled if that was asked for.

    A run that has ended meanwhile is left as it is. May be called again after it was interrupted: nothing is told
    twice.

    Args:
        facts: of `container_facts`.

    Returns:
        Whether the run was still to be ended.
    """
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return False
    tell(instance, run, death, facts or {})
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, death.sentence)
    elif death.lasting:
        with _not_retried(instance, run):
            instance.report_run_failed(run, death.sentence)
    else:
        instance.report_run_failed(run, death.sentence)
    return True


def tell(instance: DagsterInstance, run: DagsterRun, death: Death, facts: Mapping[str, Any]) -> bool:
    """An event with all that is known; False if this container's death is told on the run's page already."""
    if CONTAINER_ID in facts and _is_told(instance, run.run_id, str(facts[CONTAINER_ID])):
        return False
    event = DagsterEvent(
        event_type_value=DagsterEventType.ENGINE_EVENT.value,
        job_name=run.job_name,
        message=str(death),
        event_specific_data=EngineEventData({name: _shown(value) for name, value in facts.items()}),
    )
    instance.report_dagster_event(event, run_id=run.run_id, log_level=logging.ERROR)
    return True


def container_facts(container: Container, inspected: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is worth a line of its own on the run's page."""
    facts: dict[str, Any] = {"container": container.name, CONTAINER_ID: container.id}
    if inspected is None:
        return facts
    state, limits = inspected.get("State") or {}, limits_in(inspected)
    if state.get("Status") != "created":
        facts |= {"exit code": int(state.get("ExitCode") or 0), "out of memory": bool(state.get("OOMKilled"))}
    facts["memory limit"] = show_memory(limits.memory) if limits.memory else "none"
    facts["processors"] = f"{limits.cpus:g}" if limits.cpus else "no limit"
    return facts


def _is_told(instance: DagsterInstance, run_id: str, container_id: str) -> bool:
    records = instance.get_records_for_run(run_id, of_type=DagsterEventType.ENGINE_EVENT).records
    for record in records:
        event = record.event_log_entry.dagster_event
        data = event.event_specific_data if event else None
        if isinstance(data, EngineEventData):
            told = data.metadata.get(CONTAINER_ID)
            if told is not None and told.value == container_id:
                return True
    return False


@contextmanager
def _not_retried(instance: DagsterInstance, run: DagsterRun) -> Iterator[None]:
    """Dagster decides about a retry while it stores the failure, by this tag.

    Afterwards the tag says again what held before: it goes over to whatever somebody re-executes from this run.
    """
    if not instance.run_retries_enabled:
        yield
        return
    instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: "0"})
    yield
    before = run.tags.get(MAX_RETRIES_TAG) or str(instance.run_retries_max_retries)
    instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: before})


def _shown(value: Any) -> MetadataValue[Any]:
    if isinstance(value, bool):
        return MetadataValue.bool(value)
    return MetadataValue.int(value) if isinstance(value, int) else MetadataValue.text(str(value))
