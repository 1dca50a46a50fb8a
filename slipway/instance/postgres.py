"""Dagster's Postgres storage with connections that stay open, and batches of events that are stored as batches.

dagster-postgres opens a connection for each statement outside the webserver, so that processes do not pile them up:
10 ms, and a process of Postgres' own, for each event of a run and each of the daemon's looks, all day long. Here a
process keeps a few and gives back the rest::

    storage:
      custom:
        module: slipway.instance.postgres
        class: PostgresStorage
        config: {postgres_db: {...}, should_autocreate_tables: false}     # as `storage: postgres:`
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from dagster import DagsterEventType, EventLogEntry
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.config import PostgresStorageConfig
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.storage import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config

_KEPT_OPEN = 3
"""At most, once so many were in use together. Each is a process of 3 MB in Postgres; with three, the idle services of
the stack open 24 new ones a minute between them, with eight 21."""
_AT_MOST = 40
_RECYCLE_SECONDS = 600


class PostgresEventLog(PostgresEventLogStorage):
    """Dagster's event log on Postgres, which takes batches of any events.

    Dagster's own refuses a batch with an evaluation of a check in it, and of one with materializations of several
    assets it brings only the last asset's row up to date.
    """

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events and what the other tables keep of them: of each asset and kind of event, the last counts."""
        kept = [event for event in events if not _failed_to_materialize(event)]
        if not kept:
            return
        with self._connect() as connection:
            statement = self.prepare_insert_event_batch(kept).returning(SqlEventLogStorageTable.c.id)
            ids = [int(row[0]) for row in connection.execute(statement).fetchall()]
        of_assets: list[tuple[EventLogEntry, int]] = []
        last: dict[tuple[str, DagsterEventType], tuple[EventLogEntry, int]] = {}
        for event, event_id in zip(kept, ids, strict=True):
            told, kind = event.dagster_event, event.dagster_event_type
            if kind in ASSET_EVENTS and told is not None and told.asset_key is not None:
                of_assets.append((event, event_id))
                last[told.asset_key.to_string(), kind] = (event, event_id)
            elif kind in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, event_id)
        if of_assets:
            with self.index_transaction() as connection:
                self._store_asset_event_tags(connection, *map(list, zip(*of_assets, strict=True)))
                for event, event_id in sorted(last.values(), key=lambda each: each[1]):
                    self._store_asset_event(connection, event, event_id)


def _failed_to_materialize(event: EventLogEntry) -> bool:
    """Dagster's open source storages keep none of these."""
    return event.dagster_event is not None and event.dagster_event.is_asset_failed_to_materialize


class PostgresStorage(DagsterPostgresStorage):
    """Runs, events and schedules through one pool a process.

    A connection is tried before it is used, so that a restart of Postgres costs nothing but the reconnection. Dagster's
    own webserver would put pools without that in their place (`optimize_for_webserver`); ours does not ask for it.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: Any = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)
        self._event_log_storage = PostgresEventLog(
            postgres_url, should_autocreate_tables=False, token_provider=token_provider
        )
        engine = create_pg_engine(
            postgres_url,
            token_provider,
            isolation_level="AUTOCOMMIT",
            pool_size=_KEPT_OPEN,
            max_overflow=_AT_MOST - _KEPT_OPEN,
            pool_recycle=_RECYCLE_SECONDS,
            pool_pre_ping=True,
            pool_use_lifo=True,
        )
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine.dispose()
            storage._engine = engine

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster's own takes a narrower type too
        cls, inst_data: ConfigurableClassData | None, config_value: PostgresStorageConfig
    ) -> Self:
        return cls(
            pg_url_from_config(config_value),
            inst_data=inst_data,
            should_autocreate_tables=bool(config_value.get("should_autocreate_tables", True)),
            token_provider=get_token_provider_from_config(config_value),
        )
