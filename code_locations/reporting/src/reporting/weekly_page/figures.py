"""The figures on the page, computed from the report: sums, comparisons, shares, rows of tables.

Expects to run in the context `notation.EXACT`; nothing is rounded here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from reporting.weekly_page.charts import bar_length
from reporting.weekly_page.model import (
    CHANNELS,
    Channel,
    Country,
    Day,
    Product,
    Rejection,
    WeeklyReport,
)

# As many as products, so that the report prints on two pages; the tail is summed in one row.
COUNTRIES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over some days. Customers are missing on purpose: they do not add up over days."""

    revenue: Decimal = Decimal(0)
    orders: int = 0
    units: int = 0

    @property
    def average_order_value(self) -> Decimal | None:
        return self.revenue / self.orders if self.orders else None

    @property
    def is_trade(self) -> bool:
        return bool(self.revenue or self.orders or self.units)


@dataclass(frozen=True, slots=True)
class Change:
    """Now against before; without a `before`, or with nothing to divide by, the parts are None."""

    now: Decimal | None
    before: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        return None if self.now is None or self.before is None else self.now - self.before

    @property
    def ratio(self) -> Decimal | None:
        # A percentage of a negative amount would have the wrong sign.
        if self.difference is None or self.before is None or self.before <= 0:
            return None
        return self.difference / self.before


@dataclass(frozen=True, slots=True)
class ChannelRow:
    channel: Channel
    totals: Totals
    revenue: Change
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class DayRow:
    date: dt.date
    by_channel: tuple[Decimal, ...]
    totals: Totals
    customers: int
    revenue: Change
    is_missing: bool
    is_off_record: bool


@dataclass(frozen=True, slots=True)
class ProductRow:
    product: Product
    bar: Decimal


@dataclass(frozen=True, slots=True)
class CountryRow:
    """A country, or (`is_rest`) what stands for several or none; then `orders` may be unknown."""

    name: str
    revenue: Decimal
    orders: int | None
    share: Decimal | None
    bar: Decimal
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class RejectionRow:
    rejection: Rejection
    share: Decimal


@dataclass(frozen=True, slots=True)
class SameDays:
    """Revenue of the days that are complete, against the same days of the week before."""

    days: int
    revenue: Change


@dataclass(frozen=True, slots=True)
class Figures:
    week: Totals
    before: Totals | None
    channels: tuple[ChannelRow, ...]
    days: tuple[DayRow, ...]
    products: tuple[ProductRow, ...]
    countries: tuple[CountryRow, ...]
    rejections: tuple[RejectionRow, ...]
    set_aside: int
    counted: int
    missing: tuple[dt.date, ...]
    off_record: tuple[dt.date, ...]
    same_days: SameDays | None

    @property
    def is_known(self) -> bool:
        """Whether anything can be said about the week."""
        return self.week.is_trade or len(self.missing) + len(self.off_record) < 7

    @property
    def revenue(self) -> Change:
        return Change(self.week.revenue, None if self.before is None else self.before.revenue)

    @property
    def orders(self) -> Change:
        return _change_of_counts(self.week.orders, self.before.orders if self.before else None)

    @property
    def units(self) -> Change:
        return _change_of_counts(self.week.units, self.before.units if self.before else None)

    @property
    def average_order_value(self) -> Change:
        return Change(
            self.week.average_order_value,
            None if self.before is None else self.before.average_order_value,
        )

    @property
    def top_product_share(self) -> Decimal | None:
        listed = sum((row.product.revenue for row in self.products), Decimal(0))
        return share(listed, self.week.revenue)


def compute(report: WeeklyReport) -> Figures:
    week = totals(report.days)
    channels = tuple(
        channel for channel in CHANNELS if any(day.channel == channel for day in (*report.days, *report.days_before))
    )
    rejections = sorted(
        (rejection for rejection in report.quarantine if rejection.lines),
        key=lambda rejection: (-rejection.lines, rejection.rule, rejection.reason),
    )
    set_aside = sum(rejection.lines for rejection in rejections)
    return Figures(
        week=week,
        before=totals(report.days_before) if report.days_before else None,
        channels=tuple(_channel_row(channel, report, week) for channel in channels),
        days=_day_rows(report, channels),
        products=_product_rows(report.products),
        countries=_country_rows(report.countries, week.revenue),
        rejections=tuple(
            RejectionRow(rejection, Decimal(rejection.lines) / report.lines_read) for rejection in rejections
        ),
        set_aside=set_aside,
        counted=report.lines_read - report.duplicates - set_aside,
        missing=tuple(sorted(set(report.missing_days))),
        off_record=tuple(sorted(set(report.days_off_record))),
        same_days=_same_days(report),
    )


