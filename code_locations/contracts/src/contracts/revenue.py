"""What the business looks at."""

import dagster as dg
import polars as pl

from contracts.calendar import days, weeks
from slipway.calendar import next_morning
from slipway.quality import Table, column
from slipway.quality.types import Date, Decimal18_3, Int64, Text

CHANNELS = ("wholesale", "web")

categories = dg.DynamicPartitionsDefinition(name="category")
"""Product categories, as they turn up: a new one needs no deploy."""


class DailyRevenue(Table):
    """Revenue of a day by channel."""

    key, partitions, owner, due = "gold/daily_revenue", days, "team:finance", next_morning(8)
    unique = ("date", "channel")
    measures = {
        "revenue_total": pl.col("revenue").sum(),
        "num_orders": pl.col("orders").sum(),
        "average_order_value": pl.col("revenue").sum().cast(pl.Float64) / pl.col("orders").sum(),
    }
    bounded = ("revenue_total",)

    date: Date
    channel: Text = column(isin=CHANNELS)
    revenue: Decimal18_3 = column(ge=0, unit="GBP")
    orders: Int64 = column(ge=0)
    units: Int64 = column(ge=0, unit="pieces")
    customers: Int64 = column(ge=0, description="different customers; lines without a customer do not count")


class RevenueBySegment(Table):
    """Web revenue of a day by customer segment."""

    key, partitions, owner, due = "gold/revenue_by_segment", days, "team:finance", next_morning(8)
    unique = ("date", "segment")
    measures = {"revenue_total": pl.col("revenue").sum()}
    checks = {"equals_daily_revenue": "The segments add up to the web revenue of gold/daily_revenue."}

    date: Date
    segment: Text
    revenue: Decimal18_3 = column(ge=0, unit="GBP")
    orders: Int64 = column(ge=0)
    units: Int64 = column(ge=0, unit="pieces")
    customers: Int64 = column(ge=0)


class RevenueByCategory(Table):
    """Web revenue of a day in one product category (in the path; a file holds at most one row)."""

    key, owner = "gold/revenue_by_category", "team:finance"
    partitions = dg.MultiPartitionsDefinition({"day": days, "category": categories})
    due = next_morning(8)
    unique = ("date",)
    measures = {"revenue_total": pl.col("revenue").sum()}
    checks = {"equals_daily_revenue": "All categories of the day add up to the web revenue of gold/daily_revenue."}

    date: Date
    revenue: Decimal18_3 = column(ge=0, unit="GBP")
    orders: Int64 = column(ge=0, description="orders with a line in the category")
    units: Int64 = column(ge=0, unit="pieces")


class WeeklySalesReport(Table):
    """A week's revenue by channel against the week before; with a page to read (`weekly_sales_report.html`)."""

    key, partitions, owner, due = "gold/weekly_sales_report", weeks, "team:finance", next_morning(9)
    unique = ("channel",)
    measures = {"revenue_total": pl.col("revenue").sum(), "num_orders": pl.col("orders").sum()}
    kinds = {"html", "parquet"}

    iso_week: Text = column(matches=r"^[0-9]{4}-W[0-9]{2}$", description="ISO 8601 week, such as 2010-W48")
    monday: Date
    channel: Text = column(isin=CHANNELS)
    revenue: Decimal18_3 = column(ge=0, unit="GBP")
    orders: Int64 = column(ge=0)
    units: Int64 = column(ge=0, unit="pieces")
    revenue_before: Decimal18_3 | None = column(unit="GBP", description="the week before; missing if not on record")
