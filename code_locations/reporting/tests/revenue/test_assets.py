"""Revenue of a day: by channel, by segment, by category; exact, and adding up."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.revenue import DailyRevenue, RevenueByCategory, RevenueBySegment
from reporting.defs.revenue.assets import daily_revenue, equals_daily_revenue, revenue_by_category, revenue_by_segment
from slipway.lake import Facts
from slipway.lake.frames import conform, to_arrow
from slipway.quality import Table
from tests import wholesale_csv
from tests.wholesale_csv import DAYS

FIRST = dt.date(2010, 12, 1)
MONEY = pl.Decimal(18, 3)
SALES: dict[str, Any] = {"invoice": pl.String, "customer": pl.String, "quantity": pl.Int32, "revenue": MONEY}
WEB: dict[str, Any] = {
    "order_id": pl.Int32,
    "customer": pl.String,
    "segment": pl.String,
    "category": pl.String,
    "quantity": pl.Int32,
    "revenue": MONEY,
    "status": pl.String,
}
Line = tuple[Any, ...]


def sales(*lines: Line) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=SALES, orient="row")


def web(*lines: Line) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=WEB, orient="row")


def holds(table: type[Table], frame: pl.DataFrame) -> bool:
    """Whether a frame would be published."""
    contract = table.contract
    rows = conform(to_arrow(frame)[0], contract.arrow_schema, contract.key_text)
    return contract.judge(rows, Facts(), contract.measure(rows))[0].passed


WHOLESALE_LINES = sales(
    ("1", "x", 2, Decimal("10.005")),
    ("1", "x", 1, Decimal("0.001")),
    ("2", None, 5, Decimal("20.000")),
    ("3", "y", 1, Decimal("1.000")),
)
WEB_LINES = web(
    (1, "x", "consumer", "lamps", 2, Decimal("5.000"), "paid"),
    (1, "x", "consumer", "bags", 1, Decimal("2.500"), "paid"),
    (2, "z", "trade", "lamps", 4, Decimal("8.000"), "shipped"),
    (3, None, "unknown", "unknown", 1, Decimal("1.000"), "unknown"),
    (4, "z", "trade", "lamps", 9, Decimal("0.000"), "cancelled"),
)


def test_a_row_a_channel() -> None:
    found = daily_revenue(FIRST, WHOLESALE_LINES, WEB_LINES)
    assert found.rows() == [
        (FIRST, "wholesale", Decimal("31.006"), 3, 9, 2),
        (FIRST, "web", Decimal("16.500"), 3, 8, 2),
    ]
    assert holds(DailyRevenue, found)


def test_a_day_without_trade_has_both_rows_with_zeros() -> None:
    found = daily_revenue(FIRST, sales(), web())
    assert found.rows() == [(FIRST, channel, Decimal(0), 0, 0, 0) for channel in ("wholesale", "web")]
    assert holds(DailyRevenue, found)


def test_by_segment() -> None:
    judged = revenue_by_segment(FIRST, WEB_LINES, web_total("16.500"))
    assert judged.frame.rows() == [
        (FIRST, "consumer", Decimal("7.500"), 1, 3, 1),
        (FIRST, "trade", Decimal("8.000"), 1, 4, 1),
        (FIRST, "unknown", Decimal("1.000"), 1, 1, 0),
    ]
    assert judged.verdicts[0].passed
    assert holds(RevenueBySegment, judged.frame)


def test_by_category_an_order_counts_in_each_of_its_categories() -> None:
    judged = revenue_by_category(FIRST, WEB_LINES, web_total("16.500"))
    assert judged.frame.select("category", "date", "revenue", "orders", "units").rows() == [
        ("bags", FIRST, Decimal("2.500"), 1, 1),
        ("lamps", FIRST, Decimal("13.000"), 2, 6),
        ("unknown", FIRST, Decimal("1.000"), 1, 1),
    ]
    assert judged.verdicts[0].passed
    assert all(holds(RevenueByCategory, part.drop("category")) for part in judged.frame.partition_by("category"))


def web_total(revenue: str) -> pl.DataFrame:
    """The web row of gold/daily_revenue, as the assets read it."""
    return pl.DataFrame({"channel": ["web"], "revenue": [Decimal(revenue)]}, schema_overrides={"revenue": MONEY})


@pytest.mark.parametrize("make", [revenue_by_segment, revenue_by_category])
def test_no_orders_no_rows(make: Any) -> None:
    judged = make(FIRST, web(), web_total("0.000"))
    assert len(judged.frame) == 0
    assert judged.verdicts[0].passed


@pytest.mark.parametrize("make", [revenue_by_segment, revenue_by_category])
def test_parts_that_do_not_add_up_are_told(make: Any) -> None:
    [verdict] = make(FIRST, WEB_LINES, web_total("16.501")).verdicts
    assert (verdict.check, verdict.passed, verdict.blocking) == ("equals_daily_revenue", False, True)
    assert verdict.reason == "the parts add up to 16.500 GBP, gold/daily_revenue has 16.501 GBP"


def test_without_a_total_to_compare_with_only_zero_is_right() -> None:
    none = web_total("0").clear()
    assert equals_daily_revenue(web(), none).passed
    assert not equals_daily_revenue(WEB_LINES, none).passed


statuses = st.sampled_from(["paid", "shipped", "cancelled", "unknown"])
web_lines = st.tuples(
    st.integers(1, 5),
    st.none() | st.sampled_from("xyz"),
    st.sampled_from(["consumer", "trade"]),
    st.sampled_from(["lamps", "bags", "unknown"]),
    st.integers(1, 9),
    st.decimals(0, 10**6, places=3),
    statuses,
).map(lambda line: (*line[:5], Decimal(0) if line[6] == "cancelled" else line[5], line[6]))


@given(lines=st.lists(web_lines, max_size=12))
@settings(deadline=None, max_examples=50)
def test_segments_and_categories_add_up_to_the_day(lines: list[Line]) -> None:
    frame = web(*lines)
    daily = daily_revenue(FIRST, sales(), frame).filter(pl.col("channel") == "web")
    assert daily["revenue"][0] == sum((line[5] for line in lines), Decimal(0))
    for make in (revenue_by_segment, revenue_by_category):
        judged = make(FIRST, frame, daily)
        assert judged.verdicts[0].passed
        assert (
            judged.frame["units"].sum() == daily["units"][0] == sum(line[4] for line in lines if line[6] != "cancelled")
        )


# The real days


def test_every_day_has_the_wholesale_revenue_that_sql_has() -> None:
    found = {}
    for day in DAYS:
        lines = wholesale_csv.sales(day, day)
        [row] = daily_revenue(day, lines, web()).filter(pl.col("channel") == "wholesale").rows(named=True)
        found[day] = (row["revenue"], row["orders"], row["units"], row["customers"])
    expected = {day: wholesale_csv.of_day(day) for day in DAYS}
    assert found == {day: (f.revenue, f.invoices, f.units, f.customers) for day, f in expected.items()}
    assert found[FIRST][:3] == (Decimal("58776.790"), 127, 26_818)
    assert found[dt.date(2011, 1, 18)][0] == Decimal("95947.730")
