"""A file that arrives becomes a report: three locations, no click."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import polars as pl
import pytest

from tests.stack.landing import deliver, expected, file_of, first_day, rows, wholesale_revenue
from tests.stack_process import Stack, wait_for

WITHIN_SECONDS = 120


@pytest.fixture(scope="module")
def day(stack: Stack) -> dt.date:
    """A day in a week that is over, with a file."""
    stack.quiet(timeout=400)
    return first_day(stack) + dt.timedelta(days=8)


def test_a_corrected_file_reaches_the_weekly_report(stack: Stack, day: dt.date) -> None:
    before = {run["runId"] for run in stack.runs()}
    was = expected(stack, day).revenue
    assert wholesale_revenue(stack, day) == was
    monday = day - dt.timedelta(days=day.weekday())
    reported = _reported(stack, monday)

    line = f'999999,85123A,"A LINE THAT WAS FORGOTTEN",10,{day} 12:00:00,100.00,17850,United Kingdom'
    deliver(stack, day, _with_line(file_of(stack, day), line))

    wait_for(lambda: wholesale_revenue(stack, day) == was + 1000, WITHIN_SECONDS, "gold has the old figure", every=2)
    wait_for(lambda: _reported(stack, monday) == reported + 1000, WITHIN_SECONDS, "the report has the old one", every=2)

    made = [run for run in stack.quiet() if run["runId"] not in before]
    assert {run["status"] for run in made} == {"SUCCESS"}
    took = max(run["endTime"] for run in made if "gold/weekly_sales_report" in run["assets"])
    arrived = min(run["creationTime"] for run in made)
    assert took - arrived < WITHIN_SECONDS
    for asset, location in (
        ("bronze/wholesale_sales", "ingestion"),
        ("silver/sales", "transformation"),
        ("gold/daily_revenue", "reporting"),
        ("gold/weekly_sales_report", "reporting"),
    ):
        [run] = [run for run in made if asset in run["assets"]]
        [container] = stack.run_containers(run["runId"])
        assert container["Config"]["Labels"]["slipway.location"] == location
        assert container["Image"] == run["tags"]["slipway/image"]


def test_the_same_file_again_starts_nothing_beyond_a_look(stack: Stack, day: dt.date) -> None:
    deliver(stack, day, file_of(stack, day))
    wait_for(lambda: wholesale_revenue(stack, day) == expected(stack, day).revenue, WITHIN_SECONDS, "not back", every=2)
    # The report's delivery begins up to 30 s after the report.
    before = {run["runId"] for run in stack.quiet(seconds=40)}
    deliver(stack, day, file_of(stack, day))
    assert {run["runId"] for run in stack.quiet(seconds=40)} == before


def _reported(stack: Stack, monday: dt.date) -> Decimal:
    found = rows(stack, "gold/weekly_sales_report", week=monday.isoformat())
    assert found is not None
    return next(Decimal(str(row["revenue"])) for row in found if row["channel"] == "wholesale")


def _with_line(content: bytes, line: str) -> bytes:
    """The file with one more line; in the order of its own header."""
    header = content.split(b"\n", 1)[0].decode().strip()
    assert pl.read_csv(io.BytesIO(content), infer_schema=False).columns == header.split(",")
    end = b"" if content.endswith(b"\n") else b"\n"
    return content + end + line.encode() + b"\n"
