"""Dagster's instance on a real Postgres through the library's storage: few connections, and no harm by a lost one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
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
from slipway.instance.queue_signal import QueueSignal, signal_queue
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


# -- signals of the queue


def test_a_signal_is_heard_at_once_and_none_is_waited_for_in_vain(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance, closing(QueueSignal(instance)) as signal:
        running = threading.Event()
        assert not signal.wait(0.05, running), "it listens from now on"
        signal_queue(instance)
        began = time.monotonic()
        assert signal.wait(20, running)
        assert time.monotonic() - began < 5
        assert not signal.wait(0.05, running), "one signal is heard once"


def test_a_signal_between_two_looks_counts(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance, closing(QueueSignal(instance)) as signal:
        running = threading.Event()
        signal.wait(0.05, running)
        for _ in range(3):
            signal_queue(instance)
        assert signal.wait(20, running)
        later = 0
        while signal.wait(0.5, running):
            later += 1
        assert later <= 2, "none is heard twice"


def test_a_lost_connection_is_made_anew(home: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.instance.queue_signal._AGAIN_SECONDS", 0.1)
    with dg.DagsterInstance.from_config(str(home)) as instance, closing(QueueSignal(instance)) as signal:
        running = threading.Event()
        signal.wait(0.05, running)
        ask(port, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN slipway_queue'")
        assert not signal.wait(1, running)
        signal_queue(instance)
        assert signal.wait(20, running)


def test_a_shutdown_ends_the_wait(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance, closing(QueueSignal(instance)) as signal:
        shutdown = threading.Event()
        threading.Timer(0.2, shutdown.set).start()
        began = time.monotonic()
        assert not signal.wait(30, shutdown)
        assert time.monotonic() - began < 5


def test_without_postgres_it_is_a_wait_like_any_other() -> None:
    with dg.DagsterInstance.ephemeral() as instance, closing(QueueSignal(instance)) as signal:
        signal_queue(instance)
        assert not signal.wait(0.05, threading.Event())
