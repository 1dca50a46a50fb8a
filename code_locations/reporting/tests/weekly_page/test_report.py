"""What a weekly report may not be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from code_locations.reporting.tests.weekly_page.pages import (
    day,
    report,
)
from reporting.weekly_page import (
    Country,
    Product,
    Rejection,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"week": "2010-W48"}, "Monday of ISO week 2010-W48, found 2010-12-06"),
        ({"monday": dt.date(2010, 12, 7)}, "day 2 of 2010-W49"),
        ({"days": (day(0, "1", weeks=-1),)}, "expected dates from 2010-12-06 to 2010-12-12"),
        ({"days_before": (day(0, "1"),)}, "found 2010-12-06"),
        ({"days": (day(0, "1"), day(0, "2"))}, "one row a day and channel"),
        ({"missing_days": (dt.date(2010, 12, 13),)}, "found 2010-12-13"),
        ({"days_off_record": (dt.date(2010, 12, 13),)}, "found 2010-12-13"),
        ({"days_off_record": (dt.date(2010, 12, 6),)}, "expected no data of 2010-12-06"),
        ({"lines_read": 603}, "at most the 603 lines read .* found 604"),
        ({"rates": {"EUR": Decimal(0)}}, "a rate above 0 for EUR"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        report(**change)


@pytest.mark.parametrize("revenue", [1.5, 1, "1"])
def test_money_is_a_decimal(revenue: Any) -> None:
    with pytest.raises(TypeError, match="expected a Decimal"):
        Product("22423", "CAKESTAND", 1, revenue)


@pytest.mark.parametrize("revenue", ["NaN", "Infinity", "1e30"])
def test_money_is_finite(revenue: str) -> None:
    with pytest.raises(ValueError, match="expected a finite amount"):
        Country("EIRE", Decimal(revenue), 1)


def test_counts_are_whole_and_not_negative() -> None:
    with pytest.raises(ValueError, match="expected 0 or more, found -1"):
        Rejection("rule", "reason", -1)
    with pytest.raises(TypeError, match="expected an int"):
        Rejection("rule", "reason", True)
