"""Several processes and threads at one file, as run workers, daemon and web server are."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as db
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.schema import AssetKeyTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from slipway.instance import SqliteStorage
from tests.unit.instance import sqlite_assets, sqlite_workers
from tests.unit.instance.sqlite_workers import ASSET, materialization

PROCESSES = 4
ASSETS_FILE = sqlite_assets.__file__
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
EXECUTE = """
import sys, dagster as dg
from tests.unit.instance import sqlite_assets
ref = dg.deserialize_value(sys.argv[1], dg._core.instance.ref.InstanceRef)
with dg.DagsterInstance.from_ref(ref) as instance:
    result = dg.materialize([sqlite_assets.sales], instance=instance, partition_key="2026-01-04")
    print(result.run_id)
"""


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(str(tmp_path))
    yield storage
    storage.dispose()


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, sqlite_workers.prepare, (barrier,)) as pool:
        yield pool


def dagster_command(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *arguments],
        env={**ENVIRONMENT, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_processes_create_the_file_at_once_and_lose_no_event(processes: ProcessPoolExecutor, tmp_path: Path) -> None:
    events = 100
    jobs = [processes.submit(sqlite_workers.store_many, str(tmp_path), worker, events) for worker in range(PROCESSES)]
    for job in jobs:
        job.result(timeout=120)

    storage = SqliteStorage(str(tmp_path))
    log = storage.event_log_storage
    wanted = {f"{w}-{n}" for w in range(PROCESSES) for n in range(events)}
    assert log.get_materialized_partitions(ASSET) == wanted
    tags = log.get_latest_tags_by_partition(ASSET, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"])
    assert tags == {key: {"dagster/data_version": key} for key in wanted}
    for worker in range(PROCESSES):
        records = log.get_records_for_run(f"run {worker}").records
        stored = [record.event_log_entry.get_dagster_event().partition for record in records]
        assert stored == [f"{worker}-{number}" for number in range(events)]
    with log.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1
        assert connection.execute(db.select(db.func.count(AssetKeyTable.c.id))).scalar() == 1
    storage.dispose()


def test_a_pool_holds_across_processes(processes: ProcessPoolExecutor, tmp_path: Path, storage: SqliteStorage) -> None:
    log = storage.event_log_storage
    log.set_concurrency_slots("pool", 2)
    jobs = [processes.submit(sqlite_workers.take_slots, str(tmp_path), worker, 10) for worker in range(PROCESSES)]
    for job in jobs:
        job.result(timeout=120)
    info = log.get_concurrency_info("pool")
    assert (info.active_slot_count, info.pending_step_count) == (0, 0)


def test_a_step_that_queues_up_while_a_slot_becomes_free(
    tmp_path: Path, storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, other = storage.event_log_storage, SqliteStorage(str(tmp_path))
    log.set_concurrency_slots("pool", 1)
    assert log.claim_concurrency_slot("pool", "first", "step").is_claimed
    add_pending_step = log.add_pending_step

    with ThreadPoolExecutor(1) as pool:

        def add_when_the_slot_is_free(*arguments: Any, **options: Any) -> None:
            free = other.event_log_storage.free_concurrency_slot_for_step
            wait([pool.submit(free, "first", "step")], timeout=0.5)
            add_pending_step(*arguments, **options)

        monkeypatch.setattr(log, "add_pending_step", add_when_the_slot_is_free)
        assert not log.claim_concurrency_slot("pool", "second", "step").is_claimed
    assert log.claim_concurrency_slot("pool", "second", "step").is_claimed
    other.dispose()


def test_a_transaction_that_reads_before_another_one_writes(tmp_path: Path, storage: SqliteStorage) -> None:
    log, other = storage.event_log_storage, SqliteStorage(str(tmp_path))
    with log.index_connection():
        assert not log.has_asset_key(ASSET)
        other.event_log_storage.store_event(materialization("other", "x"))
        log.store_event(materialization("run", "y"))
    assert log.get_materialized_partitions(ASSET) == {"x", "y"}
    other.dispose()


def test_readers_do_not_wait_for_a_writer(storage: SqliteStorage) -> None:
    log = storage.event_log_storage
    with ThreadPoolExecutor(1) as pool, log.index_connection():
        log.store_event(materialization("run", "x"))
        read = pool.submit(log.get_materialized_partitions, ASSET)
        assert read.result(timeout=5) == set()
    assert log.get_materialized_partitions(ASSET) == {"x"}


def test_threads_share_the_storage(storage: SqliteStorage) -> None:
    log = storage.event_log_storage

    def store(worker: int) -> None:
        for number in range(20):
            log.store_event(materialization(f"run {worker}", f"{worker}-{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store, range(8)))
    assert len(log.get_materialized_partitions(ASSET)) == 160


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks exist on POSIX only")
def test_a_forked_child_opens_its_own_connections(storage: SqliteStorage) -> None:
    log = storage.event_log_storage
    log.store_event(materialization("parent", "before"))
    with log.index_connection() as connection:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                log.store_event(materialization("child", "child"))
                with log.index_connection() as own:
                    status = 0 if own is not connection else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
    log.store_event(materialization("parent", "after"))
    assert log.get_materialized_partitions(ASSET) == {"before", "child", "after"}
    with log.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_the_instance_reference_reaches_another_process(instance: DagsterInstance) -> None:
    text = dg.serialize_value(instance.get_ref())
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, text],
        env={key: value for key, value in ENVIRONMENT.items() if key != "PYTEST_CURRENT_TEST"}
        | {"DAGSTER_HOME": instance.root_directory},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = instance.get_run_by_id(done.stdout.strip())
    assert run is not None
    assert run.is_success
    sales = dg.AssetKey("sales")
    assert instance.event_log_storage.get_materialized_partitions(sales) == {"2026-01-04"}


def test_each_part_of_the_reference_opens_the_same_file(instance: DagsterInstance) -> None:
    run_id = dg.materialize([sqlite_assets.sales], instance=instance, partition_key="2026-01-04").run_id
    ref = dg.deserialize_value(dg.serialize_value(instance.get_ref()), InstanceRef)
    assert ref.storage_data is not None
    assert ref.storage_data.module_name == "slipway.instance"
    assert ref.storage_data.class_name == "SqliteStorage"
    # Older code reads the parts instead of the whole.
    assert ref.run_storage is not None
    assert ref.run_storage.has_run(run_id)
    assert ref.event_storage is not None
    assert ref.event_storage.get_logs_for_run(run_id)
    assert ref.schedule_storage is not None
    assert ref.schedule_storage.all_instigator_state() == []


def test_dagster_commands(home: Path, instance: DagsterInstance) -> None:
    dagster_command(
        home, "asset", "materialize", "-f", ASSETS_FILE, "--select", "revenue",
        "--partition-range", "2026-01-04...2026-01-08",
    )  # fmt: skip
    log = instance.event_log_storage
    assert len(log.get_materialized_partitions(dg.AssetKey("revenue"))) == 5
    (run,) = instance.get_runs()

    assert "SqliteStorage" in dagster_command(home, "instance", "info")
    dagster_command(home, "run", "delete", "--force", run.run_id)
    assert not instance.has_run(run.run_id)
    assert not log.get_materialized_partitions(dg.AssetKey("revenue"))

    dagster_command(home, "instance", "concurrency", "set", "warehouse", "3")
    assert log.get_concurrency_info("warehouse").slot_count == 3
    dg.materialize([sqlite_assets.sales], instance=instance, partition_key="2026-01-04")
    dagster_command(home, "run", "wipe", "--force")
    assert instance.get_runs_count() == 0


def test_dagster_migrates_an_old_file(home: Path, instance: DagsterInstance) -> None:
    run_id = dg.materialize([sqlite_assets.sales], instance=instance, partition_key="2026-01-04").run_id
    log = instance.event_log_storage
    assert isinstance(log, SqlEventLogStorage)
    with log.index_connection() as connection:
        connection.exec_driver_sql("DROP TABLE concurrency_limits")
        connection.exec_driver_sql("ALTER TABLE bulk_actions DROP COLUMN job_name")
        # the revision before these came
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ec80dd91891a'")
    instance.dispose()

    dagster_command(home, "instance", "migrate")

    with DagsterInstance.get() as migrated:
        version = migrated.event_log_storage.alembic_version()
        assert version is not None
        assert version[0] == version[1]
        migrated.event_log_storage.set_concurrency_slots("warehouse", 2)
        assert migrated.get_backfills() == []
        assert migrated.all_logs(run_id)
