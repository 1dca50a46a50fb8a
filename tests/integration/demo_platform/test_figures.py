"""The embedded platform end to end: what `slipway demo` leaves in the lake, against figures worked out elsewhere.

Wholesale: DuckDB over the raw CSV files by the rules of demo/data. Web: Python decimals over the shop's database.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.platform_fixture import DemoPlatform

_LINES = """
    create view raw as
        select * from read_csv('{landing}/*.csv', header = true, all_varchar = true, filename = true);
    create view dedup as
        select distinct InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country
        from raw;
    create view valid as
        select *, cast(InvoiceDate[:10] as date) as day, cast(Quantity as int) as quantity_,
               cast(Quantity as int) * cast(UnitPrice as decimal(12,3)) as revenue
        from dedup
        where regexp_full_match(InvoiceNo, '[0-9]{{6}}') and cast(Quantity as int) > 0
          and cast(UnitPrice as decimal(12,3)) > 0;
"""


@pytest.fixture(scope="module")
def raw(demo_platform: DemoPlatform) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(_LINES.format(landing=demo_platform.home / "shop" / "landing"))
    return connection


@pytest.fixture(scope="module")
def lake(demo_platform: DemoPlatform) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for table in ("silver/sales", "gold/daily_revenue", "gold/revenue_by_segment", "gold/revenue_by_category",
                  "gold/weekly_sales_report", "quarantine/silver/sales", "quarantine/bronze/wholesale_sales",
                  "bronze/wholesale_sales"):  # fmt: skip
        connection.execute(
            f"create view {table.replace('/', '_')} as select * from "
            f"read_parquet('{demo_platform.home}/lake/{table}/**/data.parquet', hive_partitioning = true)"
        )
    return connection


@pytest.mark.parametrize(
    ("day", "revenue", "invoices", "units"),
    [("2010-12-01", "58776.790", 127, 26818), ("2011-01-18", "95947.730", 41, 82964), ("2010-12-25", "0.000", 0, 0)],
)
def test_known_days(lake: duckdb.DuckDBPyConnection, day: str, revenue: str, invoices: int, units: int) -> None:
    row = lake.execute(
        "select revenue, orders, units from gold_daily_revenue where date = ? and channel = 'wholesale'", [day]
    ).fetchall()
    assert row == [(Decimal(revenue), invoices, units)]


def test_wholesale_of_every_day_equals_the_files(
    raw: duckdb.DuckDBPyConnection, lake: duckdb.DuckDBPyConnection
) -> None:
    expected = {
        day: (revenue, orders, units, customers)
        for day, revenue, orders, units, customers in raw.execute(
            "select day, sum(revenue), count(distinct InvoiceNo), sum(quantity_), count(distinct CustomerID)"
            " from valid group by day"
        ).fetchall()
    }
    found = lake.execute(
        "select date, revenue, orders, units, customers from gold_daily_revenue"
        " where channel = 'wholesale' order by date"
    ).fetchall()
    assert [row[0] for row in found] == [dt.date(2010, 12, 1) + dt.timedelta(days=n) for n in range(62)]
    assert {row[0]: row[1:] for row in found if row[2]} == expected


def test_web_of_every_day_equals_the_shop(demo_platform: DemoPlatform, lake: duckdb.DuckDBPyConnection) -> None:
    database = sqlite3.connect(f"file:{demo_platform.home}/shop/shop.db?mode=ro", uri=True)
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for day, quantity, price in database.execute(
        "select substr(l.ordered_at, 1, 10), l.quantity, l.unit_price from order_lines l"
        " join orders o using (order_id) where o.status <> 'cancelled'"
    ):
        expected[day] += quantity * Decimal(price)
    found = dict(lake.execute("select date::varchar, revenue from gold_daily_revenue where channel = 'web'").fetchall())
    assert len(found) == 62
    assert found == {day: expected[day] for day in found}
    for view in ("gold_revenue_by_segment", "gold_revenue_by_category"):
        sums = dict(lake.execute(f"select date::varchar, sum(revenue) from {view} group by date").fetchall())
        assert sums == {day: total for day, total in found.items() if total}


@pytest.mark.parametrize(
    ("week", "revenue"), [("2010-W48", "184669.470"), ("2010-W52", "0.000"), ("2011-W03", "215227.010")]
)
def test_known_weeks(lake: duckdb.DuckDBPyConnection, week: str, revenue: str) -> None:
    rows = lake.execute(
        "select revenue from gold_weekly_sales_report where iso_week = ? and channel = 'wholesale'", [week]
    ).fetchall()
    assert rows == [(Decimal(revenue),)]


def test_every_line_is_somewhere(raw: duckdb.DuckDBPyConnection, lake: duckdb.DuckDBPyConnection) -> None:
    def count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
        row = connection.execute(f"select count(*) from {view}").fetchone()
        assert row is not None
        return int(row[0])

    lines, different = count(raw, "raw"), count(raw, "dedup")
    assert lines == 77628
    assert lines == count(lake, "bronze_wholesale_sales") + count(lake, "quarantine_bronze_wholesale_sales")
    duplicates = lines - different
    assert lines == count(lake, "silver_sales") + count(lake, "quarantine_silver_sales") + duplicates


def test_no_name_or_address_leaves_bronze(demo_platform: DemoPlatform) -> None:
    database = sqlite3.connect(f"file:{demo_platform.home}/shop/shop.db?mode=ro", uri=True)
    [(address,)] = database.execute("select email from customers where email is not null limit 1").fetchall()
    connection = duckdb.connect()
    for layer in ("silver", "gold", "quarantine/silver"):
        for file in (demo_platform.home / "lake" / layer).rglob("*.parquet"):
            names = connection.execute(f"select name from parquet_schema('{file}')").fetchall()
            assert not {"name", "email", "CustomerID", "customer_id"} & {name for (name,) in names}, file
    log = (demo_platform.home / "home" / "dagster.db").read_bytes()
    assert address.encode() not in log


def test_reports_are_there_and_say_when_there_was_no_trade(demo_platform: DemoPlatform) -> None:
    reports = demo_platform.home / "lake" / "gold" / "_files" / "weekly_sales_report"
    pages = sorted(page.parent.name for page in reports.glob("week=*/weekly_sales_report.html"))
    assert pages[0] == "week=2010-11-29"
    assert len(pages) == 10
    assert "184,669.47" in _text(reports / "week=2010-11-29")
    assert "2010-W52" in _text(reports / "week=2010-12-27")


def _text(folder: Path) -> str:
    return (folder / "weekly_sales_report.html").read_text()


def test_the_summary_names_the_report_and_the_way_to_the_ui(demo_platform: DemoPlatform) -> None:
    words = " ".join(demo_platform.output.split())
    assert "1,511,264.340 GBP in 2,645 orders" in words
    assert "weekly_sales_report.html" in words
    assert "make ui" in words
