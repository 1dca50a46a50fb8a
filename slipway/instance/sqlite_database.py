"""The SQLite file under `SqliteStorage`: its connections, transactions, schema and errors.

Exceptions::

    dagster.DagsterError
      StorageUnavailableError      the file cannot be opened, read or written, and what to do
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as db
from alembic.config import Config
from dagster import DagsterError
from dagster._core.storage.event_log import sqlite as event_log
from dagster._core.storage.event_log.schema import (
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.sql import (
    AlembicVersion,
    check_alembic_revision,
    get_alembic_config,
    run_alembic_upgrade,
    stamp_alembic_rev,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine


class StorageUnavailableError(DagsterError):
    """The database file cannot be opened, read or written; the message says what to do."""


_ADVICE = {
    sqlite3.SQLITE_FULL: "The disk is full. Free some space there; what was stored is still there.",
    sqlite3.SQLITE_READONLY: "It is read-only. Let this user write to the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "It cannot be opened. Let this user write to the file and its folder.",
    sqlite3.SQLITE_IOERR: "The disk failed. Look at the system's log and at the free space.",
    sqlite3.SQLITE_CORRUPT: "It is damaged. Put it back from a backup.",
    sqlite3.SQLITE_NOTADB: "It is not an SQLite database. Put it back from a backup.",
    sqlite3.SQLITE_BUSY: f"Other processes kept it locked for {SQLITE_BUSY_TIMEOUT_SECONDS} "
    "seconds. Look for one that hangs, or start fewer runs at a time.",
}


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except db.exc.DatabaseError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind
        if code not in _ADVICE:
            raise
        raise StorageUnavailableError(
            f"Dagster's database {path} refused a statement ({error.orig}). {_ADVICE[code]}"
        ) from error


class Database:
    """One SQLite file and its pool of connections, shared by the threads of a process.

    Reads see what is committed, hold nothing and wait for nobody. The first write begins with
    `BEGIN IMMEDIATE`, for which writers queue up until the busy timeout. So no transaction ever
    turns from a reading into a writing one, which SQLite refuses at once if another process has
    written in between, whatever the timeout.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reconnect()
        _OPEN.add(self)

    def reconnect(self) -> None:
        self._active = threading.local()
        self.engine = db.create_engine(
            URL.create("sqlite", database=str(self.path)),
            poolclass=db.QueuePool,
            max_overflow=-1,  # no thread waits for another one's connection
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "isolation_level": "IMMEDIATE"},
        )
        event.listen(self.engine, "connect", _prepare)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection that commits at the end; inside another one of the thread, that one.

        Dagster's classes open a second connection within a first one here and there: if both
        wrote, the thread would wait for itself.
        """
        outer = getattr(self._active, "connection", None)
        if outer is not None:
            yield outer
            return
        with _plain_errors(self.path), self.engine.begin() as connection:
            self._active.connection = connection
            try:
                yield connection
            finally:
                self._active.connection = None

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A transaction that keeps other writers out from its first read on."""
        with self.transaction() as connection:
            driver = connection.connection.driver_connection
            if driver is not None and not driver.in_transaction:
                driver.execute("BEGIN IMMEDIATE")
            yield connection

    def is_created(self) -> bool:
        with self.transaction() as connection:
            return db.inspect(connection).has_table("alembic_version") and bool(
                connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar()
            )

    @contextmanager
    def creation(self) -> Iterator[None]:
        """Create the tables of events, runs and schedules: all of it and what is in the block."""
        with _plain_errors(self.path), self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with self.exclusive() as connection:
            # An id must not come back when the newest events are deleted with their run: sensors
            # and the automation daemon go on from the last id that they saw.
            events = SqlEventLogStorageTable.to_metadata(db.MetaData())
            events.dialect_options["sqlite"]["autoincrement"] = True
            events.create(connection)
            SqlEventLogStorageMetadata.create_all(connection)
            RunStorageSqlMetadata.create_all(connection)
            ScheduleStorageSqlMetadata.create_all(connection)
            stamp_alembic_rev(_alembic_config(), connection)
            yield

    def upgrade(self) -> None:
        with self.transaction() as connection:
            run_alembic_upgrade(_alembic_config(), connection)

    def alembic_version(self) -> AlembicVersion:
        with self.transaction() as connection:
            return check_alembic_revision(_alembic_config(), connection)

    def dispose(self) -> None:
        """Close the connections; the next use opens new ones."""
        self.engine.dispose()


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()
_INHERITED: list[Engine] = []


def _reconnect_after_fork() -> None:
    # A process must neither use nor close a connection that it did not open.
    for database in _OPEN:
        _INHERITED.append(database.engine)
        database.reconnect()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reconnect_after_fork)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # In write-ahead mode this waits for the disk at a checkpoint only, not at each commit.
    connection.execute("PRAGMA synchronous=NORMAL")


def _alembic_config() -> Config:
    return get_alembic_config(event_log.__file__)
