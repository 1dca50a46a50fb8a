"""Batches leave the same rows as Dagster's own storage leaves, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as db
from dagster import DagsterEventType, EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    StepMaterializationData,
)
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.instance import SqliteStorage

_assets = st.sampled_from(["a", "b"])
_runs = st.sampled_from(["run 1", "run 2"])
_partitions = st.sampled_from([None, "x", "y"])
_kinds = st.sampled_from(["log", "plan", "materialize", "observe", "plan check", "check"])
_steps = st.lists(st.tuples(_kinds, _assets, _runs, _partitions), min_size=1, max_size=15)


def entry(number: int, kind: str, asset: str, run: str, partition: str | None) -> EventLogEntry:
    key = dg.AssetKey(asset)
    tags = {"dagster/data_version": str(number), "not-indexed": "x"}
    data: dict[str, tuple[DagsterEventType, Any]] = {
        "plan": (
            DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
            AssetMaterializationPlannedData(key, partition=partition),
        ),
        "materialize": (
            DagsterEventType.ASSET_MATERIALIZATION,
            StepMaterializationData(dg.AssetMaterialization(key, partition=partition, tags=tags)),
        ),
        "observe": (
            DagsterEventType.ASSET_OBSERVATION,
            AssetObservationData(dg.AssetObservation(key, partition=partition, tags=tags)),
        ),
        "plan check": (
            DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
            AssetCheckEvaluationPlanned(
                asset_key=key,
                check_name="check",
                partitions_subset=DefaultPartitionsSubset({partition}) if partition else None,
            ),
        ),
        "check": (
            DagsterEventType.ASSET_CHECK_EVALUATION,
            dg.AssetCheckEvaluation(asset_key=key, check_name="check", passed=number % 2 == 0, partition=partition),
        ),
    }
    event = None
    if kind != "log":
        event_type, specific = data[kind]
        event = DagsterEvent(event_type.value, job_name="job", event_specific_data=specific, message=kind)
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level="INFO",
        user_message=kind,
        run_id=run,
        timestamp=1_767_225_600.0 + number,
        job_name="job",
        dagster_event=event,
    )


def rows(log: SqlEventLogStorage, table: db.Table) -> list[dict[str, Any]]:
    with log.index_connection() as connection:
        columns = [column for column in table.c if column.name != "create_timestamp"]
        query = db.select(*columns).order_by(table.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def stored(log: SqlEventLogStorage) -> dict[str, list[dict[str, Any]]]:
    """All rows, with event ids counted from 1: only ours go on counting after a wipe."""
    events = rows(log, SqlEventLogStorageTable)
    before = events[0]["id"] - 1
    tables = {table.name: rows(log, table) for table in (AssetKeyTable, AssetEventTagsTable, AssetCheckExecutionsTable)}
    for row in [row for table in tables.values() for row in table]:
        del row["id"]
        for column in ("event_id", "evaluation_event_storage_id"):
            if column in row:
                row[column] -= before
        if row.get("last_materialization"):
            record = dg.deserialize_value(row["last_materialization"], dg.EventLogRecord)
            row["last_materialization"] = (record.storage_id - before, record.event_log_entry)
    tables["asset_keys"].sort(key=lambda row: row["asset_key"])
    return {"event_logs": [{**row, "id": row["id"] - before} for row in events], **tables}


@pytest.fixture(scope="module")
def logs(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SqlEventLogStorage, SqlEventLogStorage]]:
    storage = SqliteStorage(str(tmp_path_factory.mktemp("ours")))
    stock = ConsolidatedSqliteEventLogStorage(str(tmp_path_factory.mktemp("stock")))
    yield storage.event_log_storage, stock
    storage.dispose()


@given(steps=_steps, size=st.integers(1, 6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_store_what_single_events_store(
    logs: tuple[SqlEventLogStorage, SqlEventLogStorage],
    steps: Sequence[tuple[str, str, str, str | None]],
    size: int,
) -> None:
    assert_batches_store_what_single_events_store(*logs, steps, size)


def assert_batches_store_what_single_events_store(
    ours: SqlEventLogStorage,
    stock: SqlEventLogStorage,
    steps: Sequence[tuple[str, str, str, str | None]],
    size: int,
) -> None:
    """Our event log after batches of a size holds what Dagster's own holds after the same events one by one."""
    possible: list[tuple[str, str, str, str | None]] = []
    for step in steps:
        # A check is planned once a run and partition, and before it is evaluated.
        if step[0] != "plan check" or not any(
            "check" in earlier[0] and earlier[1:] == step[1:] for earlier in possible
        ):
            possible.append(step)
    events = [entry(number, *step) for number, step in enumerate(possible)]
    ours.wipe()
    stock.wipe()
    for start in range(0, len(events), size):
        ours.store_event_batch(events[start : start + size])
    for event in events:
        stock.store_event(event)
    assert stored(ours) == stored(stock)


def test_a_failed_batch_leaves_nothing(tmp_path: Path) -> None:
    storage = SqliteStorage(str(tmp_path))
    log = storage.event_log_storage
    plan = entry(1, "plan check", "a", "run", "x")
    with pytest.raises(db.exc.IntegrityError):
        log.store_event_batch([entry(0, "materialize", "a", "run", "x"), plan, plan])
    assert not log.get_records_for_run("run").records
    assert not log.has_asset_key(dg.AssetKey("a"))
    storage.dispose()


def test_a_check_planned_over_thousands_of_partitions(tmp_path: Path) -> None:
    storage = SqliteStorage(str(tmp_path))
    log = storage.event_log_storage
    days = dg.DailyPartitionsDefinition("2010-01-01", end_date="2026-01-01")
    keys = days.get_partition_keys()
    planned = AssetCheckEvaluationPlanned(
        asset_key=dg.AssetKey("a"),
        check_name="check",
        partitions_subset=days.empty_subset().with_partition_keys(keys).to_serializable_subset(),
    )
    event = DagsterEvent(DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value, "job", event_specific_data=planned)
    log.store_event(
        EventLogEntry(None, "INFO", "", "run", 1.0, dagster_event=event)  # type: ignore[no-untyped-call]
    )
    assert [row["partition"] for row in rows(log, AssetCheckExecutionsTable)] == keys
    storage.dispose()
