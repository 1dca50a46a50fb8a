"""Euro reference rates by day. Source: European Central Bank, 2010-11 to 2011-12, see `demo/data`.

Rates stay the text that was published, from the file to the answer: never a float.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

RATES = Path(__file__).parent.parent / "data" / "eurofxref_2010-11_2011-12.csv"
# 52 whole weeks: a shifted day keeps its weekday, so weekends stay without a rate.
SHIFT = timedelta(days=364)

Published = Mapping[date, Mapping[str, str]]


@lru_cache(maxsize=1)
def published() -> Published:
    """Units of each currency for 1 EUR, for each day with a published rate."""
    with RATES.open(encoding="utf-8", newline="") as file:
        return {
            date.fromisoformat(line.pop("Date")): {currency: rate for currency, rate in line.items() if rate}
            for line in csv.DictReader(file)
        }


def rates_between(start: date, end: date, moved: timedelta = timedelta()) -> list[dict[str, Any]]:
    """A row for each currency and day with a rate from `start` to `end`, both included.

    `moved` (whole weeks) is how much later than recorded a day's rates are published. Days outside
    the recorded span take the rate of the nearest day inside it that is whole multiples of 364 days
    away. Rows that are not of the day itself carry `shifted: true`: they are made up.
    """
    known = published()
    first, last = min(known), max(known)
    rows = []
    for offset in range((end - start).days + 1):
        day = start + timedelta(days=offset)
        recorded = recorded_day(day - moved, first, last)
        marked = {} if recorded == day else {"shifted": True}
        for currency, rate in known.get(recorded, {}).items():
            rows.append({"date": day.isoformat(), "currency": currency, "rate": rate, **marked})
    return rows


def recorded_day(day: date, first: date, last: date) -> date:
    """The day itself within the span, else the one nearest to it by whole shifts of 364 days."""
    if day > last:
        return day - SHIFT * -((day - last) // -SHIFT)
    if day < first:
        return day + SHIFT * -((first - day) // -SHIFT)
    return day
