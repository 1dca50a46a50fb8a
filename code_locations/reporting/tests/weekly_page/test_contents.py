"""What the weekly page says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from code_locations.reporting.tests.weekly_page.pages import (
    day,
    parse,
    report,
    rows_under,
    text_of,
)
from reporting.weekly_page import (
    Country,
    Rejection,
    render,
)


def test_totals_are_exact_to_the_penny_and_compared_with_the_week_before() -> None:
    table = rows_under(render(report()), "The week in figures")

    # 41,234.565 + 1,200.10 + 52,001.23 + 18,000.00 = 112,435.895: summed first, then rounded.
    assert table[1] == ["Revenue", "£112,435.90", "£91,000.00", "+£21,435.90 +23.6%"]
    assert table[2] == ["Orders", "350", "275", "+75 +27.3%"]
    assert table[3] == ["Units", "2,450", "1,925", "+525 +27.3%"]
    assert table[4] == ["Average order", "£321.25", "£330.91", "\u2212£9.66 \u22122.9%"]


def test_title_names_the_week_and_its_dates() -> None:
    root = parse(render(report()))

    assert root.findtext("head/title") == "Weekly sales report 2010-W49: 6\u201312\u00a0December 2010"
    assert root.findtext("body/main/header/h1") == "6\u201312\u00a0December 2010"


def test_channels_have_their_share_and_their_change() -> None:
    table = rows_under(render(report()), "Channels")

    assert table[1] == [
        "Wholesale", "111,235.80", "98.9%", "+21,235.80 +23.6%", "320", "2,240", "347.61",
    ]  # fmt: skip
    assert table[2] == ["Web", "1,200.10", "1.1%", "+200.10 +20.0%", "30", "210", "40.00"]


def test_every_day_is_in_the_table_with_its_channels() -> None:
    table = rows_under(render(report()), "Revenue by day")

    assert [row[0] for row in table] == [
        "Day", "Mon 6", "Tue 7", "Wed 8", "Thu 9", "Fri 10", "Sat 11", "Sun 12", "Week",
    ]  # fmt: skip
    assert table[1][1:] == [
        "41,234.57",
        "1,200.10",
        "42,434.67",
        "41,000.00",
        "+3.5%",
        "150",
        "148",
    ]
    assert table[3][1:] == [
        "\u2013",
        "\u2013",
        "\u2013",
        "50,000.00",
        "\u2212100.0%",
        "\u2013",
        "\u2013",
    ]
    assert table[8][1:] == [
        "111,235.80",
        "1,200.10",
        "112,435.90",
        "91,000.00",
        "+23.6%",
        "350",
        "",
    ]


def test_products_come_by_revenue_with_their_part_of_the_week() -> None:
    reversed_products = tuple(reversed(report().products))
    page = render(report(products=reversed_products))

    table = rows_under(page, "Products with the most revenue")
    assert [row[:3] for row in table[1:]] == [
        ["REGENCY CAKESTAND 3 TIER 22423", "851", "10,902.59"],
        ["WHITE HANGING HEART T-LIGHT HOLDER 85123A", "1,122", "3,539.40"],
    ]
    assert "Together these 2 products brought 12.8% of the week\u2019s revenue." in text_of(page)


def test_countries_beyond_the_first_are_summed_and_the_shares_reach_the_whole() -> None:
    countries = tuple(Country(f"C{place:02d}", Decimal(100 - place), 2) for place in range(20))
    page = render(report(days=(day(0, "2000.00"),), countries=countries))

    table = rows_under(page, "Countries")
    assert len(table) == 1 + 10 + 2
    assert table[1][:4] == ["C00", "2", "100.00", "5.0%"]
    assert table[11][:4] == ["10 other countries", "20", "855.00", "42.8%"]
    assert table[12][:4] == ["Without a country", "\u2013", "190.00", "9.5%"]


def test_what_was_left_out_is_told_in_words_and_by_reason() -> None:
    page = render(report())

    assert (
        "Of 16,588 lines read, 403 (2.4%, about one in 41) were set aside because a rule did not "
        "hold; 201 were exact copies of other lines and left out. The remaining 15,984 lines count."
    ) in text_of(page)
    table = rows_under(page, "What was left out")
    assert table[1:] == [
        ["cancelled invoice not_cancelled", "302", "1.8%"],
        ["price of zero or less price_above_zero", "101", "0.6%"],
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lines_read": 0}, "No lines were read for this week."),
        (
            {"lines_read": 12},
            "12 lines read; nothing was set aside and there were no duplicates: all count.",
        ),
        (
            {"lines_read": 3, "duplicates": 1},
            "Of 3 lines read, 1 was an exact copy of another line and left out. The remaining 2 lines count.",
        ),
        (
            {"lines_read": 3, "quarantine": (Rejection("r", "x", 2),)},
            "Of 3 lines read, 2 (66.7%) were set aside because a rule did not hold. The remaining 1 line counts.",
        ),
    ],
)
def test_lines_are_counted_in_sentences(changes: dict[str, Any], sentence: str) -> None:
    page = render(report(**{"quarantine": (), "duplicates": 0, **changes}))

    assert sentence in text_of(page)


def test_foreign_currencies_show_the_total_at_their_rate() -> None:
    page = render(report(days=(day(0, "58776.790"),), rates={"EUR": 1 / Decimal("0.8393")}, countries=()))

    assert "EUR 70,030.73, at 1.1915 to the pound" in text_of(page)


def test_the_run_is_shown_only_if_it_is_given() -> None:
    made = dt.datetime(2010, 12, 13, 6, 2, tzinfo=dt.UTC)

    assert "Made" not in text_of(render(report()))
    assert "Made on 13 December 2010, 06:02 UTC by run r-1 ." in text_of(
        render(report(generated_at=made, run_id="r-1"))
    )
    assert "Made by run r-1 ." in text_of(render(report(run_id="r-1")))
