"""gold/weekly_sales_report: a week's table against the week before, and its page."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from contracts.calendar import calendar
from contracts.revenue import WeeklySalesReport
from reporting.defs.revenue.assets import daily_revenue
from reporting.defs.weekly.assets import PAGE, days_off_record, missing_days, top_products, weekly_sales_report
from reporting.weekly_page import Product
from slipway.calendar import week_start
from slipway.lake import Facts
from slipway.lake.frames import conform, to_arrow
from slipway.quality import Judged
from tests import wholesale_csv
from tests.wholesale_csv import DAYS, FIRST

MONEY = pl.Decimal(18, 3)
NO_WEB = pl.DataFrame(
    schema={"order_id": pl.Int32, "customer": pl.String, "quantity": pl.Int32, "revenue": MONEY, "status": pl.String}
)
NO_REJECTS = pl.DataFrame(schema={"rule": pl.String, "reason": pl.String})
NO_LINES = pl.DataFrame(schema={"source_line": pl.Int32})
NO_RATES = pl.DataFrame(schema={"date": pl.Date, "currency": pl.String, "rate": pl.Decimal(18, 6)})
NO_SALES = wholesale_csv.sales(dt.date(1999, 1, 1), dt.date(1999, 1, 1))
ONE_DAY = dt.timedelta(days=1)


def revenue(first: dt.date, last: dt.date) -> pl.DataFrame:
    """gold/daily_revenue of some days, with the column that tells their partitions apart."""
    days = [day for day in DAYS if first <= day <= last]
    frames = [
        daily_revenue(day, wholesale_csv.sales(day, day), NO_WEB).with_columns(day=pl.lit(str(day))) for day in days
    ]
    return pl.concat(frames) if frames else daily_revenue(first, NO_SALES, NO_WEB).clear().with_columns(day=pl.lit(""))


def report(monday: str, **changes: Any) -> Judged:
    """The report of a real week."""
    first = dt.date.fromisoformat(monday)
    last = first + 6 * ONE_DAY
    given: dict[str, Any] = {
        "daily_revenue": revenue(first - 7 * ONE_DAY, last),
        "sales": wholesale_csv.sales(first, last),
        "rejected": NO_REJECTS,
        "lines": NO_LINES,
        "exchange_rates": NO_RATES,
    }
    return weekly_sales_report(first, **{**given, **changes})


def page(judged: Judged) -> str:
    [file] = judged.files
    assert (file.name, file.content_type) == (PAGE, "text/html; charset=utf-8")
    return file.data.decode()


@pytest.mark.parametrize(
    ("monday", "week", "expected"),
    [
        ("2010-11-29", "2010-W48", (Decimal("184669.470"), 425, 90_482, None)),
        ("2010-12-27", "2010-W52", (Decimal("0.000"), 0, 0, None)),
        ("2011-01-17", "2011-W03", (Decimal("215227.010"), 232, 144_670, None)),
    ],
)
def test_the_weeks_that_are_written_down(monday: str, week: str, expected: tuple[Any, ...]) -> None:
    judged = report(monday)
    wholesale, web = judged.frame.rows(named=True)
    assert (wholesale["iso_week"], wholesale["monday"].isoformat(), wholesale["channel"]) == (week, monday, "wholesale")
    assert (wholesale["revenue"], wholesale["orders"], wholesale["units"]) == expected[:3]
    assert (web["channel"], web["revenue"], web["orders"]) == ("web", Decimal("0.000"), 0)
    assert judged.metadata["week"] == week


def test_every_week_has_the_figures_that_sql_has() -> None:
    for monday in sorted({week_start(day) for day in DAYS}):
        row = report(monday.isoformat()).frame.row(0, named=True)
        expected = wholesale_csv.of_week(monday)
        assert (row["revenue"], row["orders"], row["units"]) == (expected.revenue, expected.invoices, expected.units)
        before = wholesale_csv.of_week(monday - 7 * ONE_DAY)
        assert row["revenue_before"] == (None if monday < FIRST else before.revenue)


def test_the_table_holds_against_its_contract() -> None:
    contract = WeeklySalesReport.contract
    for monday in ("2010-11-29", "2010-12-27"):
        rows = conform(to_arrow(report(monday).frame)[0], contract.arrow_schema, contract.key_text)
        assert all(verdict.passed for verdict in contract.judge(rows, Facts(), contract.measure(rows)))


def test_the_page_says_what_the_table_says() -> None:
    text = page(report("2010-11-29"))
    assert "2010-W48" in text
    assert "184,669" in text


def test_a_week_without_trade_is_a_report_that_says_so() -> None:
    judged = report("2010-12-27")
    text = page(judged)
    assert "2010-W52" in text
    assert "no " in text.lower()
    assert judged.metadata["missing days"] == 0, "its days are there, with zeros"


def test_a_week_of_which_nothing_is_there_yet() -> None:
    judged = report("2010-12-06", daily_revenue=revenue(FIRST, FIRST).clear(), sales=NO_SALES)
    assert judged.frame["revenue"].to_list() == [Decimal(0), Decimal(0)]
    assert judged.frame["revenue_before"].to_list() == [None, None]
    assert judged.metadata["missing days"] == 7
    assert page(judged)


def test_the_share_that_was_set_aside_is_on_the_page() -> None:
    rejected = pl.DataFrame({"rule": ["cancelled"] * 3, "reason": ["the invoice number begins with C"] * 3})
    lines = pl.DataFrame({"source_line": pl.Series(range(10), dtype=pl.Int32)})
    text = page(report("2010-12-06", rejected=rejected, lines=lines, sales=NO_SALES))
    assert "the invoice number begins with C" in text


def test_the_rate_is_the_newest_of_the_week() -> None:
    """The source gives pounds for one euro; the page tells euros for one pound."""
    rates = pl.DataFrame(
        {
            "date": [dt.date(2010, 12, 7), dt.date(2010, 12, 6)],
            "currency": ["GBP", "GBP"],
            "rate": [Decimal("0.800000"), Decimal("0.500000")],
        },
        schema_overrides={"rate": pl.Decimal(18, 6)},
    )
    assert "1.25" in page(report("2010-12-06", exchange_rates=rates))


# Parts


@pytest.mark.parametrize(
    ("monday", "there", "missing"),
    [
        ("2010-11-29", [], ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-04", "2010-12-05"]),
        ("2010-12-06", ["2010-12-06", "2010-12-12"], [f"2010-12-{n:02}" for n in range(7, 12)]),
        ("2011-01-31", [], ["2011-01-31"]),
        ("2011-01-31", ["2011-01-31"], []),
        ("2011-02-07", [], []),
    ],
)
def test_missing_days_are_those_of_the_calendar(monday: str, there: list[str], missing: list[str]) -> None:
    assert calendar.first_day == FIRST
    week = pl.DataFrame({"date": [dt.date.fromisoformat(day) for day in there]}, schema={"date": pl.Date})
    found = missing_days(dt.date.fromisoformat(monday), week)
    assert [day.isoformat() for day in found] == missing


@pytest.mark.parametrize(
    ("monday", "off_record"),
    [
        ("2010-11-29", ["2010-11-29", "2010-11-30"]),
        ("2010-12-06", []),
        ("2011-01-31", [f"2011-02-0{n}" for n in range(1, 7)]),
    ],
)
def test_days_off_record_are_those_outside_the_calendar(monday: str, off_record: list[str]) -> None:
    assert [day.isoformat() for day in days_off_record(dt.date.fromisoformat(monday))] == off_record


def test_the_last_week_ends_with_the_records_and_not_with_days_without_trade() -> None:
    text = page(report("2011-01-31")).replace("\u00a0", " ")
    assert "The records end with Monday 31 January." in text
    assert "no trade" not in text


def lines(*rows: tuple[str, str | None, int, str]) -> pl.DataFrame:
    schema: dict[str, Any] = {"stock_code": pl.String, "description": pl.String, "quantity": pl.Int32, "revenue": MONEY}
    return pl.DataFrame([(c, d, q, Decimal(r)) for c, d, q, r in rows], schema=schema, orient="row")


def test_spellings_of_a_code_are_one_product_named_as_it_is_named_most_often() -> None:
    [product] = top_products(
        lines(("85123a", "HEART", 1, "1.000"), ("85123A", " HEART ", 2, "2.000"), ("85123A", " HEART ", 3, "3.000"))
    )
    assert product == Product("85123A", "HEART", 6, Decimal("6.000"))


def test_products_are_the_ten_with_most_revenue_in_order() -> None:
    found = top_products(lines(*((f"P{n:02}", None, 1, str(n)) for n in range(15))))
    assert [product.stock_code for product in found] == [f"P{n:02}" for n in range(14, 4, -1)]
    assert {product.description for product in found} == {""}


def test_no_sales_no_products() -> None:
    assert top_products(lines()) == ()
