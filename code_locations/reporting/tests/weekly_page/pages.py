"""The report that the tests of the weekly page bend, and what is read on its page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from hypothesis import strategies as st

from reporting.weekly_page import (
    CHANNELS,
    Channel,
    Country,
    Day,
    Product,
    Rejection,
    WeeklyReport,
)

MONDAY = dt.date(2010, 12, 6)
HOSTILE = "</style><script>alert(\"1\")</script><img src=x onerror='x'>&amp; {{ 7*7 }} http://e.vil"
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=3)


def day(place: int, revenue: str, channel: Channel = "wholesale", *, orders: int = 10, weeks: int = 0) -> Day:
    date = MONDAY + dt.timedelta(days=place, weeks=weeks)
    return Day(date, channel, Decimal(revenue), orders, units=orders * 7, customers=orders - 1)


def report(**changes: Any) -> WeeklyReport:
    usual = WeeklyReport(
        week="2010-W49",
        monday=MONDAY,
        days=(
            day(0, "41234.565", orders=120),
            day(0, "1200.10", "web", orders=30),
            day(1, "52001.23", orders=140),
            day(6, "18000.00", orders=60),
        ),
        days_before=(
            day(0, "40000.00", orders=100, weeks=-1),
            day(0, "1000.00", "web", orders=25, weeks=-1),
            day(2, "50000.00", orders=150, weeks=-1),
        ),
        products=(
            Product("22423", "REGENCY CAKESTAND 3 TIER", 851, Decimal("10902.59")),
            Product("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 1122, Decimal("3539.40")),
        ),
        countries=(
            Country("United Kingdom", Decimal("100000.00"), 340),
            Country("EIRE", Decimal("12435.895"), 10),
        ),
        quarantine=(
            Rejection("not_cancelled", "cancelled invoice", 302),
            Rejection("price_above_zero", "price of zero or less", 101),
        ),
        lines_read=16588,
        duplicates=201,
    )
    return dataclasses.replace(usual, **changes)


WITHOUT_TRADE = report(days=(), products=(), countries=(), quarantine=(), lines_read=0, duplicates=0)
ZEROS = tuple(
    Day(MONDAY + dt.timedelta(days=place), channel, Decimal("0.000"), 0, 0, 0)
    for place in range(7)
    for channel in CHANNELS
)
ZEROS_BEFORE = tuple(dataclasses.replace(row, date=row.date - dt.timedelta(days=7)) for row in ZEROS)
VARIANTS = {
    "usual": report(),
    "first week": report(days_before=()),
    "week before without trade": report(days_before=ZEROS_BEFORE),
    "without trade": WITHOUT_TRADE,
    "zeros": dataclasses.replace(WITHOUT_TRADE, days=ZEROS),
    "nothing at all": dataclasses.replace(WITHOUT_TRADE, days_before=()),
    "one channel": report(days=(day(3, "99.99"),), days_before=()),
    "incomplete": report(missing_days=(MONDAY + dt.timedelta(days=6),)),
    "end of the records": report(days=(day(0, "1.00"),), days_off_record=(MONDAY + dt.timedelta(days=6),)),
    "refunds": report(days=(day(0, "-50.00"), day(1, "20.00", "web"))),
    "huge": report(days=(day(0, "9" * 27 + ".99"), day(1, "0.01", "web"))),
    "hostile": report(
        products=(Product(HOSTILE, HOSTILE + "\x00\x1b\ud800\u202e", 1, Decimal("1.00")),),
        countries=(Country(HOSTILE, Decimal("1.00"), 1),),
        quarantine=(Rejection(HOSTILE, HOSTILE, 1),),
        rates={HOSTILE: Decimal("1.2")},
        run_id=HOSTILE,
    ),
}


def parse(page: str) -> ElementTree.Element:
    """The page as XML: any tag left open or entity unknown to XML fails here."""
    return ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


def text_of(page: str) -> str:
    """What is read on the page, in single spaces."""
    body = parse(page).find("body")
    assert body is not None
    return re.sub(r"\s+", " ", " ".join(body.itertext()))


def rows_under(page: str, heading: str) -> list[list[str]]:
    """The cells of the table in the section with this heading, bars left out."""
    sections = [s for s in parse(page).iter("section") if s.findtext("h2") == heading]
    assert len(sections) == 1, f"expected one section {heading!r}, found {len(sections)}"
    return [
        [re.sub(r"\s+", " ", "".join(cell.itertext())).strip() for cell in row if cell.tag in ("th", "td")]
        for row in sections[0].iter("tr")
    ]


def headings(page: str) -> list[str]:
    return ["".join(heading.itertext()) for heading in parse(page).iter("h2")]
