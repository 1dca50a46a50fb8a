"""What Dagster's users and daemons do with a storage, on a real instance from a `dagster.yaml`."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterEventType, DagsterInstance
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._daemon.types import DaemonHeartbeat
from dagster._time import get_current_timestamp

import slipway.instance
from tests.unit.instance import sqlite_assets
from tests.unit.instance.sqlite_assets import complete, revenue, sales

SALES = dg.AssetKey("sales")
COMPLETE = dg.AssetCheckKey(SALES, "complete")


def materialize_day(instance: DagsterInstance, day: str) -> dg.ExecuteInProcessResult:
    return dg.materialize([sales, complete], instance=instance, partition_key=day)


def materialize_range(instance: DagsterInstance, first: str, last: str) -> str:
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    return dg.materialize([sales, revenue], instance=instance, tags=tags).run_id


def test_public_names() -> None:
    assert slipway.instance.__all__ == sorted(slipway.instance.__all__)
    assert slipway.instance.__all__ == ["SqliteStorage", "StorageUnavailableError"]


def test_one_file_in_write_ahead_mode(home: Path, instance: DagsterInstance) -> None:
    materialize_day(instance, "2026-01-04")
    assert [path.name for path in home.rglob("*.db")] == ["dagster.db"]
    log = instance.event_log_storage
    assert isinstance(log, SqlEventLogStorage)
    with log.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_days_with_checks(instance: DagsterInstance) -> None:
    log = instance.event_log_storage
    run_ids = {day: materialize_day(instance, day).run_id for day in ("2026-01-03", "2026-01-04")}

    assert log.get_materialized_partitions(SALES) == {"2026-01-03", "2026-01-04"}
    tags = log.get_latest_tags_by_partition(SALES, DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"])
    assert tags == {day: {"dagster/data_version": f"of {day}"} for day in run_ids}
    history = log.get_asset_check_execution_history(COMPLETE, limit=10)
    assert {(record.partition, record.status, record.run_id) for record in history} == {
        ("2026-01-03", AssetCheckExecutionRecordStatus.FAILED, run_ids["2026-01-03"]),
        ("2026-01-04", AssetCheckExecutionRecordStatus.SUCCEEDED, run_ids["2026-01-04"]),
    }
    record = instance.get_asset_records([SALES])[0]
    assert record.asset_entry.last_run_id == run_ids["2026-01-04"]
    latest = instance.get_latest_materialization_event(SALES)
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.partition == "2026-01-04"
    runs = {record.dagster_run.run_id: record for record in instance.get_run_records()}
    assert {run_id: runs[run_id].dagster_run.status for run_id in run_ids.values()} == dict.fromkeys(
        run_ids.values(), dg.DagsterRunStatus.SUCCESS
    )
    assert all(record.start_time and record.end_time for record in runs.values())


@pytest.mark.parametrize("batch_size", ["0", "7"])
def test_a_range_in_one_run(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch, batch_size: str) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", batch_size)
    run_id = materialize_range(instance, "2026-01-05", "2026-01-24")

    log = instance.event_log_storage
    expected = {f"2026-01-{day:02}" for day in range(5, 25)}
    for asset in (SALES, dg.AssetKey("revenue")):
        assert log.get_materialized_partitions(asset) == expected
        planned = log.get_latest_planned_materialization_info(asset, "2026-01-10")
        assert planned is not None
        assert planned.run_id == run_id
    stats = instance.get_run_stats(run_id)
    assert stats.materializations == 2 * len(expected)
    assert [step.step_key for step in instance.get_run_step_stats(run_id)] == ["sales", "revenue"]


def test_automation_follows_new_events_only(instance: DagsterInstance) -> None:
    defs = sqlite_assets.defs
    first = dg.evaluate_automation_conditions(defs, instance)
    materialize_day(instance, "2026-01-04")
    second = dg.evaluate_automation_conditions(defs, instance, cursor=first.cursor)
    third = dg.evaluate_automation_conditions(defs, instance, cursor=second.cursor)
    assert second.get_requested_partitions(dg.AssetKey("revenue")) == {"2026-01-04"}
    assert third.total_requested == 0


def test_ids_do_not_come_back_after_a_deletion(instance: DagsterInstance) -> None:
    log = instance.event_log_storage
    kept = materialize_day(instance, "2026-01-04").run_id
    deleted = materialize_day(instance, "2026-01-05").run_id
    newest = log.get_maximum_record_id()
    assert newest is not None

    instance.delete_run(deleted)

    assert not instance.has_run(deleted)
    assert not instance.all_logs(deleted)
    assert instance.all_logs(kept)
    assert log.get_materialized_partitions(SALES) == {"2026-01-04"}
    after = instance.get_records_for_run(materialize_day(instance, "2026-01-06").run_id)
    assert after.records[0].storage_id > newest


def test_wiped_assets_and_a_wiped_instance(instance: DagsterInstance) -> None:
    materialize_day(instance, "2026-01-04")
    instance.add_dynamic_partitions("category", ["tea"])

    instance.wipe_assets([SALES])
    assert not instance.has_asset_key(SALES)
    assert instance.event_log_storage.get_materialized_partitions(SALES) == set()
    assert not instance.event_log_storage.get_asset_check_execution_history(COMPLETE, limit=1)

    materialize_day(instance, "2026-01-05")
    assert instance.event_log_storage.get_materialized_partitions(SALES) == {"2026-01-05"}

    instance.wipe()
    assert instance.get_runs_count() == 0
    assert instance.all_asset_keys() == []
    assert instance.get_dynamic_partitions("category") == []
    materialize_day(instance, "2026-01-06")
    assert instance.event_log_storage.get_materialized_partitions(SALES) == {"2026-01-06"}


def test_dynamic_partitions(instance: DagsterInstance) -> None:
    instance.add_dynamic_partitions("category", ["tea", "lamps"])
    instance.add_dynamic_partitions("category", ["lamps", "mugs"])
    instance.delete_dynamic_partition("category", "tea")
    assert instance.get_dynamic_partitions("category") == ["lamps", "mugs"]
    assert instance.has_dynamic_partition("category", "mugs")


def test_what_the_daemons_keep(instance: DagsterInstance) -> None:
    runs, schedules = instance.run_storage, instance.schedule_storage
    assert schedules is not None
    runs.set_cursor_values({"ASSET_DAEMON_CURSOR": "1", "other": "2"})
    runs.set_cursor_values({"ASSET_DAEMON_CURSOR": "3"})
    assert runs.get_cursor_values({"ASSET_DAEMON_CURSOR", "other"}) == {
        "ASSET_DAEMON_CURSOR": "3",
        "other": "2",
    }
    instance.add_daemon_heartbeat(DaemonHeartbeat(get_current_timestamp(), "SENSOR", "id", []))
    assert instance.get_daemon_heartbeats()["SENSOR"].daemon_id == "id"

    backfill = PartitionBackfill(
        backfill_id="b",
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={"owner": "me"},
        backfill_timestamp=get_current_timestamp(),
    )
    instance.add_backfill(backfill)
    done = backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS)  # type: ignore[no-untyped-call]
    instance.update_backfill(done)
    (stored,) = instance.get_backfills()
    assert stored.status == BulkActionStatus.COMPLETED_SUCCESS

    data = TickData("o", "sensor", InstigatorType.SENSOR, TickStatus.STARTED, 1.0, selector_id="s")
    tick = instance.create_tick(data)
    instance.update_tick(tick.with_status(TickStatus.SUCCESS))
    assert [tick.status for tick in instance.get_ticks("o", "s")] == [TickStatus.SUCCESS]
    assert schedules.get_batch_ticks(["s"], limit=1)["s"][0].tick_id == tick.tick_id


def test_pools(instance: DagsterInstance) -> None:
    log = instance.event_log_storage
    log.set_concurrency_slots("warehouse", 1)
    assert log.claim_concurrency_slot("warehouse", "run 1", "step").is_claimed
    assert not log.claim_concurrency_slot("warehouse", "run 2", "step").is_claimed
    log.free_concurrency_slot_for_step("run 1", "step")
    assert log.claim_concurrency_slot("warehouse", "run 2", "step").is_claimed
    assert log.get_concurrency_info("warehouse").active_slot_count == 1
    log.free_concurrency_slots_for_run("run 2")
    log.delete_concurrency_limit("warehouse")
    assert log.get_pool_limits() == []


def test_runless_reports(instance: DagsterInstance) -> None:
    bucket = dg.AssetKey("bucket")
    instance.report_runless_asset_event(
        dg.AssetMaterialization(bucket, partition="x", tags={"dagster/data_version": "v"})
    )
    instance.report_runless_asset_event(dg.AssetCheckEvaluation(asset_key=bucket, check_name="c", passed=True))
    log = instance.event_log_storage
    assert log.get_materialized_partitions(bucket) == {"x"}
    (record,) = log.get_asset_check_execution_history(dg.AssetCheckKey(bucket, "c"), limit=2)
    assert record.status == AssetCheckExecutionRecordStatus.SUCCEEDED


def test_reopened_after_dispose(home: Path, instance: DagsterInstance) -> None:
    run_id = materialize_day(instance, "2026-01-04").run_id
    instance.dispose()
    # The last connection to close takes the log into the file and removes it.
    assert not list(home.glob("dagster.db-*"))
    assert instance.has_run(run_id)
    with DagsterInstance.get() as other:
        assert other.has_run(run_id)
