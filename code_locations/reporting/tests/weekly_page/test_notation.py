"""How numbers and dates are written on the page."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from reporting.weekly_page import (
    notation,
)


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (notation.pounds, "1234567.005", "£1,234,567.01"),
        (notation.pounds, "-0.004", "£0.00"),
        (notation.pounds, "-12.345", "\u2212£12.35"),
        (notation.change_in_pounds, "12", "+£12.00"),
        (notation.change_in_pounds, "0", "£0.00"),
        (notation.percent, "0.0004", "<0.1%"),
        (notation.percent, "0", "0.0%"),
        (notation.percent, "1.2345", "123.5%"),
        (notation.change_in_percent, "-0.5", "\u221250.0%"),
        (notation.change_in_percent, "12.5", "+1,250.0%"),
        (notation.compact_pounds, "0", "£0"),
        (notation.compact_pounds, "0.05", "£0.05"),
        (notation.compact_pounds, "750", "£750"),
        (notation.compact_pounds, "2500", "£2.5k"),
        (notation.compact_pounds, "-40000000", "\u2212£40m"),
        (notation.compact_pounds, "1E+12", "£1tn"),
        (notation.compact_pounds, "2.5E+20", "£2.5e20"),
        (notation.rate, "1.194528", "1.1945"),
        (notation.rate, "0.0075123", "0.007512"),
    ],
)
def test_numbers_are_written_the_british_way(write: Any, value: str, text: str) -> None:
    assert write(Decimal(value)) == text


@pytest.mark.parametrize(
    ("monday", "text"),
    [
        (dt.date(2010, 12, 6), "6\u201312 December 2010"),
        (dt.date(2010, 11, 29), "29 November \u2013 5 December 2010"),
        (dt.date(2010, 12, 27), "27 December 2010 \u2013 2 January 2011"),
    ],
)
def test_a_week_repeats_no_more_of_its_date_than_it_must(monday: dt.date, text: str) -> None:
    assert notation.week_range(monday).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (None, "6 December 2010, 00:00"),
        (dt.UTC, "6 December 2010, 00:00 UTC"),
        (dt.timezone(dt.timedelta(hours=5, minutes=30)), "6 December 2010, 00:00 UTC+05:30"),
        (dt.timezone(-dt.timedelta(hours=3, minutes=30)), "6 December 2010, 00:00 UTC\u221203:30"),
    ],
)
def test_a_moment_carries_its_offset(zone: dt.tzinfo | None, text: str) -> None:
    moment = dt.datetime(2010, 12, 6, tzinfo=zone)

    assert notation.moment(moment).replace("\u00a0", " ") == text
