"""What is read of the shop's database: exactly its rows, on SQLite and on Postgres, whatever has changed meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from sqlalchemy import text

from code_locations.ingestion.tests.shop_database.conftest import (
    CUSTOMERS,
    FIRST,
    LAST,
    ORDER_LINES,
    ORDERS,
    PRODUCTS,
    STOCK,
    TABLES,
)
from demo import Shop
from ingestion.source_database import (
    ColumnsMissing,
    SourceDatabase,
    SourceTable,
    TableUnreadable,
    ValuesUnreadable,
    read_day,
    read_snapshot,
)
from slipway.quality import Judged

FIGURES = ("rows read", "rows inserted", "rows updated", "rows deleted")


def source_rows(shop: Shop, table: SourceTable, day: date | None = None) -> list[dict[str, Any]]:
    """The table by the shop's own account, in the contract's columns."""
    return [
        {name: row[name] for name in table.columns}
        for row in shop.database.rows(table.name)
        if day is None or row[table.day or ""].date() == day
    ]


def change(shop: Shop, statement: str) -> None:
    with shop.database.engine.begin() as connection:
        connection.execute(text(statement))


def figures(judged: Judged) -> tuple[int, ...]:
    return tuple(judged.metadata[name] for name in FIGURES)


@pytest.mark.parametrize("table", [CUSTOMERS, PRODUCTS, STOCK], ids=lambda table: table.name)
def test_a_first_snapshot_is_the_table(shop: Shop, database: SourceDatabase, table: SourceTable) -> None:
    judged = read_snapshot(database, table)

    expected = source_rows(shop, table)
    assert judged.frame.to_pylist() == sorted(expected, key=lambda row: row[table.keys[0]])
    assert judged.frame.schema.types == table.arrow_schema.types
    assert figures(judged) == (len(expected), len(expected), 0, 0)
    assert judged.metadata["read"] == "everything"


@pytest.mark.parametrize("table", [ORDERS, ORDER_LINES], ids=lambda table: table.name)
def test_days_are_the_table_cut_at_midnight(shop: Shop, database: SourceDatabase, table: SourceTable) -> None:
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    read = {day: read_day(database, table, day).frame for day in days}

    for day, rows in read.items():
        assert rows.to_pylist() == source_rows(shop, table, day)
        assert rows.schema.types == table.arrow_schema.types
    assert sum(map(len, read.values())) == shop.database.count(table.name)


def test_midnight_belongs_to_the_day_that_begins(shop: Shop, database: SourceDatabase) -> None:
    order = source_rows(shop, ORDERS)[0]["order_id"]
    change(shop, f"UPDATE shop.orders SET ordered_at = '2010-12-05 00:00:00' WHERE order_id = {order}")

    assert order in read_day(database, ORDERS, date(2010, 12, 5)).frame.column("order_id").to_pylist()
    assert order not in read_day(database, ORDERS, date(2010, 12, 4)).frame.column("order_id").to_pylist()


def test_a_day_without_orders_is_empty_and_typed(shop: Shop, database: SourceDatabase) -> None:
    judged = read_day(database, ORDER_LINES, date(2011, 6, 1))

    assert len(judged.frame) == 0
    assert judged.frame.schema.types == ORDER_LINES.arrow_schema.types
    assert judged.source["rows"] == 0


def test_an_empty_table_is_an_empty_snapshot(shop: Shop, database: SourceDatabase) -> None:
    change(shop, "DELETE FROM shop.products")

    judged = read_snapshot(database, PRODUCTS)

    assert len(judged.frame) == 0
    assert judged.frame.schema.types == PRODUCTS.arrow_schema.types
    # What follows on an empty snapshot has no cursor to begin from.
    assert len(read_snapshot(database, PRODUCTS, judged.frame).frame) == 0


def test_money_is_exact(shop: Shop, database: SourceDatabase) -> None:
    sku = source_rows(shop, PRODUCTS)[0]["sku"]
    shop.database.change_product(sku, unit_price=Decimal("123456789.123"))

    rows = read_snapshot(database, PRODUCTS).frame.to_pylist()

    assert next(row for row in rows if row["sku"] == sku)["unit_price"] == Decimal("123456789.123")


class TestIncremental:
    """A snapshot over the previous one."""

    def test_nothing_new_reads_the_boundary_alone(self, shop: Shop, database: SourceDatabase) -> None:
        first = read_snapshot(database, CUSTOMERS)
        newest = max(row["updated_at"] for row in source_rows(shop, CUSTOMERS))
        boundary = [row for row in source_rows(shop, CUSTOMERS) if row["updated_at"] == newest]

        second = read_snapshot(database, CUSTOMERS, first.frame)

        assert figures(second) == (len(boundary), 0, 0, 0)
        assert second.frame.equals(first.frame)
        assert second.metadata["read"] == f"changes since {newest}"

    def test_a_changed_and_a_new_customer(self, shop: Shop, database: SourceDatabase) -> None:
        before = read_snapshot(database, CUSTOMERS)
        shop.database.change_customer(20001, segment="trade", city="Kørsør")
        shop.database.change_customer(20002, segment="trade")
        change(
            shop,
            "INSERT INTO shop.customers SELECT 99999, name, email, segment, city, country, status, signed_up_on, "
            "'2010-12-31 00:00:00' FROM shop.customers WHERE customer_id = 20003",
        )

        after = read_snapshot(database, CUSTOMERS, before.frame)

        assert after.frame.to_pylist() == source_rows(shop, CUSTOMERS)
        assert figures(after)[1:] == (1, 2, 0)

    def test_a_row_that_got_the_boundarys_moment_later(self, shop: Shop, database: SourceDatabase) -> None:
        before = read_snapshot(database, CUSTOMERS)
        newest = max(row["updated_at"] for row in source_rows(shop, CUSTOMERS))
        change(shop, f"UPDATE shop.customers SET city = 'Hull', updated_at = '{newest}' WHERE customer_id = 20005")

        after = read_snapshot(database, CUSTOMERS, before.frame)

        assert after.frame.to_pylist() == source_rows(shop, CUSTOMERS)
        assert figures(after)[1:] == (0, 1, 0)

    def test_deleted_rows_are_found_by_their_keys(self, shop: Shop, database: SourceDatabase) -> None:
        before = read_snapshot(database, CUSTOMERS)
        change(shop, "DELETE FROM shop.customers WHERE customer_id IN (20001, 20002)")

        after = read_snapshot(database, CUSTOMERS, before.frame)

        assert after.frame.to_pylist() == source_rows(shop, CUSTOMERS)
        assert figures(after)[1:] == (0, 0, 2)

    def test_deleted_rows_stay_where_deletions_are_ignored(self, shop: Shop, database: SourceDatabase) -> None:
        keeping = SourceTable("shop.customers", CUSTOMERS.table, "updated_at", delete_policy="ignore")
        before = read_snapshot(database, keeping)
        change(shop, "DELETE FROM shop.customers WHERE customer_id = 20001")
        shop.database.change_customer(20002, city="Leeds")

        after = read_snapshot(database, keeping, before.frame)

        assert 20001 in after.frame.column("customer_id").to_pylist()
        assert figures(after)[1:] == (0, 1, 0)
        again = read_snapshot(database, keeping, after.frame, everything=True)
        assert again.frame.to_pylist() == source_rows(shop, CUSTOMERS)

    def test_a_row_that_came_late_with_an_old_moment(self, shop: Shop, database: SourceDatabase) -> None:
        # As from a transaction that began before the last snapshot and committed after it.
        before = read_snapshot(database, CUSTOMERS)
        change(
            shop,
            "INSERT INTO shop.customers SELECT 99999, name, email, segment, city, country, status, signed_up_on, "
            "'2010-01-01 00:00:00' FROM shop.customers WHERE customer_id = 20003",
        )

        after = read_snapshot(database, CUSTOMERS, before.frame)

        assert after.frame.to_pylist() == source_rows(shop, CUSTOMERS)
        assert after.metadata["rows found by their key alone"] == 1
        assert figures(after) == (len(after.frame), 1, 0, 0)

    def test_a_fraction_of_a_second_at_the_boundary(self, shop: Shop, database: SourceDatabase) -> None:
        change(shop, "UPDATE shop.customers SET updated_at = '2010-12-31 10:00:00.500' WHERE customer_id = 20001")
        before = read_snapshot(database, CUSTOMERS)
        assert before.source["newest"] == "2010-12-31T10:00:00.500000"
        change(
            shop,
            "UPDATE shop.customers SET city = 'Ely', updated_at = '2010-12-31 10:00:00.5' WHERE customer_id = 20002",
        )

        after = read_snapshot(database, CUSTOMERS, before.frame)

        assert figures(after)[1:] == (0, 1, 0)


def test_long_runs_of_nulls_do_not_settle_a_columns_type(sqlite_shop: Shop, database: SourceDatabase) -> None:
    change(
        sqlite_shop,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO shop.products "
        "SELECT printf('!%05d', i), CASE WHEN i = 5000 THEN 'at last' ELSE '' END, 'misc', '1.000', "
        "'2010-12-01 00:00:00' FROM n",
    )
    change(
        sqlite_shop,
        "CREATE TABLE shop.again AS SELECT sku, nullif(description, '') AS description, category, "
        "unit_price, updated_at FROM shop.products ORDER BY sku",
    )
    again = SourceTable("shop.again", PRODUCTS.table, "updated_at")

    rows = pl.from_arrow(read_snapshot(database, again).frame)

    assert isinstance(rows, pl.DataFrame)
    assert rows["description"].null_count() >= 4999
    assert "at last" in rows["description"].to_list()


class TestChangedTables:
    """A source whose tables are not what the contract expects."""

    def test_another_column_is_left_out_and_told(self, shop: Shop, database: SourceDatabase) -> None:
        change(shop, "ALTER TABLE shop.orders ADD COLUMN voucher TEXT")

        judged = read_day(database, ORDERS, FIRST)

        assert judged.frame.to_pylist() == source_rows(shop, ORDERS, FIRST)
        assert judged.metadata["columns not in the contract"] == "voucher"

    def test_a_dropped_column(self, shop: Shop, database: SourceDatabase) -> None:
        change(shop, "ALTER TABLE shop.orders DROP COLUMN status")

        with pytest.raises(ColumnsMissing) as caught:
            read_day(database, ORDERS, FIRST)

        assert (
            "Expected the columns order_id, customer_id, ordered_at, status, updated_at in shop.orders of "
            f"{database.name}; found order_id, customer_id, ordered_at, updated_at: status is missing."
        ) in str(caught.value)
        assert len(read_snapshot(database, CUSTOMERS).frame)

    def test_a_missing_table(self, shop: Shop, database: SourceDatabase) -> None:
        change(shop, "DROP TABLE shop.orders")

        with pytest.raises(TableUnreadable) as caught:
            read_day(database, ORDERS, FIRST)

        assert f"Cannot read shop.orders of {database.name}: " in str(caught.value)
        assert "Expected a table with the columns order_id, customer_id" in str(caught.value)
        assert "SELECT" not in str(caught.value)
        assert len(read_day(database, ORDER_LINES, FIRST).frame)

    def test_a_value_that_is_no_decimal(self, sqlite_shop: Shop, database: SourceDatabase) -> None:
        change(
            sqlite_shop, "UPDATE shop.products SET unit_price = '2,95' WHERE sku = (SELECT max(sku) FROM shop.products)"
        )

        with pytest.raises(ValuesUnreadable, match=r"'unit_price' of shop.products of .*'2,95' is not a valid decimal"):
            read_snapshot(database, PRODUCTS)

    def test_money_as_floating_point_is_refused(self, sqlite_shop: Shop, database: SourceDatabase) -> None:
        change(
            sqlite_shop,
            "CREATE TABLE shop.floats AS SELECT sku, description, category, "
            "CAST(unit_price AS REAL) AS unit_price, updated_at FROM shop.products",
        )

        with pytest.raises(ValuesUnreadable, match="found double that cannot be turned into it exactly"):
            read_snapshot(database, SourceTable("shop.floats", PRODUCTS.table, "updated_at"))

    def test_personal_values_are_not_repeated(self, sqlite_shop: Shop, database: SourceDatabase) -> None:
        change(
            sqlite_shop,
            "CREATE TABLE shop.odd AS SELECT customer_id, 3.25 AS name, email, segment, city, country, "
            "status, signed_up_on, updated_at FROM shop.customers",
        )

        with pytest.raises(ValuesUnreadable) as caught:
            read_snapshot(database, SourceTable("shop.odd", CUSTOMERS.table, "updated_at"))

        assert "'name' of shop.odd" in str(caught.value)
        assert "3.25" not in str(caught.value)


def test_reading_changes_nothing(sqlite_shop: Shop, database: SourceDatabase) -> None:
    with database.reading(ORDERS) as reading, pytest.raises(TableUnreadable, match=r"readonly|read-only|query_only"):
        reading.query("DELETE FROM shop.orders")


@pytest.mark.docker
def test_keys_and_changes_are_read_at_one_moment(postgres_shop: Shop, database: SourceDatabase) -> None:
    # On SQLite, writers wait for the reader instead.
    shop = postgres_shop
    with database.reading(CUSTOMERS) as reading:
        before = reading.count_and_newest()
        shop.database.change_customer(20001, city="Hove")
        change(shop, "DELETE FROM shop.customers WHERE customer_id = 20002")
        assert reading.count_and_newest() == before
    with database.reading(CUSTOMERS) as reading:
        assert reading.count_and_newest() != before


def test_every_table_can_be_read_again_and_again(shop: Shop, database: SourceDatabase) -> None:
    for _ in range(3):
        for table in TABLES:
            with database.reading(table) as reading:
                rows, newest = reading.count_and_newest()
                assert rows == shop.database.count(table.name)
                assert isinstance(newest, datetime)
    database.close()
    with database.reading(ORDERS) as reading:
        assert isinstance(reading.rows(["order_id"]), pa.Table)