def totals(days: Iterable[Day]) -> Totals:
    days = tuple(days)
    return Totals(
        revenue=sum((day.revenue for day in days), Decimal(0)),
        orders=sum(day.orders for day in days),
        units=sum(day.units for day in days),
    )


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """None where a share has no meaning: of nothing, or of a negative sum."""
    return part / whole if whole > 0 else None


def _change_of_counts(now: int, before: int | None) -> Change:
    return Change(Decimal(now), None if before is None else Decimal(before))


def _channel_row(channel: Channel, report: WeeklyReport, week: Totals) -> ChannelRow:
    now = totals(day for day in report.days if day.channel == channel)
    before = totals(day for day in report.days_before if day.channel == channel)
    return ChannelRow(
        channel=channel,
        totals=now,
        revenue=Change(now.revenue, before.revenue if report.days_before else None),
        share=share(now.revenue, week.revenue),
    )


def _day_rows(report: WeeklyReport, channels: tuple[Channel, ...]) -> tuple[DayRow, ...]:
    rows = []
    for place in range(7):
        date = report.monday + dt.timedelta(days=place)
        days = [day for day in report.days if day.date == date]
        before = totals(day for day in report.days_before if day.date == date - dt.timedelta(days=7))
        now = totals(days)
        rows.append(
            DayRow(
                date=date,
                by_channel=tuple(totals(day for day in days if day.channel == channel).revenue for channel in channels),
                totals=now,
                customers=sum(day.customers for day in days),
                revenue=Change(now.revenue, before.revenue if report.days_before else None),
                is_missing=date in report.missing_days,
                is_off_record=date in report.days_off_record,
            )
        )
    return tuple(rows)


def _product_rows(products: tuple[Product, ...]) -> tuple[ProductRow, ...]:
    largest = max((product.revenue for product in products), default=Decimal(0))
    ordered = sorted(products, key=lambda product: (-product.revenue, product.stock_code))
    return tuple(ProductRow(product, bar_length(product.revenue, largest)) for product in ordered)


def _country_rows(countries: tuple[Country, ...], revenue: Decimal) -> tuple[CountryRow, ...]:
    if not countries:
        return ()
    ordered = sorted(countries, key=lambda country: (-country.revenue, country.name))
    # One row for the rest only pays if it replaces at least two.
    shown = len(ordered) if len(ordered) <= COUNTRIES_SHOWN + 1 else COUNTRIES_SHOWN
    rest, unassigned = ordered[shown:], revenue - sum(country.revenue for country in ordered)
    largest = ordered[0].revenue

    def row(name: str, amount: Decimal, orders: int | None, is_rest: bool = False) -> CountryRow:
        bar = bar_length(amount, largest)
        return CountryRow(name, amount, orders, share(amount, revenue), bar, is_rest)

    rows = [row(country.name, country.revenue, country.orders) for country in ordered[:shown]]
    if rest:
        rest_revenue = sum((country.revenue for country in rest), Decimal(0))
        rest_orders = sum(country.orders for country in rest)
        rows.append(row(f"{len(rest)} other countries", rest_revenue, rest_orders, is_rest=True))
    if unassigned:
        rows.append(row("Without a country", unassigned, None, is_rest=True))
    return tuple(rows)


def _same_days(report: WeeklyReport) -> SameDays | None:
    """Like for like while days are missing; None if there is nothing to compare."""
    days = {report.monday + dt.timedelta(days=place) for place in range(7)}
    complete = days - {*report.missing_days, *report.days_off_record}
    if len(complete) == 7 or not complete or not report.days_before:
        return None
    week = dt.timedelta(days=7)
    now = totals(day for day in report.days if day.date in complete)
    before = totals(day for day in report.days_before if day.date + week in complete)
    return SameDays(len(complete), Change(now.revenue, before.revenue))
