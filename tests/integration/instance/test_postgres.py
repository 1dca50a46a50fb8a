"""Dagster's instance on a real Postgres through the library's storage: few connections, and no harm by a lost one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import pytest
import yaml
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster_postgres.event_log import PostgresEventLogStorage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.instance.postgres import PostgresStorage
from tests.servers import container, wait_until
from tests.unit.instance.test_sqlite_events import _steps, assert_batches_store_what_single_events_store

pytestmark = pytest.mark.docker

_PASSWORD = "for-tests-alone"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    environment = {"POSTGRES_PASSWORD": _PASSWORD, "POSTGRES_USER": "dagster", "POSTGRES_DB": "dagster"}
    with container("postgres:17-trixie", 5432, (), environment) as port:
        wait_until(lambda: ask(port, "SELECT 1"), (psycopg2.OperationalError,), 60)
        yield port


@pytest.fixture
def home(port: int, tmp_path: Path) -> Path:
    """A home with the stack's storage, and the password in a file, as there."""
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:dagster:{_PASSWORD}\n")
    passfile.chmod(0o600)
    database = {"hostname": "127.0.0.1", "port": port, "username": "dagster", "db_name": "dagster"}
    config = {"postgres_db": {**database, "params": {"passfile": str(passfile)}}}
    storage = {"module": "slipway.instance.postgres", "class": "PostgresStorage", "config": config}
    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump({"storage": {"custom": storage}, "telemetry": {"enabled": False}})
    )
    return tmp_path


def ask(port: int, query: str) -> Any:
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="dagster", password=_PASSWORD, dbname="dagster", connect_timeout=5
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = cursor.fetchone() if cursor.description else None
    connection.close()
    return found[0] if found else None


def sessions(port: int) -> int:
    """How many connections were ever opened, these questions included."""
    return int(ask(port, "SELECT sessions FROM pg_stat_database WHERE datname = 'dagster'"))


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def table() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 1})


def test_a_run_takes_few_connections(home: Path, port: int) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert dg.materialize([table], instance=instance, partition_key="a").success
        before = sessions(port)
        assert dg.materialize([table], instance=instance, partition_key="b").success
        assert instance.get_materialized_partitions(table.key) == {"a", "b"}
        # One is that of the first question.
        assert sessions(port) - before <= 3


def test_a_lost_connection_is_made_again(home: Path, port: int) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() >= 0
        ended = ask(
            port,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = 'dagster' AND pid <> pg_backend_pid()",
        )
        assert ended >= 1
        assert instance.get_runs_count() >= 0
        assert instance.all_asset_keys() is not None


def test_the_three_storages_share_them(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storages: list[Any] = [instance.run_storage, instance.event_log_storage, instance.schedule_storage]
        assert len({id(storage._engine) for storage in storages}) == 1


@pytest.fixture(scope="module")
def logs(port: int) -> tuple[SqlEventLogStorage, SqlEventLogStorage]:
    """Ours, and Dagster's own as the measure; each in a database of its own."""
    urls = []
    for name in ("ours", "stock"):
        ask(port, f"CREATE DATABASE {name}")
        urls.append(f"postgresql://dagster:{_PASSWORD}@127.0.0.1:{port}/{name}")
    ours, stock = PostgresStorage(urls[0]), PostgresEventLogStorage(urls[1])
    assert isinstance(ours.event_log_storage, SqlEventLogStorage)
    return ours.event_log_storage, stock


@given(steps=_steps, size=st.integers(1, 6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_store_what_single_events_store(
    logs: tuple[SqlEventLogStorage, SqlEventLogStorage],
    steps: Sequence[tuple[str, str, str, str | None]],
    size: int,
) -> None:
    assert_batches_store_what_single_events_store(*logs, steps, size)
