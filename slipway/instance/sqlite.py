"""Dagster's embedded storage in one SQLite file: connections stay open, one commit an event.

Dagster's own SQLite storage opens an engine and a connection for each statement, asks the schema
for its columns at each asset event, stores such events a second time in an index file, waits for
the disk at each commit and makes a database for each run. The classes here inherit what Dagster
does and change that::

    storage:
      custom:
        module: slipway.instance
        class: SqliteStorage
        config: {base_dir: /var/lib/dagster}        # or {env: DAGSTER_HOME}

A killed process loses nothing that it stored, a power cut may lose the last seconds, neither
damages the file. The folder must be on a local disk: write-ahead logs need shared memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Self

import sqlalchemy as db
from dagster import DagsterInstance, DagsterInvariantViolationError, EventLogEntry, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.event_api import EventHandlerFn
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, DagsterEventType
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sql import AlembicVersion
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value
from dagster._utils.concurrency import ConcurrencyClaimStatus
from filelock import FileLock
from sqlalchemy.engine import Connection

from slipway.instance.sqlite_database import Database, StorageUnavailableError
from slipway.instance.sqlite_watcher import EventWatcher

_FILE_NAME = "dagster.db"

_INSERT_EVENTS = SqlEventLogStorageTable.insert().returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
_OF_CHECK = ("asset_key", "check_name", "run_id", "partition")
_UPDATE_CHECK = AssetCheckExecutionsTable.update().where(
    *(AssetCheckExecutionsTable.c[name].is_not_distinct_from(db.bindparam(f"of_{name}")) for name in _OF_CHECK)
)
_UPDATE_ASSET = AssetKeyTable.update().where(AssetKeyTable.c.asset_key == db.bindparam("stored"))


class SqliteEventLog(SqlEventLogStorage):
    """The events of all runs in one table; ids grow with time, across runs and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watcher = EventWatcher(self, database)
        super().__init__()  # type: ignore[no-untyped-call]
        _ask_once(self, "has_table", "has_asset_key_col", "has_secondary_index")
        _ask_once(self, "_has_asset_key_col_on_connection")

    @contextmanager
    def index_connection(self) -> Iterator[Connection]:
        with self._database.transaction() as connection:
            yield connection

    @contextmanager
    def run_connection(self, run_id: str | None) -> Iterator[Connection]:  # noqa: ARG002
        with self._database.transaction() as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        with self._database.transaction() as connection:
            return bool(db.inspect(connection).has_table(table_name))

    def upgrade(self) -> None:
        self._database.upgrade()

    def alembic_version(self) -> AlembicVersion:
        return self._database.alembic_version()

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of any kind, and what the other tables keep of them, in one transaction."""
        rows = [self._event_to_row(event) for event in events]  # slow: before the file is locked
        with self._database.transaction() as connection:
            ids = connection.execute(_INSERT_EVENTS, rows).scalars().all()
            of_assets: list[tuple[EventLogEntry, int]] = []
            last: dict[tuple[str, DagsterEventType], tuple[EventLogEntry, int]] = {}
            for event, event_id in zip(events, ids, strict=True):
                kind = event.dagster_event_type
                if kind in ASSET_CHECK_EVENTS:
                    self.store_asset_check_event(event, event_id)
                elif kind in ASSET_EVENTS and (asset := _asset_of(event)):
                    of_assets.append((event, event_id))
                    # Kinds differ in the columns of the asset's row that they set; of a kind,
                    # the last event counts. A later kind comes later here, too.
                    last.pop((asset, kind), None)
                    last[asset, kind] = (event, event_id)
            if of_assets:
                self._store_asset_event_tags(connection, *zip(*of_assets, strict=True))
            for event, event_id in last.values():
                self._store_asset_event(connection, event, event_id)

    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        values = self._get_asset_entry_values(event, event_id, self._has_asset_key_index_cols_on_connection(conn))
        if not values:
            return
        asset = _asset_of(event)
        if conn.execute(_UPDATE_ASSET, {"stored": asset, **values}).rowcount == 0:
            conn.execute(AssetKeyTable.insert(), {"asset_key": asset, **values})

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        # Dagster's own writes out the event anew for each partition, in one statement: quadratic
        # in the partitions, and past some 3,600 of them too many parameters for SQLite.
        planned = event.get_dagster_event().asset_check_planned_data
        subset = planned.partitions_subset
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
            "evaluation_event_storage_id": event_id,
        }
        rows = [{**row, "partition": k} for k in (subset.get_partition_keys() if subset else [None])]
        with self._database.transaction() as connection:
            connection.execute(AssetCheckExecutionsTable.insert(), rows)

    def _update_asset_check_evaluation(self, event: EventLogEntry, event_id: int | None) -> None:
        # As Dagster's own, but for the statements: those are put together anew each time, which takes a millisecond.
        evaluation = event.get_dagster_event().asset_check_evaluation_data
        status = (
            AssetCheckExecutionRecordStatus.SUCCEEDED if evaluation.passed else AssetCheckExecutionRecordStatus.FAILED
        )
        target = evaluation.target_materialization_data
        planned = {
            "asset_key": evaluation.asset_key.to_string(),
            "check_name": evaluation.check_name,
            "run_id": event.run_id,
            "partition": evaluation.partition,
        }
        values = {
            "execution_status": status.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target.storage_id if target else None,
        }
        with self._database.transaction() as connection:
            of_check = {f"of_{name}": value for name, value in planned.items()}
            updated = connection.execute(_UPDATE_CHECK, {**of_check, **values}).rowcount
            if updated == 0:  # it was not planned, as when a step decides which checks it makes
                connection.execute(AssetCheckExecutionsTable.insert(), {**planned, **values})
        if updated > 1:
            raise DagsterInvariantViolationError(
                f"Expected one planned evaluation of {evaluation.asset_check_key} in run {event.run_id}, partition "
                f"{evaluation.partition}; found {updated}."
            )

    # Dagster's pools read in one transaction and write in the next, or count on FOR UPDATE, which
    # SQLite does not have: two steps take one slot, or a slot that becomes free while a step
    # queues up is given to nobody, and the step waits for ever.

    def set_concurrency_slots(self, concurrency_key: str, num: int) -> None:
        with self._database.exclusive():
            super().set_concurrency_slots(concurrency_key, num)

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        with self._database.exclusive():
            return super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)

    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        with self._database.exclusive():
            super().free_concurrency_slots_for_run(run_id)

    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        with self._database.exclusive():
            super().free_concurrency_slot_for_step(run_id, step_key)

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        self._watcher.watch(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: EventHandlerFn) -> None:
        self._watcher.end_watch(run_id, handler)

    def dispose(self) -> None:
        self._watcher.stop()
        self._database.dispose()


def _asset_of(event: EventLogEntry) -> str | None:
    key = event.get_dagster_event().asset_key
    return key.to_string() if key else None


class SqliteRuns(SqliteRunStorage):
    """Runs, backfills, heartbeats and the key-value store (the automation daemon's cursors)."""

    def __init__(self, database: Database, inst_data: ConfigurableClassData | None) -> None:
        self._database = database
        super().__init__(str(database.engine.url), inst_data)
        _ask_once(self, "has_built_index", "has_backfill_id_column", "has_backfill_tags_table")
        _ask_once(self, "has_run_stats_index_cols", "has_bulk_actions_selector_cols")
        _ask_once(self, "has_bulk_action_job_name_column")

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._database.transaction() as connection:
            yield connection

    def upgrade(self) -> None:
        # Not the inherited one: it takes in (and deletes) a `runs.db` of the folder above.
        self._database.upgrade()

    def dispose(self) -> None:
        self._database.dispose()


class SqliteSchedules(SqliteScheduleStorage):
    """State and ticks of schedules, sensors and declarative automation."""

    def __init__(self, database: Database, inst_data: ConfigurableClassData | None) -> None:
        self._database = database
        super().__init__(str(database.engine.url), inst_data)
        _ask_once(self, "has_built_index", "has_instigators_table", "has_secondary_index_table")
        _ask_once(self, "_has_instigators_table", "_has_asset_daemon_asset_evaluations_table")

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._database.transaction() as connection:
            yield connection

    def dispose(self) -> None:
        self._database.dispose()


class SqliteStorage(DagsterStorage[DagsterInstance], ConfigurableClass):
    """Storage of a Dagster instance in `<base_dir>/dagster.db`, for one machine.

    Args:
        base_dir: Absolute path of a folder on a local disk; created if missing.
        inst_data: Where the class came from; Dagster gives it.

    Raises:
        StorageUnavailableError: the folder or the file cannot be used.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = Path(base_dir)
        if not self.base_dir.is_absolute():
            raise DagsterInvariantViolationError(
                f"The storage's base_dir must be an absolute path, found {base_dir!r}: a process "
                "would look for it in its own working directory. Write the whole "
                "path, or {env: DAGSTER_HOME}, in dagster.yaml."
            )
        self._inst_data = inst_data
        try:
            self.base_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                f"The storage's folder {base_dir} cannot be created ({error.strerror}). "
                "Let this user write to the folder above, or set another base_dir."
            ) from error
        database = Database(self.base_dir / _FILE_NAME)
        self._event_log = SqliteEventLog(database)
        self._runs = SqliteRuns(database, inst_data)
        self._schedules = SqliteSchedules(database, inst_data)
        self._create_once(database)
        super().__init__()  # type: ignore[no-untyped-call]

    def _create_once(self, database: Database) -> None:
        if database.is_created():
            return
        # The web server, the daemon and the code servers start together.
        with FileLock(f"{database.path}.lock"):
            if not database.is_created():
                with database.creation():
                    for storage in (self._runs, self._schedules):
                        storage.migrate()
                        storage.optimize()
                    self._event_log.reindex_events()
                    self._event_log.reindex_assets()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: DagsterInstance) -> None:
        super().register_instance(instance)
        for storage in (self._event_log, self._runs, self._schedules):
            if not storage.has_instance:
                storage.register_instance(instance)

    @property
    def event_log_storage(self) -> SqliteEventLog:
        return self._event_log

    @property
    def run_storage(self) -> SqliteRuns:
        return self._runs

    @property
    def schedule_storage(self) -> SqliteSchedules:
        return self._schedules

    def dispose(self) -> None:
        self._event_log.dispose()


def _ask_once(storage: object, *questions: str) -> None:
    """Remember each yes about the schema: what a migration has added stays. A no is asked again."""

    def remembering(ask: Callable[..., bool]) -> Callable[..., bool]:
        known: set[tuple[object, ...]] = set()

        @wraps(ask)
        def answer(*arguments: object) -> bool:
            about = tuple(a for a in arguments if not isinstance(a, Connection))
            if about not in known:
                if not ask(*arguments):
                    return False
                known.add(about)
            return True

        return answer

    for question in questions:
        setattr(storage, question, remembering(getattr(storage, question)))
