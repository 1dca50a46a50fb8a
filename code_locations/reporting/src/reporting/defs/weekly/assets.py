"""gold/weekly_sales_report: the week by channel, and a page to read."""

import datetime as dt
from decimal import Decimal

import dagster as dg
import polars as pl

from contracts.calendar import calendar
from contracts.rates import ExchangeRates
from contracts.revenue import CHANNELS, DailyRevenue, WeeklySalesReport
from contracts.wholesale import Sales, WholesaleSales
from reporting.weekly_page import Country, Day, Product, Rejection, WeeklyReport, render
from slipway.automation import when_inputs_change
from slipway.calendar import iso_week
from slipway.lake import File
from slipway.quality import Judged, Upstream

PAGE = "weekly_sales_report.html"
_TOP = 10
_BOTH_WEEKS = dg.TimeWindowPartitionMapping(start_offset=-1, allow_nonexistent_upstream_partitions=True)


@WeeklySalesReport.asset(
    needs={
        # The week before stands beside it, so a correction there rebuilds this report too.
        "daily_revenue": Upstream(DailyRevenue, mapping=_BOTH_WEEKS, missing="skip"),
        "sales": Upstream(
            Sales,
            columns=("invoice", "stock_code", "description", "quantity", "revenue", "country"),
            missing="skip",
        ),
        "rejected": Upstream(Sales.contract.quarantine or Sales, columns=("rule", "reason"), missing="skip"),
        "lines": Upstream(WholesaleSales, columns=("source_line",), missing="skip"),
        "exchange_rates": Upstream(ExchangeRates, rows=[("currency", "==", "GBP")], missing="skip"),
    },
    # A corrected file changes its lines, then its sales and rejects, then the day's revenue: one report, at the end.
    automation=when_inputs_change(
        following=[DailyRevenue.contract.key, ExchangeRates.contract.key],
        partitions=WeeklySalesReport.contract.partitions,
    ),
    # A week is small, whatever else grows: its runs leave the host to others (docs/runs.md).
    tags={"slipway/memory": "512m", "slipway/cpus": "1"},
)
def weekly_sales_report(
    day: dt.date,
    daily_revenue: pl.DataFrame,
    sales: pl.DataFrame,
    rejected: pl.DataFrame,
    lines: pl.DataFrame,
    exchange_rates: pl.DataFrame,
) -> Judged:
    """Revenue of an ISO week (its Monday is `day`) by channel against the week before, as a table and as a page."""
    before = daily_revenue.filter(pl.col("date") < day)
    week = daily_revenue.filter(pl.col("date") >= day)
    table = pl.DataFrame(
        [
            {
                "iso_week": iso_week(day),
                "monday": day,
                "channel": channel,
                "revenue": _sum(week, channel),
                "orders": int(week.filter(pl.col("channel") == channel)["orders"].sum()),
                "units": int(week.filter(pl.col("channel") == channel)["units"].sum()),
                "revenue_before": _sum(before, channel) if len(before) else None,
            }
            for channel in CHANNELS
        ],
        schema_overrides={"revenue": pl.Decimal(18, 3), "revenue_before": pl.Decimal(18, 3)},
    )
    report = WeeklyReport(
        week=iso_week(day),
        monday=day,
        days=_days(week),
        days_before=_days(before),
        products=top_products(sales),
        countries=_countries(sales, week),
        quarantine=_rejections(rejected),
        lines_read=len(lines),
        duplicates=max(0, len(lines) - len(sales) - len(rejected)),
        missing_days=missing_days(day, week),
        days_off_record=days_off_record(day),
        rates=_rates(exchange_rates),
    )
    return Judged(
        table,
        files=[File(PAGE, render(report).encode(), "text/html; charset=utf-8")],
        metadata={"week": iso_week(day), "missing days": len(report.missing_days)},
    )


def missing_days(monday: dt.date, week: pl.DataFrame) -> tuple[dt.date, ...]:
    """Days of the week that belong to the calendar and have no figures yet."""
    off_record, there = days_off_record(monday), set(week["date"].to_list())
    return tuple(day for day in _days_from(monday) if day not in off_record and day not in there)


def days_off_record(monday: dt.date) -> tuple[dt.date, ...]:
    """Days of the week that do not belong to the calendar: those before its first day, and after its last."""
    last = calendar.last_day or dt.date.max
    return tuple(day for day in _days_from(monday) if not calendar.first_day <= day <= last)


def _days_from(monday: dt.date) -> list[dt.date]:
    return [monday + dt.timedelta(days=n) for n in range(7)]


def top_products(sales: pl.DataFrame) -> tuple[Product, ...]:
    """The products with most revenue; spellings of a code are one product, named as it is named most often."""
    found = (
        sales.with_columns(code=pl.col("stock_code").str.to_uppercase())
        .group_by("code")
        .agg(
            pl.col("description").drop_nulls().mode().sort().first(),
            pl.col("quantity").sum(),
            pl.col("revenue").sum(),
        )
        .sort(["revenue", "code"], descending=[True, False])
        .head(_TOP)
    )
    return tuple(
        Product(row["code"], (row["description"] or "").strip(), int(row["quantity"]), row["revenue"])
        for row in found.iter_rows(named=True)
    )


def _countries(sales: pl.DataFrame, week: pl.DataFrame) -> tuple[Country, ...]:
    found = (
        sales.group_by(pl.col("country").fill_null("Unspecified"))
        .agg(pl.col("revenue").sum(), pl.col("invoice").n_unique())
        .sort(["revenue", "country"], descending=[True, False])
    )
    countries = [Country(row["country"], row["revenue"], int(row["invoice"])) for row in found.iter_rows(named=True)]
    web = week.filter(pl.col("channel") == "web")
    if web["orders"].sum():
        countries.append(Country("Web shop, all countries", _sum(week, "web"), int(web["orders"].sum())))
    return tuple(sorted(countries, key=lambda country: (-country.revenue, country.name)))


def _rejections(rejected: pl.DataFrame) -> tuple[Rejection, ...]:
    counts = rejected.group_by("rule", "reason").len().sort(["len", "rule", "reason"], descending=[True, False, False])
    return tuple(Rejection(row["rule"], row["reason"], int(row["len"])) for row in counts.iter_rows(named=True))


def _days(frame: pl.DataFrame) -> tuple[Day, ...]:
    return tuple(
        Day(
            row["date"],
            row["channel"],
            row["revenue"],
            int(row["orders"]),
            int(row["units"]),
            int(row["customers"]),
        )
        for row in frame.sort("date", "channel").iter_rows(named=True)
    )


def _sum(frame: pl.DataFrame, channel: str) -> Decimal:
    return Decimal(frame.filter(pl.col("channel") == channel)["revenue"].sum() or 0)


def _rates(exchange_rates: pl.DataFrame) -> dict[str, Decimal] | None:
    """Euros for one pound on the last day of the week that has a rate; the source gives pounds for one euro."""
    if exchange_rates.is_empty():
        return None
    newest = exchange_rates.sort("date")["rate"][-1]
    return {"EUR": Decimal(1) / Decimal(newest)}
