"""80 tables, one of which is dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from code_locations.ingestion.tests.bronze import Bronze, Watch, asked, failures
from code_locations.ingestion.tests.shop_database.conftest import component
from ingestion.source_database import SHOP_DATABASE, SourceTable
from slipway.quality import Table
from slipway.quality.types import Decimal12_3, Int64, Text, Timestamp

COUNT, DROPPED, ROWS = 80, 41, 5


class Entry(Table):
    """The columns that all these tables have."""

    id: Int64
    name: Text | None
    amount: Decimal12_3
    updated_at: Timestamp


def declared(number: int) -> SourceTable:
    name = f"t{number:02d}"
    attributes = {"key": f"bronze/many/{name}", "unique": ("id",), "__doc__": name, "__annotations__": {}}
    return SourceTable(f"many.{name}", type(name, (Entry,), attributes), "updated_at")


@pytest.fixture(scope="module")
def tables() -> list[SourceTable]:
    return [declared(number) for number in range(COUNT)]


@pytest.fixture
def many(tables: list[SourceTable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    file = tmp_path / "many.db"
    connection = sqlite3.connect(file)
    for number, table in enumerate(tables):
        name = table.name.split(".")[1]
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT, amount TEXT, updated_at TEXT)")
        rows = [(row, None, f"{number}.{row:03d}", "2010-12-01 08:26:00") for row in range(ROWS)]
        connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    monkeypatch.setenv(SHOP_DATABASE, f"sqlite:///{file}")
    yield connection
    connection.close()


def test_one_dropped_table_of_80_fails_alone(
    many: sqlite3.Connection, tables: list[SourceTable], bronze: Bronze
) -> None:
    assets = list(component(tables).definitions().assets or [])
    assert len(assets) == COUNT
    assert bronze.materialize(assets).success
    many.execute(f"DROP TABLE t{DROPPED}")
    for number in range(COUNT):
        if number != DROPPED:
            many.execute(f"UPDATE t{number:02d} SET name = 'new', updated_at = '2010-12-02' WHERE id = 3")
    many.commit()

    result = bronze.materialize(assets)

    [(step, message)] = failures(result).items()
    assert step == f"bronze__many__t{DROPPED}"
    assert f"many.t{DROPPED}" in message
    assert "no such table" in message
    for number, table in enumerate(tables):
        rows = bronze.rows(table.contract.key_text)
        assert len(rows) == ROWS
        assert rows[3]["name"] == (None if number == DROPPED else "new")
        assert (bronze.provenance(table.contract.key_text).run_id == result.run_id) == (number != DROPPED)


def test_the_sensor_asks_for_the_changed_ones_in_one_run_and_for_the_dropped_one_once(
    many: sqlite3.Connection, tables: list[SourceTable], bronze: Bronze
) -> None:
    definitions = component(tables).definitions()
    [sensor] = definitions.sensors or []
    assert isinstance(sensor, dg.SensorDefinition)
    assert bronze.materialize(list(definitions.assets or [])).success
    many.execute(f"DROP TABLE t{DROPPED}")
    many.execute("UPDATE t07 SET name = 'new', updated_at = '2010-12-02' WHERE id = 3")
    many.execute("DELETE FROM t11 WHERE id = 1")
    many.commit()

    watch = Watch(bronze, sensor)
    assert asked(watch.tick()) == [({"t07", "t11"}, ""), ({f"t{DROPPED}"}, "")]
    assert watch.asks() == []
