"""Revenue of a day: by channel, and for the web by segment and by category."""

import datetime as dt
from decimal import Decimal

import polars as pl

from contracts.revenue import DailyRevenue, RevenueByCategory, RevenueBySegment
from contracts.shop import OrdersEnriched
from contracts.wholesale import Sales
from slipway.lake import Verdict
from slipway.quality import Judged, Upstream

_WEB_COLUMNS = ("order_id", "customer", "segment", "category", "quantity", "revenue", "status")


def _figures(customer: str, order: str) -> dict[str, pl.Expr]:
    """Revenue, orders, units and different customers of a group of lines."""
    return {
        "revenue": pl.col("revenue").sum().cast(pl.Decimal(18, 3)),
        "orders": pl.col(order).n_unique().cast(pl.Int64),
        "units": pl.col("quantity").sum().cast(pl.Int64),
        "customers": pl.col(customer).drop_nulls().n_unique().cast(pl.Int64),
    }


def sold(orders_enriched: pl.DataFrame) -> pl.DataFrame:
    """Web lines that count: those of cancelled orders do not."""
    return orders_enriched.filter(pl.col("status") != "cancelled")


@DailyRevenue.asset(
    needs={
        "sales": Upstream(Sales, columns=("invoice", "customer", "quantity", "revenue")),
        "orders_enriched": Upstream(OrdersEnriched, columns=_WEB_COLUMNS),
    }
)
def daily_revenue(day: dt.date, sales: pl.DataFrame, orders_enriched: pl.DataFrame) -> pl.DataFrame:
    """One row a channel, also on a day without trade."""
    channels = {
        "wholesale": sales.select(**_figures("customer", "invoice")),
        "web": sold(orders_enriched).select(**_figures("customer", "order_id")),
    }
    return pl.concat(
        figures.select(pl.lit(day).alias("date"), pl.lit(channel).alias("channel"), pl.all())
        for channel, figures in channels.items()
    )


@RevenueBySegment.asset(
    needs={
        "orders_enriched": Upstream(OrdersEnriched, columns=_WEB_COLUMNS),
        "daily_revenue": Upstream(DailyRevenue, rows=[("channel", "==", "web")]),
    }
)
def revenue_by_segment(day: dt.date, orders_enriched: pl.DataFrame, daily_revenue: pl.DataFrame) -> Judged:
    """Web revenue by customer segment."""
    segments = (
        sold(orders_enriched).group_by("segment").agg(**_figures("customer", "order_id")).sort("segment")
    ).select(pl.lit(day).alias("date"), pl.all())
    return Judged(segments, verdicts=[equals_daily_revenue(segments, daily_revenue)])


@RevenueByCategory.asset(
    needs={
        "orders_enriched": Upstream(OrdersEnriched, columns=_WEB_COLUMNS),
        "daily_revenue": Upstream(DailyRevenue, rows=[("channel", "==", "web")]),
    }
)
def revenue_by_category(day: dt.date, orders_enriched: pl.DataFrame, daily_revenue: pl.DataFrame) -> Judged:
    """Web revenue by product category: called once a day; the library writes one partition a category."""
    figures = _figures("customer", "order_id")
    del figures["customers"]
    by_category = (
        sold(orders_enriched)
        .group_by("category")
        .agg(**figures)
        .sort("category")
        .with_columns(pl.lit(day).alias("date"))
    )
    return Judged(by_category, verdicts=[equals_daily_revenue(by_category, daily_revenue)])


def equals_daily_revenue(parts: pl.DataFrame, daily_revenue: pl.DataFrame) -> Verdict:
    """Do the parts add up to the web revenue of the day, to the last digit?"""
    total = parts["revenue"].sum() or Decimal(0)
    expected = daily_revenue["revenue"].sum() or Decimal(0)
    return Verdict(
        "equals_daily_revenue",
        passed=total == expected,
        reason="" if total == expected else f"the parts add up to {total} GBP, gold/daily_revenue has {expected} GBP",
        metadata={"sum of the parts": str(total), "daily revenue": str(expected)},
    )
