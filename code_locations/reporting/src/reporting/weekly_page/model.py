"""What a weekly sales report says, before it is drawn.

All money is `Decimal` in pounds sterling. A report that contradicts itself (a day of another week,
more lines set aside than read) is refused here, so that the page never has to explain it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

Channel = Literal["wholesale", "web"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

_LARGEST_AMOUNT = Decimal(10) ** 30


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one channel; a day without trade may be a row of zeros or no row at all."""

    date: dt.date
    channel: Channel
    revenue: Decimal
    orders: int
    units: int
    customers: int

    def __post_init__(self) -> None:
        what = f"Day {self.date} {self.channel}"
        if self.channel not in CHANNELS:
            raise ValueError(f"{what}: expected a channel out of {', '.join(CHANNELS)}, found {self.channel!r}.")
        _require_amount(self.revenue, f"{what}: revenue")
        for name in ("orders", "units", "customers"):
            _require_count(getattr(self, name), f"{what}: {name}")


@dataclass(frozen=True, slots=True)
class Product:
    """What one product sold in the week, over all channels."""

    stock_code: str
    description: str
    units: int
    revenue: Decimal

    def __post_init__(self) -> None:
        _require_amount(self.revenue, f"Product {self.stock_code!r}: revenue")
        _require_count(self.units, f"Product {self.stock_code!r}: units")


@dataclass(frozen=True, slots=True)
class Country:
    """What one country bought in the week, over all channels."""

    name: str
    revenue: Decimal
    orders: int

    def __post_init__(self) -> None:
        _require_amount(self.revenue, f"Country {self.name!r}: revenue")
        _require_count(self.orders, f"Country {self.name!r}: orders")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Lines set aside in quarantine for one reason."""

    rule: str
    reason: str
    lines: int

    def __post_init__(self) -> None:
        _require_count(self.lines, f"Rejection {self.rule!r}: lines")


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """The sales of one ISO week.

    `days_before` is the week before; empty means that none is on record, which is not the same as
    a week without trade. `missing_days` are days of this week whose data have not all arrived;
    `days_off_record` are those of which none ever will, because the records begin or end within the week.
    `rates` gives the units of a foreign currency for one pound, by ISO 4217 code.

    Raises `ValueError` or `TypeError` where the report contradicts itself.
    """

    week: str
    monday: dt.date
    days: tuple[Day, ...]
    days_before: tuple[Day, ...] = ()
    products: tuple[Product, ...] = ()
    countries: tuple[Country, ...] = ()
    quarantine: tuple[Rejection, ...] = ()
    lines_read: int = 0
    duplicates: int = 0
    missing_days: tuple[dt.date, ...] = ()
    days_off_record: tuple[dt.date, ...] = ()
    rates: Mapping[str, Decimal] | None = None
    generated_at: dt.datetime | None = None
    run_id: str | None = None

    def __post_init__(self) -> None:
        year, number, weekday = self.monday.isocalendar()
        if weekday != 1 or self.week != f"{year}-W{number:02d}":
            raise ValueError(
                f"Expected the Monday of ISO week {self.week}, found {self.monday}, which is day "
                f"{weekday} of {year}-W{number:02d}. Give the week and its own Monday."
            )
        _require_week(self.days, self.monday, f"days of {self.week}")
        before = self.monday - dt.timedelta(days=7)
        _require_week(self.days_before, before, f"days of the week before {self.week}")
        for day in self.missing_days:
            _require_within(day, self.monday, f"missing days of {self.week}")
        for day in self.days_off_record:
            _require_within(day, self.monday, f"days off record of {self.week}")
            if day in self.missing_days or any(row.date == day for row in self.days):
                raise ValueError(
                    f"{self.week}: expected no data of {day}, which is off record, and none to arrive, found it among "
                    "the days or the missing days. Name it in one place."
                )
        _require_count(self.lines_read, f"{self.week}: lines read")
        _require_count(self.duplicates, f"{self.week}: duplicates")
        left_out = self.duplicates + sum(rejection.lines for rejection in self.quarantine)
        if left_out > self.lines_read:
            raise ValueError(
                f"{self.week}: expected at most the {self.lines_read} lines read to be set aside "
                f"or dropped as duplicates, found {left_out}. Count all three over the same files."
            )
        for code, rate in (self.rates or {}).items():
            _require_amount(rate, f"{self.week}: rate of {code}")
            if rate <= 0:
                raise ValueError(
                    f"{self.week}: expected a rate above 0 for {code}, found {rate}. "
                    "Give the units of the currency for one pound."
                )


def _require_week(days: Iterable[Day], monday: dt.date, what: str) -> None:
    seen: set[tuple[dt.date, str]] = set()
    for day in days:
        _require_within(day.date, monday, what)
        if (day.date, day.channel) in seen:
            raise ValueError(
                f"In the {what}: expected one row a day and channel, found a second one for "
                f"{day.date} {day.channel}. Sum them first."
            )
        seen.add((day.date, day.channel))


def _require_within(day: dt.date, monday: dt.date, what: str) -> None:
    if not 0 <= (day - monday).days <= 6:
        raise ValueError(
            f"In the {what}: expected dates from {monday} to {monday + dt.timedelta(days=6)}, found {day}."
        )


def _require_amount(value: Decimal, what: str) -> None:
    if not isinstance(value, Decimal):
        raise TypeError(
            f"{what}: expected a Decimal, found {value!r} ({type(value).__name__}). Money is never a float."
        )
    if not value.is_finite() or abs(value) >= _LARGEST_AMOUNT:
        raise ValueError(f"{what}: expected a finite amount below 10^30, found {value}.")


def _require_count(value: int, what: str) -> None:
    # bool is an int to Python, and NumPy's integers are not: both would print oddly or not sum.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what}: expected an int, found {value!r} ({type(value).__name__}).")
    if value < 0:
        raise ValueError(f"{what}: expected 0 or more, found {value}.")
