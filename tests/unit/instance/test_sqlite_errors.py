"""What is said when the file cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as db
from dagster import DagsterInvariantViolationError

from slipway.instance import SqliteStorage, StorageUnavailableError
from tests.unit.instance.sqlite_workers import ASSET, materialization


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(str(tmp_path))
    yield storage
    storage.dispose()


def set_pragma(storage: SqliteStorage, pragma: str) -> None:
    # The pool gives the same connection to the next statement of this thread.
    with storage.event_log_storage.index_connection() as connection:
        connection.exec_driver_sql(f"PRAGMA {pragma}")


def test_a_full_disk(tmp_path: Path, storage: SqliteStorage) -> None:
    log = storage.event_log_storage
    log.store_event(materialization("run", "before"))
    set_pragma(storage, "max_page_count=1")  # SQLite takes the present size, and answers FULL

    with pytest.raises(StorageUnavailableError) as raised:
        log.store_event_batch([materialization("run", str(number)) for number in range(500)])

    assert str(tmp_path / "dagster.db") in str(raised.value)
    assert "The disk is full. Free some space" in str(raised.value)
    assert log.get_materialized_partitions(ASSET) == {"before"}
    set_pragma(storage, "max_page_count=1000000")
    log.store_event(materialization("run", "after"))
    assert log.get_materialized_partitions(ASSET) == {"before", "after"}


def test_a_read_only_file(storage: SqliteStorage) -> None:
    set_pragma(storage, "query_only=ON")
    with pytest.raises(StorageUnavailableError, match="Let this user write to the file"):
        storage.run_storage.set_cursor_values({"key": "value"})


def test_a_lock_that_does_not_end(tmp_path: Path, storage: SqliteStorage) -> None:
    set_pragma(storage, "busy_timeout=50")
    with sqlite3.connect(tmp_path / "dagster.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailableError, match="Other processes kept it locked"):
            storage.event_log_storage.store_event(materialization("run", "x"))


def test_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "dagster.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageUnavailableError, match="not an SQLite database"):
        SqliteStorage(str(tmp_path))


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailableError, match="cannot be created"):
        SqliteStorage(str(tmp_path / "file" / "below"))


def test_a_relative_folder() -> None:
    with pytest.raises(DagsterInvariantViolationError, match="absolute path, found 'relative'"):
        SqliteStorage("relative")


def test_other_errors_stay_as_they_are(storage: SqliteStorage) -> None:
    with (
        pytest.raises(db.exc.OperationalError, match="no such table"),
        storage.event_log_storage.index_connection() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM missing")
