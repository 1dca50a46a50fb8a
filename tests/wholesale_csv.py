"""The real wholesale files, and their figures worked out apart from all of Slipway's code: by DuckDB, in SQL."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
import polars as pl

from demo import WholesaleFiles

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FIRST, LAST = dt.date(2010, 12, 1), dt.date(2011, 1, 31)
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


class Figures(NamedTuple):
    """What the rules of `demo/data/README.md` make of a day's file, or of a week's."""

    raw: int = 0
    dedup: int = 0
    cancelled: int = 0
    lines: int = 0
    invoices: int = 0
    units: int = 0
    customers: int = 0
    revenue: Decimal = Decimal("0.000")


_FIGURES = """
with raw as (
    select *, filename[-14:-5]::date as day
    from read_csv('{folder}/*.csv', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"',
                  filename = true, strict_mode = true)
), dedup as (
    select distinct day, {columns} from raw
), valid as (
    select *, Quantity::integer as units, UnitPrice::decimal(12, 3) as price
    from dedup
    where regexp_full_match(InvoiceNo, '[0-9]{{6}}') and Quantity::integer > 0 and UnitPrice::decimal(12, 3) > 0
)
select * from (select {period}::date as period, count(*) as raw from raw group by 1)
join (
    select {period}::date as period, count(*) as dedup, count(*) filter (InvoiceNo like 'C%') as cancelled
    from dedup group by 1
) using (period)
join (
    select {period}::date as period, count(*) as lines, count(distinct InvoiceNo) as invoices, sum(units) as units,
           count(distinct CustomerID) as customers, sum(units * price)::decimal(18, 3) as revenue
    from valid group by 1
) using (period)
"""


@cache
def figures(period: str = "day") -> dict[dt.date, Figures]:
    """Figures of each day with a file; with `date_trunc('week', day)`, of each week by its Monday."""
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        WholesaleFiles().deliver_all(Path(folder))
        found = connection.execute(_FIGURES.format(folder=folder, columns=", ".join(COLUMNS), period=period)).fetchall()
    return {row[0]: Figures(*row[1:]) for row in found}


def of_day(day: dt.date) -> Figures:
    """A day without a file has no figures but zeros."""
    return figures().get(day, Figures())


def of_week(monday: dt.date) -> Figures:
    return figures("date_trunc('week', day)").get(monday, Figures())


_SALES = """
select distinct InvoiceNo as invoice, StockCode as stock_code, Description as description,
       Quantity::integer as quantity, (Quantity::integer * UnitPrice::decimal(12, 3))::decimal(18, 3) as revenue,
       'c' || CustomerID as customer, Country as country, InvoiceDate
from read_csv('{folder}/*.csv', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"')
where regexp_full_match(InvoiceNo, '[0-9]{{6}}') and Quantity::integer > 0 and UnitPrice::decimal(12, 3) > 0
"""


@cache
def _sales() -> pl.DataFrame:
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        WholesaleFiles().deliver_all(Path(folder))
        found = pl.from_arrow(connection.sql(_SALES.format(folder=folder)).to_arrow_table())
        assert isinstance(found, pl.DataFrame)
        return found


def sales(first: dt.date, last: dt.date) -> pl.DataFrame:
    """The valid lines of some days as silver/sales has them, by SQL."""
    days = pl.col("InvoiceDate").str.head(10).is_between(pl.lit(str(first)), pl.lit(str(last)))
    return _sales().filter(days).drop("InvoiceDate")


def bronze(day: dt.date) -> pl.DataFrame:
    """A day's lines as bronze/wholesale_sales has them, read by Python's own csv module."""
    rows: list[dict[str, str | int | None]] = []
    if day in WholesaleFiles().days():
        text = WholesaleFiles().read(day).decode()
        for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
            texts: dict[str, str | int | None] = {name: row[name] or None for name in COLUMNS}
            rows.append({**texts, "source_file": f"online_retail_{day}.csv", "source_line": number})
    schema = {**dict.fromkeys((*COLUMNS, "source_file"), pl.String), "source_line": pl.Int32}
    return pl.DataFrame(rows, schema=schema)
