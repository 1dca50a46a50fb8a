"""The sensor asks for exactly what has changed in the source, once, whatever happens to its cursor."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from code_locations.ingestion.tests.bronze import Bronze, Watch, asked
from code_locations.ingestion.tests.shop_database.conftest import ORDER_LINES, ORDERS, TABLES, component
from demo import Shop
from ingestion.source_database import DatabaseUnreachable, SourceTable
from ingestion.source_database.changes import Look, Memory
from ingestion.source_database.sensor import run_requests
from slipway.calendar import Calendar
from slipway.quality import Table
from slipway.quality.types import Int32, Text, Timestamp
from tests.servers import free_port

SNAPSHOTS = {"customers", "products", "stock"}
ALL_DAYS = "2010-12-01...2010-12-14"


def watching(bronze: Bronze, tables: list[SourceTable] = TABLES, **attributes: Any) -> tuple[Watch, Sequence[Any]]:
    definitions = component(tables, **attributes).definitions()
    [sensor] = definitions.sensors or []
    assert isinstance(sensor, dg.SensorDefinition)
    return Watch(bronze, sensor), list(definitions.assets or [])


def change(shop: Shop, statement: str) -> None:
    with shop.database.engine.begin() as connection:
        connection.execute(text(statement))


def order_of(shop: Shop, day: str) -> int:
    found: int = next(
        row["order_id"] for row in shop.database.rows("shop.orders") if str(row["ordered_at"])[:10] == day
    )
    return found


def holds_what_the_source_has(bronze: Bronze, shop: Shop) -> bool:
    for table in TABLES:
        rows = [{name: row[name] for name in table.columns} for row in shop.database.rows(table.name)]
        key = table.contract.key_text
        held = [row for day in bronze.days(key) for row in bronze.rows(key, day)] if table.day else bronze.rows(key)
        if sorted(held, key=repr) != sorted(rows, key=repr):
            return False
    return True


def test_a_first_start_asks_for_everything_in_two_runs(shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)

    runs = watch.tick()

    assert asked(runs) == [(SNAPSHOTS, ""), ({"orders", "order_lines"}, ALL_DAYS)]
    for run in runs:
        assert bronze.request(assets, run).success
    assert holds_what_the_source_has(bronze, shop)


def test_nothing_new(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)
    watch.settle(assets)

    assert watch.asks() == []
    assert watch.said == "Nothing has changed in the source."
    watch.cursor = None
    assert watch.asks() == []


def test_what_is_under_way_is_not_asked_for_again(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, _assets = watching(bronze)
    assert watch.tick()
    # The runs have not written anything yet.
    assert watch.asks() == []


def test_changed_rows(shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)
    watch.settle(assets)
    third, fourth = order_of(shop, "2010-12-03"), order_of(shop, "2010-12-04")

    shop.database.change_customer(20001, segment="trade")
    shop.database.correct_line(third, 1, quantity=99)
    shop.database.correct_line(fourth, 1, quantity=98)
    shop.database.correct_line(order_of(shop, "2010-12-09"), 1, quantity=97)
    runs = watch.tick()

    assert asked(runs) == [
        ({"customers"}, ""),
        ({"order_lines"}, "2010-12-09...2010-12-09"),
        ({"order_lines"}, "2010-12-03...2010-12-04"),
    ]
    for run in runs:
        assert bronze.request(assets, run).success
    assert holds_what_the_source_has(bronze, shop)
    assert watch.asks() == []


def test_a_deleted_order_without_a_trace(shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)
    watch.settle(assets)

    shop.database.delete_order(order_of(shop, "2010-12-05"))
    runs = watch.tick()

    assert asked(runs) == [({"orders", "order_lines"}, "2010-12-05...2010-12-05")]
    assert bronze.request(assets, runs[0]).success
    assert holds_what_the_source_has(bronze, shop)
    assert watch.asks() == []


def test_an_order_replaced_by_an_older_one(sqlite_shop: Shop, bronze: Bronze) -> None:
    # Count and newest moment stay; only the keys tell.
    watch, assets = watching(bronze)
    watch.settle(assets)

    change(
        sqlite_shop,
        f"UPDATE shop.orders SET order_id = 1 WHERE order_id = {order_of(sqlite_shop, '2010-12-05')}",
    )

    assert asked(watch.tick()) == [({"orders"}, "2010-12-05...2010-12-05")]


def test_deletions_are_looked_for_in_the_recent_days_only(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze, recent_days=3)
    watch.settle(assets)

    sqlite_shop.database.delete_order(order_of(sqlite_shop, "2010-12-11"))
    assert watch.asks() == []
    sqlite_shop.database.delete_order(order_of(sqlite_shop, "2010-12-12"))
    assert asked(watch.tick()) == [({"orders", "order_lines"}, "2010-12-12...2010-12-12")]
    # A day whose rows change is read whole, however old: the deletion of the 11th arrives with it.
    sqlite_shop.database.correct_line(order_of(sqlite_shop, "2010-12-11"), 1, quantity=5)
    assert ({"order_lines"}, "2010-12-11...2010-12-11") in asked(watch.tick())


def test_deletions_that_are_ignored(sqlite_shop: Shop, bronze: Bronze) -> None:
    tables = [replace(table, delete_policy="ignore") for table in (ORDERS, ORDER_LINES)]
    watch, assets = watching(bronze, tables)
    watch.settle(assets)

    sqlite_shop.database.delete_order(order_of(sqlite_shop, "2010-12-05"))
    assert watch.asks() == []
    sqlite_shop.database.correct_line(order_of(sqlite_shop, "2010-12-05"), 1, quantity=5)
    assert asked(watch.tick()) == [({"order_lines"}, "2010-12-05...2010-12-05")]


def test_all_rows_of_the_newest_day_deleted(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)
    watch.settle(assets)
    for table in ("orders", "order_lines"):
        change(sqlite_shop, f"DELETE FROM shop.{table} WHERE ordered_at >= '2010-12-14'")

    watch.settle(assets)

    assert bronze.rows("bronze/shop/orders", "2010-12-14") == []
    assert holds_what_the_source_has(bronze, sqlite_shop)


def test_a_day_without_orders_between_others_is_an_empty_day(sqlite_shop: Shop, bronze: Bronze) -> None:
    for table in ("orders", "order_lines"):
        change(sqlite_shop, f"DELETE FROM shop.{table} WHERE ordered_at >= '2010-12-06' AND ordered_at < '2010-12-07'")
    watch, assets = watching(bronze, recent_days=2)

    assert ({"orders", "order_lines"}, ALL_DAYS) in asked(watch.asks())
    watch.cursor = None
    watch.settle(assets)
    assert bronze.rows("bronze/shop/orders", "2010-12-06") == []


class TestLostCursor:
    def test_with_all_runs_done(self, sqlite_shop: Shop, bronze: Bronze) -> None:
        watch, assets = watching(bronze)
        watch.settle(assets)
        order = order_of(sqlite_shop, "2010-12-05")
        sqlite_shop.database.delete_order(order)
        watch.settle(assets)

        for lost in (None, "", "{}", "not what it was", '{"newest": 3}', '{"asked": {"shop.orders": {"": 1}}}'):
            watch.cursor = lost
            assert watch.asks() == []

    def test_with_runs_under_way(self, shop: Shop, bronze: Bronze) -> None:
        watch, assets = watching(bronze)
        watch.settle(assets)
        shop.database.change_customer(20001, segment="trade")
        shop.database.correct_line(order_of(shop, "2010-12-03"), 1, quantity=99)
        runs = watch.tick()
        assert len(runs) == 2

        watch.cursor = None
        # It asks again, with the same keys, so that nothing starts twice.
        assert {run.run_key for run in watch.asks()} == {run.run_key for run in runs}
        assert watch.tick() == []
        for run in runs:
            bronze.request(assets, run)
        assert watch.asks() == []

    def test_with_a_change_that_was_missed(self, sqlite_shop: Shop, bronze: Bronze) -> None:
        watch, assets = watching(bronze, recent_days=2)
        watch.settle(assets)
        sqlite_shop.database.correct_line(order_of(sqlite_shop, "2010-12-03"), 1, quantity=99)

        watch.cursor = None

        assert asked(watch.tick()) == [({"order_lines"}, "2010-12-03...2010-12-03")]


def test_back_and_forth_ends_in_what_the_source_has(sqlite_shop: Shop, bronze: Bronze) -> None:
    # A -> B -> A -> B: the same step twice, from the same to the same, and both are taken.
    watch, assets = watching(bronze)
    watch.settle(assets)
    order = order_of(sqlite_shop, "2010-12-05")
    for _ in range(2):
        for number in (1, order):
            before = 1 if number == order else order
            change(sqlite_shop, f"UPDATE shop.orders SET order_id = {number} WHERE order_id = {before}")
            [run] = watch.tick()
            assert bronze.request(assets, run).success
            assert any(row["order_id"] == number for row in bronze.rows("bronze/shop/orders", "2010-12-05"))


def test_a_failed_run_is_not_started_again_and_again(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)
    watch.settle(assets)
    change(sqlite_shop, "UPDATE shop.products SET unit_price = '-1.000', updated_at = '2011-01-01' WHERE sku = '22423'")
    [run] = watch.tick()
    assert not bronze.request(assets, run).success

    assert watch.asks() == []
    change(sqlite_shop, "UPDATE shop.products SET unit_price = '1.000', updated_at = '2011-01-02' WHERE sku = '22423'")
    [run] = watch.tick()
    assert bronze.request(assets, run).success
    assert watch.asks() == []


def test_at_most_fifteen_runs_a_tick_and_the_newest_first(sqlite_shop: Shop, bronze: Bronze) -> None:
    calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 2, 28))

    class Scattered(Table):
        """Orders of every other day."""

        key, partitions, unique = "bronze/scattered/orders", calendar.days, ("order_id",)
        order_id: Int32
        ordered_at: Timestamp
        status: Text
        updated_at: Timestamp

    table = SourceTable("shop.orders", Scattered, "updated_at", "ordered_at")
    days = [dt.date(2010, 12, 1) + dt.timedelta(days=n) for n in range(90)]
    change(sqlite_shop, "DELETE FROM shop.orders")
    for number, day in enumerate(days):
        change(
            sqlite_shop, f"INSERT INTO shop.orders VALUES ({number}, 1, '{day} 10:00:00', 'placed', '{day} 10:00:00')"
        )
    watch, assets = watching(bronze, [table])
    watch.settle(assets)
    change(
        sqlite_shop,
        "UPDATE shop.orders SET status = 'cancelled', updated_at = '2011-03-01' WHERE order_id % 2 = 0",
    )

    batches = [[span[:10] for _assets, span in asked(watch.tick())] for _ in range(4)]

    assert [len(batch) for batch in batches] == [15, 15, 15, 0]
    assert [day for batch in batches for day in batch] == [str(day) for day in reversed(days[::2])]


class ThreeDays(Table):
    """Orders of three days in the midst of what the source has."""

    key, unique = "bronze/three_days/orders", ("order_id",)
    partitions = Calendar(dt.date(2010, 12, 3), dt.date(2010, 12, 5)).days
    order_id: Int32
    ordered_at: Timestamp
    updated_at: Timestamp


@pytest.mark.parametrize("recent_days", [0, 2, 14])
def test_days_outside_the_calendar_are_ignored(sqlite_shop: Shop, bronze: Bronze, recent_days: int) -> None:
    table = SourceTable("shop.orders", ThreeDays, "updated_at", "ordered_at")
    watch, assets = watching(bronze, [table], recent_days=recent_days)

    [run] = watch.tick()
    assert asked([run]) == [({"orders"}, "2010-12-03...2010-12-05")]
    assert bronze.request(assets, run).success

    change(sqlite_shop, "UPDATE shop.orders SET updated_at = '2011-03-01' WHERE ordered_at < '2010-12-03'")
    change(sqlite_shop, "DELETE FROM shop.orders WHERE ordered_at >= '2010-12-06' AND ordered_at < '2010-12-07'")
    assert watch.asks() == []


class TestUnreadable:
    """A table that cannot be looked at does not keep the others from being looked at."""

    def test_a_dropped_table_fails_a_run_once(self, sqlite_shop: Shop, bronze: Bronze) -> None:
        watch, assets = watching(bronze)
        watch.settle(assets)
        change(sqlite_shop, "ALTER TABLE shop.orders DROP COLUMN status")
        sqlite_shop.database.change_customer(20001, segment="trade")

        runs = watch.tick()

        assert asked(runs) == [({"customers"}, ""), ({"orders"}, "2010-12-14...2010-12-14")]
        assert bronze.request(assets, runs[0]).success
        assert not bronze.request(assets, runs[1]).success
        assert watch.asks() == []
        watch.cursor = None
        assert watch.tick() == []

    def test_a_table_that_comes_back(self, sqlite_shop: Shop, bronze: Bronze) -> None:
        watch, assets = watching(bronze)
        watch.settle(assets)
        change(sqlite_shop, "ALTER TABLE shop.orders RENAME TO away")
        assert len(watch.tick()) == 1
        change(sqlite_shop, "ALTER TABLE shop.away RENAME TO orders")
        assert watch.asks() == []

        [orders] = [asset for asset in assets if asset.key == ORDERS.contract.key]
        assert bronze.materialize([orders], partition="2010-12-14").success
        assert watch.asks() == []
        change(sqlite_shop, "ALTER TABLE shop.orders RENAME TO away")
        # Gone once more, and so to be told once more.
        assert asked(watch.tick()) == [({"orders"}, "2010-12-14...2010-12-14")]

        change(sqlite_shop, "ALTER TABLE shop.away RENAME TO orders")
        sqlite_shop.database.delete_order(order_of(sqlite_shop, "2010-12-14"))
        watch.settle(assets)
        assert holds_what_the_source_has(bronze, sqlite_shop)

    def test_a_database_that_is_gone(self, sqlite_shop: Shop, bronze: Bronze, monkeypatch: pytest.MonkeyPatch) -> None:
        watch, assets = watching(bronze)
        watch.settle(assets)
        before = watch.cursor
        monkeypatch.setenv("SLIPWAY_SHOP_DATABASE_URL", f"postgresql://ann:s3cret@127.0.0.1:{free_port()}/shop")

        with pytest.raises(Exception, match="does not let us in") as caught:
            watch.asks()

        assert isinstance(caught.value.__cause__ or caught.value, DatabaseUnreachable)
        assert watch.cursor == before


def test_run_keys_are_short_and_say_what_they_are_for(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, _assets = watching(bronze)

    keys = [str(run.run_key) for run in watch.tick()]

    assert re.fullmatch(r"shop\.customers\+shop\.products\+warehouse\.stock [0-9a-f]{16}", keys[0])
    assert re.fullmatch(r"shop\.order_lines\+shop\.orders 2010-12-01 2010-12-14 [0-9a-f]{16}", keys[1])


def test_the_cursor_does_not_grow(sqlite_shop: Shop, bronze: Bronze) -> None:
    watch, assets = watching(bronze)
    watch.settle(assets)
    quiet = len(watch.cursor or "")
    for day in range(1, 5):
        sqlite_shop.database.correct_line(order_of(sqlite_shop, f"2010-12-{day:02d}"), 1, quantity=50 + day)
        watch.settle(assets)

    assert len(watch.cursor or "") == quiet


def test_no_changes_are_no_runs() -> None:
    memory = Memory()
    assert run_requests([Look(ORDERS, newest="2010-12-14T10:00:00.000000")], memory) == []
    assert memory.newest == {"shop.orders": "2010-12-14T10:00:00.000000"}
