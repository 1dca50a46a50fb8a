"""silver/sales: which wholesale lines are sales, and the business's figures to the last digit."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.wholesale import COLUMNS, Sales
from slipway.quality import Judged
from slipway.quality.asset import draft_of
from tests import wholesale_csv
from tests.wholesale_csv import DAYS
from transformation.defs.sales.assets import sales
from transformation.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms()
FIRST = dt.date(2010, 12, 1)


def lines(*changes: dict[str, Any]) -> pl.DataFrame:
    """Lines as bronze has them, each bent by its changes."""
    usual = {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART",
        "Quantity": "6",
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": "2.55",
        "CustomerID": "17850",
        "Country": "United Kingdom",
        "source_file": "online_retail_2010-12-01.csv",
    }
    rows = [{**usual, "source_line": number, **change} for number, change in enumerate(changes, start=2)]
    return pl.DataFrame(rows, schema={**dict.fromkeys((*COLUMNS, "source_file"), pl.String), "source_line": pl.Int32})


def sold(*changes: dict[str, Any]) -> Judged:
    return sales(lines(*changes), PSEUDONYMS)


def rules(judged: Judged) -> list[tuple[int, str]]:
    """Line and rule of each line that is no sale."""
    return sorted(judged.rejected.select("source_line", "rule").rows())


def test_a_sale() -> None:
    judged = sold({"CustomerID": "17850", "Description": ' A, "B" '})
    [row] = judged.frame.rows(named=True)
    assert row == {
        "invoice": "536365",
        "stock_code": "85123A",
        "description": ' A, "B" ',
        "quantity": 6,
        "invoiced_at": dt.datetime(2010, 12, 1, 8, 26),
        "unit_price": Decimal("2.550"),
        "revenue": Decimal("15.300"),
        "customer": PSEUDONYMS.of("17850"),
        "country": "United Kingdom",
        "source_file": "online_retail_2010-12-01.csv",
        "source_line": 2,
    }
    assert judged.rejected.is_empty()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"InvoiceNo": "C536379", "Quantity": "-1"}, "cancelled"),
        ({"InvoiceNo": "C536379"}, "cancelled"),
        ({"InvoiceNo": "A563185", "UnitPrice": "-11062.06"}, "adjustment"),
        ({"InvoiceNo": "53636"}, "no_invoice_number"),
        ({"InvoiceNo": "5363655"}, "no_invoice_number"),
        ({"InvoiceNo": " 536365"}, "no_invoice_number"),
        ({"Quantity": "-10", "UnitPrice": "0.0"}, "write_off"),
        ({"Quantity": "0"}, "write_off"),
        ({"UnitPrice": "0.0"}, "no_price"),
        ({"UnitPrice": "-1"}, "no_price"),
        ({"Quantity": "2000000000", "UnitPrice": "999999999.999"}, "revenue"),
    ],
)
def test_what_is_no_sale_goes_to_the_quarantine_with_its_rule(change: dict[str, str], rule: str) -> None:
    judged = sold({}, change)
    assert rules(judged) == [(3, rule)]
    assert len(judged.frame) == 1
    [reason] = judged.rejected["reason"].to_list()
    assert reason


@pytest.mark.parametrize("change", [{"CustomerID": None}, {"Description": None}, {"Country": None}])
def test_what_may_be_missing(change: dict[str, None]) -> None:
    assert len(sold(change).frame) == 1


def test_exact_duplicates_count_once_and_near_ones_twice() -> None:
    judged = sold({}, {}, {"Description": "WHITE HANGING HEART "}, {"UnitPrice": "2.550"}, {"StockCode": "85123a"})
    assert judged.duplicates == 1
    assert judged.frame["source_line"].to_list() == [2, 4, 5, 6], "the first one is kept"


@pytest.mark.parametrize("written", ["17850", "17850.0", "17850.00", "017850"])
def test_however_it_is_written_a_customer_is_one(written: str) -> None:
    assert sold({"CustomerID": written}).frame["customer"].to_list() == [PSEUDONYMS.of("17850")]


@pytest.mark.parametrize("written", ["2010-12-01 08:26:00", "2010-12-01 08:26"])
def test_the_minute_is_read_as_written(written: str) -> None:
    assert sold({"InvoiceDate": written}).frame["invoiced_at"].to_list() == [dt.datetime(2010, 12, 1, 8, 26)]


def test_no_customer_number_leaves_bronze() -> None:
    judged = sold({"CustomerID": "17850"}, {"CustomerID": "17851", "InvoiceNo": "C1"})
    for frame in (judged.frame, judged.rejected):
        text = str(frame.rows())
        assert "17850" not in text
        assert "17851" not in text


def test_no_lines_are_no_sales() -> None:
    judged = sold()
    assert (len(judged.frame), len(judged.rejected), judged.duplicates) == (0, 0, 0)
    draft = draft_of(Sales.contract, "2010-12-25", judged)
    assert draft.table.schema.names == Sales.contract.arrow_schema.names


@given(
    drawn=st.lists(
        st.fixed_dictionaries(
            {
                "InvoiceNo": st.sampled_from(["536365", "536366", "C536365", "A536365", "X", ""]),
                "Quantity": st.integers(-(2**31), 2**31 - 1).map(str) | st.sampled_from(["1", "-0", "007"]),
                "UnitPrice": st.decimals(Decimal("-999"), Decimal("999999.999"), places=3).map(str)
                | st.sampled_from(["0", "1.50", "2.5000", "0.001", "000.5", "-0.0"]),
                "CustomerID": st.none() | st.sampled_from(["1", "2.0"]),
            }
        ),
        max_size=8,
    )
)
@settings(deadline=None, max_examples=60)
def test_every_line_ends_in_one_place_and_money_is_exact(drawn: list[dict[str, str | None]]) -> None:
    """Against the rules of `demo/data/README.md` in plain Python."""
    judged = sold(*drawn)
    distinct = Counter(tuple(sorted(row.items(), key=str)) for row in drawn)
    valid = [
        row
        for row in (dict(items) for items in distinct)
        if len(str(row["InvoiceNo"])) == 6
        and str(row["InvoiceNo"]).isdigit()
        and int(str(row["Quantity"])) > 0
        and Decimal(str(row["UnitPrice"])) > 0
    ]
    assert judged.duplicates == len(drawn) - len(distinct)
    assert len(judged.frame) + len(judged.rejected) + judged.duplicates == len(drawn)
    too_much = [row for row in valid if revenue(row) >= Decimal(10) ** 15]
    assert len(judged.frame) == len(valid) - len(too_much)
    assert (judged.frame["revenue"].sum() or 0) == sum(revenue(row) for row in valid if row not in too_much)


def revenue(row: dict[str, str | None]) -> Decimal:
    return int(str(row["Quantity"])) * Decimal(str(row["UnitPrice"]))


# The real files


@pytest.fixture(scope="module")
def every_day() -> dict[dt.date, Judged]:
    return {day: sales(wholesale_csv.bronze(day), PSEUDONYMS) for day in DAYS}


def figures(judged: Judged) -> dict[str, Any]:
    frame = judged.frame
    return {
        "raw": len(frame) + len(judged.rejected) + judged.duplicates,
        "dedup": len(frame) + len(judged.rejected),
        "cancelled": len(judged.rejected.filter(pl.col("rule") == "cancelled")),
        "lines": len(frame),
        "invoices": frame["invoice"].n_unique(),
        "units": frame["quantity"].sum(),
        "customers": frame["customer"].drop_nulls().n_unique(),
        "revenue": frame["revenue"].sum() or Decimal("0.000"),
    }


def test_every_day_has_the_figures_that_sql_has(every_day: dict[dt.date, Judged]) -> None:
    assert len(every_day) == 62
    found = {day: figures(judged) for day, judged in every_day.items()}
    assert found == {day: wholesale_csv.of_day(day)._asdict() for day in DAYS}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2010-12-01", (3108, 3064, 26, 3028, 127, 26818, Decimal("58776.790"))),
        ("2011-01-18", (1447, 1440, 17, 1421, 41, 82964, Decimal("95947.730"))),
        ("2010-12-25", (0, 0, 0, 0, 0, 0, Decimal(0))),
    ],
)
def test_the_figures_that_are_written_down(
    every_day: dict[dt.date, Judged], day: str, expected: tuple[int | Decimal, ...]
) -> None:
    found = figures(every_day[dt.date.fromisoformat(day)])
    assert tuple(value for name, value in found.items() if name != "customers") == expected


@pytest.mark.parametrize(
    ("monday", "expected"),
    [
        ("2010-11-29", (9791, 425, 90482, Decimal("184669.470"))),
        ("2010-12-27", (0, 0, 0, Decimal(0))),
        ("2011-01-17", (9199, 232, 144670, Decimal("215227.010"))),
    ],
)
def test_the_weeks_that_are_written_down(
    every_day: dict[dt.date, Judged], monday: str, expected: tuple[int | Decimal, ...]
) -> None:
    first = dt.date.fromisoformat(monday)
    week = pl.concat(
        every_day[first + dt.timedelta(days=n)].frame for n in range(7) if first + dt.timedelta(days=n) in every_day
    )
    found = (len(week), week["invoice"].n_unique(), week["quantity"].sum(), week["revenue"].sum())
    assert found == expected


def test_the_months_that_are_written_down(every_day: dict[dt.date, Judged]) -> None:
    totals: Counter[int] = Counter()
    revenue: dict[int, Decimal] = {12: Decimal(0), 1: Decimal(0)}
    for day, judged in every_day.items():
        totals[day.month] += len(judged.frame)
        revenue[day.month] += judged.frame["revenue"].sum() or Decimal(0)
    assert totals == {12: 40_991, 1: 34_060}
    assert revenue == {12: Decimal("821452.730"), 1: Decimal("689811.610")}


def test_every_rejected_line_has_its_rule_and_its_place(every_day: dict[dt.date, Judged]) -> None:
    rejected = pl.concat(judged.rejected for judged in every_day.values())
    assert rejected.null_count().select("rule", "reason", "source_file", "source_line").row(0) == (0, 0, 0, 0)
    assert set(rejected["rule"]) <= {"cancelled", "adjustment", "no_invoice_number", "write_off", "no_price"}
