"""Dagster's Postgres storage with connections that stay open.

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

from typing import Any, Self

from dagster._core.storage.config import PostgresStorageConfig
from dagster._serdes import ConfigurableClassData
from dagster_postgres.storage import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config

_KEPT_OPEN = 2
"""Idle ones: a run needs one, the daemon's threads rarely more than two at the same time."""
_AT_MOST = 40
_RECYCLE_SECONDS = 600


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
