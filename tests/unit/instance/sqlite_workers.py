"""What the other processes of the storage tests do; `spawn` imports it there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier

import dagster as dg
from dagster import DagsterEventType, EventLogEntry
from dagster._core.events import DagsterEvent, StepMaterializationData

from slipway.instance import SqliteStorage

ASSET = dg.AssetKey("a")


def materialization(run_id: str, partition: str) -> EventLogEntry:
    data = StepMaterializationData(
        dg.AssetMaterialization(ASSET, partition=partition, tags={"dagster/data_version": partition})
    )
    event = DagsterEvent(DagsterEventType.ASSET_MATERIALIZATION.value, "job", event_specific_data=data)
    return EventLogEntry(  # type: ignore[no-untyped-call]
        None, "INFO", "", run_id, time.time(), dagster_event=event
    )


_together: Barrier


def prepare(barrier: Barrier) -> None:
    """Called once in each worker of a pool; `barrier` lets their tasks begin together."""
    global _together
    _together = barrier


@contextmanager
def opened(base_dir: str) -> Iterator[SqliteStorage]:
    _together.wait(timeout=60)
    storage = SqliteStorage(base_dir)
    yield storage
    storage.dispose()


def store_many(base_dir: str, worker: int, events: int) -> None:
    """Store events one by one and in batches, and read between them as the UI does."""
    run_id = f"run {worker}"
    entries = [materialization(run_id, f"{worker}-{number}") for number in range(events)]
    with opened(base_dir) as storage:
        log = storage.event_log_storage
        for number in range(0, events, 10):
            log.store_event_batch(entries[number : number + 5])
            for one in entries[number + 5 : number + 10]:
                log.store_event(one)
            with log.index_connection():
                log.get_asset_records([ASSET])
                log.add_dynamic_partitions("d", [f"{worker}-{number}"])
            storage.run_storage.set_cursor_values({f"cursor {worker}": str(number)})
            assert len(log.get_records_for_run(run_id).records) == number + 10


def take_slots(base_dir: str, worker: int, times: int) -> None:
    """Take a slot of the pool, look that no more than two are taken, free it."""
    with opened(base_dir) as storage:
        log = storage.event_log_storage
        for number in range(times):
            run_id = f"run {worker}-{number}"
            deadline = time.monotonic() + 30
            while not log.claim_concurrency_slot("pool", run_id, "step").is_claimed:
                assert time.monotonic() < deadline, log.get_concurrency_info("pool")
                time.sleep(0.005)
            assert 1 <= log.get_concurrency_info("pool").active_slot_count <= 2
            log.free_concurrency_slot_for_step(run_id, "step")
            log.store_event(materialization(run_id, f"{worker}-{number}"))
