"""The report delivered: a job of plain ops, as pipelines were before assets.

download -> (transform | anonymise) -> copy. The two in the middle run side by side, in processes of their own; what the
ops hand to each other lies in the run's scratch space of the lake.
"""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl

from contracts.feedback import Posts
from contracts.revenue import WeeklySalesReport
from reporting.defs.weekly.assets import PAGE
from reporting.delivery import Delivery
from slipway.calendar import iso_week
from slipway.lake import LakeIOManager, PartitionMissing
from slipway.lake.partitions import dimensions

_PERSONAL = sorted(Posts.contract.personal)


class Week(dg.Config):
    """Which report: the Monday of its week."""

    monday: str


@dg.op(
    out={"report": dg.Out(pl.DataFrame), "page": dg.Out(bytes), "feedback": dg.Out(pl.DataFrame)},
    required_resource_keys={"io_manager"},
)
def download(context: dg.OpExecutionContext, config: Week) -> tuple[pl.DataFrame, bytes, pl.DataFrame]:
    """Fetch the week's table and page, and what customers wrote in it."""
    manager: LakeIOManager = context.resources.io_manager
    path = WeeklySalesReport.contract.path
    report = manager.load(path, WeeklySalesReport.contract.partitions, [config.monday], pl.DataFrame, many=False)
    page = manager.lake.file(path, dimensions(WeeklySalesReport.contract.partitions, config.monday), PAGE)
    if page is None:
        raise PartitionMissing(
            f"Expected {PAGE} for the week of {config.monday} in the lake, found none. Materialize the report first."
        )
    monday = dt.date.fromisoformat(config.monday)
    days = [(monday + dt.timedelta(days=n)).isoformat() for n in range(7)]
    feedback = manager.load(Posts.contract.path, Posts.contract.partitions, days, pl.DataFrame, missing="empty")
    return report, page, feedback


@dg.op(out=dg.Out(bytes))
def transform(report: pl.DataFrame) -> bytes:
    """The table as CSV, for spreadsheets."""
    return report.write_csv().encode()


@dg.op(out=dg.Out(bytes))
def anonymise(feedback: pl.DataFrame) -> bytes:
    """Ratings by product, without who wrote and what."""
    ratings = (
        feedback.drop(_PERSONAL)
        .group_by("sku")
        .agg(posts=pl.len(), average_rating=pl.col("rating").mean().round(2))
        .sort(["posts", "sku"], descending=[True, False])
    )
    return ratings.write_csv().encode()


@dg.op
def copy(
    context: dg.OpExecutionContext, config: Week, delivery: Delivery, page: bytes, table: bytes, ratings: bytes
) -> list[str]:
    """Copy the page and both tables to their destination, each replaced in one step."""
    week = iso_week(dt.date.fromisoformat(config.monday))
    files = {f"{week}.html": page, f"{week}.csv": table, f"{week}-ratings.csv": ratings}
    copied = [delivery.put(name, data) for name, data in files.items()]
    context.log.info(f"Copied {', '.join(Path(name).name for name in copied)} to {delivery.address}.")
    return copied


@dg.job(
    executor_def=dg.multiprocess_executor.configured({"max_concurrent": 2}),
    description="Copies a week's report, its table and the week's ratings to where their readers expect them.",
)
def deliver_report() -> None:
    report, page, feedback = download()
    copy(page=page, table=transform(report), ratings=anonymise(feedback))
