"""The events of a run arrive while another process executes it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, EventLogEntry
from dagster._core.utils import make_new_run_id

from slipway.instance import SqliteStorage
from tests.unit.instance.sqlite_workers import materialization

EXECUTE = """
import sys, dagster as dg
from tests.unit.instance import sqlite_assets
with dg.DagsterInstance.get() as instance:
    job = sqlite_assets.defs.resolve_implicit_global_asset_job_def()
    job.execute_in_process(
        run_id=sys.argv[1], instance=instance, asset_selection=[dg.AssetKey("slow")]
    )
"""


class Seen:
    """What a watch was called with, and when."""

    def __init__(self, fail_first: bool = False) -> None:
        self.entries: list[tuple[EventLogEntry, str, float]] = []
        self._fails = fail_first
        self._more = threading.Condition()

    def __call__(self, entry: EventLogEntry, cursor: str) -> None:
        with self._more:
            self.entries.append((entry, cursor, time.time()))
            self._more.notify_all()
        if self._fails and len(self.entries) == 1:
            raise RuntimeError("the browser has gone")

    def wait_for(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.entries) >= count, timeout=10)

    def partitions(self, count: int) -> list[str | None]:
        self.wait_for(count)
        return [entry.get_dagster_event().partition for entry, _, _ in self.entries]


def test_live_events_of_a_run_in_another_process(home: Path, instance: DagsterInstance) -> None:
    run_id = make_new_run_id()
    seen = Seen()
    instance.watch_event_logs(run_id, None, seen)
    process = subprocess.run(
        [sys.executable, "-c", EXECUTE, run_id],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ended = time.time()
    assert process.returncode == 0, process.stderr
    stored = instance.get_records_for_run(run_id).records
    seen.wait_for(len(stored))
    instance.end_watch_event_logs(run_id, seen)

    assert [entry for entry, _, _ in seen.entries] == [record.event_log_entry for record in stored]
    spoken = [(e.user_message, at) for e, _, at in seen.entries if "slow " in e.user_message]
    assert [message for message, _ in spoken] == [f"slow {number}" for number in range(5)]
    assert ended - spoken[0][1] > 1.0  # the asset sleeps for 2 seconds after its first line
    assert all(at - entry.timestamp < 1.5 for entry, _, at in seen.entries)


@pytest.fixture
def storages(tmp_path: Path) -> tuple[SqliteStorage, SqliteStorage]:
    """One that writes and one that watches, as two processes have them."""
    return SqliteStorage(str(tmp_path)), SqliteStorage(str(tmp_path))


def test_a_watch_goes_on_from_its_cursor(storages: tuple[SqliteStorage, SqliteStorage]) -> None:
    writer, reader = (storage.event_log_storage for storage in storages)
    writer.store_event(materialization("run", "known"))
    cursor = reader.get_records_for_run("run").cursor
    # Stored between the caller's last read and its watch, when nothing else changes any more.
    writer.store_event(materialization("run", "between"))
    seen, all_of_it = Seen(), Seen()
    reader.watch("run", cursor, seen)
    reader.watch("run", None, all_of_it)
    assert seen.partitions(1) == ["between"]
    assert all_of_it.partitions(2) == ["known", "between"]
    writer.store_event_batch([materialization("run", str(number)) for number in range(2_500)])
    writer.store_event(materialization("other run", "not mine"))
    assert seen.partitions(2_501) == ["between", *map(str, range(2_500))]
    assert seen.entries[-1][1] == reader.get_records_for_run("run").cursor
    for storage in storages:
        storage.dispose()


def test_a_failing_callback_and_an_ended_watch(
    storages: tuple[SqliteStorage, SqliteStorage],
) -> None:
    writer, reader = (storage.event_log_storage for storage in storages)
    ended, failing = Seen(), Seen(fail_first=True)
    reader.watch("run", None, ended)
    reader.watch("run", None, failing)
    reader.end_watch("run", ended)
    reader.end_watch("run", ended)
    writer.store_event_batch([materialization("run", "x"), materialization("run", "y")])
    assert failing.partitions(2) == ["x", "y"]
    assert not ended.entries

    reader.dispose()
    writer.store_event(materialization("run", "z"))
    assert not [t for t in threading.enumerate() if t.name == "sqlite-event-watch"]
    again = Seen()
    reader.watch("run", None, again)
    assert again.partitions(3) == ["x", "y", "z"]
    for storage in storages:
        storage.dispose()
