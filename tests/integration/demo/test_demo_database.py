"""The application database on SQLite and on Postgres: one history, however it is walked."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import text

from demo import Calendar, Settings, ShopDatabase
from demo.database import tables
from demo.database.timeline import Row
from demo.errors import AddressError, ClockError, NoSuchRow, SettingsError
from demo.wholesale import Product

OpenDatabase = Callable[..., ShopDatabase]
Tables = dict[str, list[Row]]
END = datetime(2010, 12, 25)


def all_rows(database: ShopDatabase) -> Tables:
    return {name: database.rows(name) for name in tables.PUBLIC}


def built_in_one_go(home: Path, settings: Settings, products: list[Product]) -> Tables:
    database = ShopDatabase.open(home, settings, lambda: products)
    database.advance(END)
    rows = all_rows(database)
    database.close()
    return rows


@pytest.fixture
def reference(tmp_path: Path, settings: Settings, products: list[Product]) -> Tables:
    """The tables of a SQLite shop that went to END in one go."""
    return built_in_one_go(tmp_path / "reference", settings, products)


# --- one history


def test_two_builds_are_equal_on_every_database(open_database: OpenDatabase, reference: Tables) -> None:
    database = open_database()
    database.advance(END)
    assert all_rows(database) == reference
    assert len(reference["shop.orders"]) > 14 * 40
    assert len(reference["shop.customers"]) > 400
    assert len(reference["warehouse.stock"]) == len(reference["shop.products"]) == 300


def test_day_by_day_is_the_same_as_at_once(open_database: OpenDatabase, settings: Settings, reference: Tables) -> None:
    database = open_database()
    moment = settings.calendar.opening
    while moment < END:
        moment += timedelta(days=1)
        database.advance(moment)
    assert all_rows(database) == reference


def test_reopening_on_the_way_changes_nothing(open_database: OpenDatabase, reference: Tables) -> None:
    for moment in (datetime(2010, 12, 3, 13, 30), datetime(2010, 12, 9, 9), END):
        open_database().advance(moment)
    assert all_rows(open_database()) == reference


moments = st.datetimes(datetime(2010, 12, 1), END).map(lambda at: at.replace(microsecond=0))


@effort(max_examples=12, deadline=None)
@given(stops=st.lists(moments, max_size=6))
def test_any_stops_on_the_way_give_the_same_tables(stops: list[datetime], products: list[Product]) -> None:
    settings = Settings(Calendar(date(2010, 12, 1), date(2010, 12, 14)), seed=11)
    with tempfile.TemporaryDirectory() as folder:
        database = ShopDatabase.open(Path(folder) / "stops", settings, lambda: products)
        for stop in [*sorted(stops), END]:
            database.advance(stop)
        found = all_rows(database)
        database.close()
        assert found == built_in_one_go(Path(folder) / "one", settings, products)


def test_stops_right_at_an_event_neither_lose_nor_repeat_it(open_database: OpenDatabase, reference: Tables) -> None:
    database = open_database()
    changed = {row["updated_at"] for rows in reference.values() for row in rows}
    for moment in sorted(at for at in changed if at > database.now)[::40]:
        database.advance(moment)
        database.advance(moment)
    database.advance(END)
    assert all_rows(database) == reference


def test_two_processes_that_advance_apply_nothing_twice(open_database: OpenDatabase, reference: Tables) -> None:
    failures: list[BaseException] = []
    databases = [open_database(), open_database()]
    start = threading.Barrier(2)

    def go(database: ShopDatabase) -> None:
        try:
            start.wait()
            database.advance(END)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=go, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all_rows(databases[0]) == reference


def test_a_step_that_fails_leaves_the_moment_before(
    tmp_path: Path, settings: Settings, products: list[Product], reference: Tables
) -> None:
    database = ShopDatabase.open(tmp_path / "home", settings, lambda: products)
    database.advance(datetime(2010, 12, 5))
    before = all_rows(database)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE warehouse.stock RENAME TO broken"))
    with pytest.raises(Exception, match="no such table"):
        database.advance(END)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE warehouse.broken RENAME TO stock"))
    assert database.now == datetime(2010, 12, 5)
    assert all_rows(database) == before
    database.advance(END)
    assert all_rows(database) == reference
    database.close()


# --- what changes


def test_every_change_moves_updated_at_and_nothing_else_does(open_database: OpenDatabase) -> None:
    database = open_database()
    database.advance(datetime(2010, 12, 8))
    before = {name: keyed(name, rows) for name, rows in all_rows(database).items()}
    advanced = database.advance(datetime(2010, 12, 10))
    after = {name: keyed(name, rows) for name, rows in all_rows(database).items()}
    changed = dict.fromkeys(before, 0)
    for name, rows in before.items():
        for key, row in rows.items():
            now = after[name].get(key)
            if now is not None and now != row:
                changed[name] += 1
                assert row["updated_at"] < now["updated_at"]
                assert datetime(2010, 12, 8) < now["updated_at"] <= datetime(2010, 12, 10)
    gone = set(before["shop.orders"]) - set(after["shop.orders"])
    assert changed["shop.products"] == 0
    assert all(changed[name] for name in ("shop.orders", "shop.order_lines", "warehouse.stock"))
    assert 0 < len(gone) <= advanced.deletions
    assert not {key[0] for key in after["shop.order_lines"]} & {key[0] for key in gone}


def keyed(name: str, rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    key = [column.name for column in tables.PUBLIC[name].primary_key.columns]
    return {tuple(row[column] for column in key): row for row in rows}


def test_changes_can_be_forced_and_are_seen_by_a_cursor(open_database: OpenDatabase) -> None:
    database = open_database()
    database.advance(datetime(2010, 12, 8))
    line = database.rows("shop.order_lines")[5]
    key = (line["order_id"], line["line_no"])
    sku = database.products[0].sku
    moments = [
        database.now,
        database.change_customer(20001, segment="trade", city="Cardiff"),
        database.change_product(sku, category="garden", unit_price=Decimal("9.995")),
        database.correct_line(*key, quantity=99),
    ]
    assert moments == sorted(set(moments))
    customer = keyed("shop.customers", database.rows("shop.customers"))[20001,]
    assert (customer["segment"], customer["city"]) == ("trade", "Cardiff")
    assert customer["updated_at"] == moments[1]
    product = keyed("shop.products", database.rows("shop.products"))[sku,]
    assert (product["category"], product["unit_price"]) == ("garden", Decimal("9.995"))
    changed = keyed("shop.order_lines", database.rows("shop.order_lines"))[key]
    assert changed == {**line, "quantity": 99, "updated_at": moments[3]}


def test_a_deleted_order_stays_deleted(open_database: OpenDatabase, reference: Tables) -> None:
    database = open_database()
    database.advance(datetime(2010, 12, 8))
    order_id = database.rows("shop.orders")[-1]["order_id"]
    database.delete_order(order_id)
    database.advance(END)
    for name in ("shop.orders", "shop.order_lines"):
        expected = [row for row in reference[name] if row["order_id"] != order_id]
        assert database.rows(name) == expected


def test_what_cannot_be_forced_says_why(open_database: OpenDatabase) -> None:
    database = open_database()
    with pytest.raises(NoSuchRow, match=r"no row with customer_id 5 in shop\.customers"):
        database.change_customer(5, segment="trade")
    with pytest.raises(NoSuchRow, match="no order 5"):
        database.delete_order(5)
    with pytest.raises(SettingsError, match="cannot be changed at colour, updated_at: give one"):
        database.change_customer(20001, colour="red", updated_at=END)
    with pytest.raises(SettingsError, match="at no column at all"):
        database.correct_line(1, 1)
    database.advance(datetime(2010, 12, 5))
    with pytest.raises(ClockError, match="cannot go back to 2010-12-04"):
        database.advance(datetime(2010, 12, 4))


def test_other_settings_are_refused(open_database: OpenDatabase, settings: Settings) -> None:
    open_database()
    with pytest.raises(SettingsError, match="seed 11 there, 12 asked for"):
        open_database(replace(settings, seed=12))


# --- how it is stored


def test_sqlite_holds_exact_text(
    tmp_path: Path, settings: Settings, products: list[Product], reference: Tables
) -> None:
    del settings, products
    with closing(sqlite3.connect(":memory:")) as reader:
        for schema in ("shop", "warehouse"):
            file = tmp_path / "reference" / f"{schema}.db"
            reader.execute(f"ATTACH DATABASE ? AS {schema}", (str(file),))
        prices = reader.execute("SELECT DISTINCT typeof(unit_price) FROM shop.order_lines")
        assert prices.fetchall() == [("text",)]
        line = reference["shop.order_lines"][0]
        stored = reader.execute(
            "SELECT unit_price, ordered_at FROM shop.order_lines ORDER BY order_id, line_no"
        ).fetchone()
        assert stored == (f"{line['unit_price']:.3f}", line["ordered_at"].isoformat(" "))
        signed_up = reader.execute("SELECT signed_up_on FROM shop.customers").fetchone()[0]
        assert date.fromisoformat(signed_up)
        counted = reader.execute("SELECT count(*) FROM warehouse.stock").fetchone()
        assert counted == (len(reference["warehouse.stock"]),)


def test_postgres_has_the_promised_types(
    tmp_path: Path, postgres_url: str, settings: Settings, products: list[Product]
) -> None:
    database = ShopDatabase.open(tmp_path, settings, lambda: products, postgres_url)
    with database.engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT table_schema || '.' || table_name || '.' || column_name, data_type,"
                " numeric_precision, numeric_scale FROM information_schema.columns"
                " WHERE table_schema IN ('shop', 'warehouse')"
            )
        )
        types = {row[0]: tuple(row[1:]) for row in found}
    database.close()
    assert types["shop.order_lines.unit_price"] == ("numeric", 12, 3)
    assert types["shop.orders.order_id"][0] == "integer"
    assert types["shop.orders.ordered_at"][0] == "timestamp without time zone"
    assert types["shop.customers.signed_up_on"][0] == "date"
    assert types["warehouse.stock.sku"][0] == "text"


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (name, column)
        for name, table in tables.PUBLIC.items()
        for column in ("ordered_at", "updated_at")
        if column in table.c
    ],
)
def test_who_looks_for_changes_finds_an_index(open_database: OpenDatabase, table: str, column: str) -> None:
    database = open_database()
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            explain = "EXPLAIN QUERY PLAN"
        else:
            explain = "EXPLAIN"
            # Of a few hundred rows the planner would rather read all.
            connection.execute(text("SET enable_seqscan = off"))
        query = f"{explain} SELECT * FROM {table} WHERE {column} >= '2010-12-13 12:00:00'"
        plan = " ".join(str(value) for row in connection.execute(text(query)) for value in row)
    assert f"ix_{table.replace('.', '_')}_{column}" in plan


def test_a_database_that_does_not_answer_is_a_sentence_without_the_password(
    tmp_path: Path, settings: Settings, products: list[Product]
) -> None:
    url = "postgresql://shop:geheim@127.0.0.1:1/shop"
    with pytest.raises(AddressError, match=r"postgresql://shop:\*\*\*@127.0.0.1:1/shop") as caught:
        ShopDatabase.open(tmp_path, settings, lambda: products, url)
    assert "geheim" not in str(caught.value)
    with pytest.raises(SettingsError, match="is for mysql"):
        ShopDatabase.open(tmp_path, settings, lambda: products, "mysql://shop@127.0.0.1/shop")
    with pytest.raises(SettingsError, match="cannot be read"):
        ShopDatabase.open(tmp_path, settings, lambda: products, "::geheim")
