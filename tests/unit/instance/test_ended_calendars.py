"""The newest partitions are the calendar's last ones, also when it ended long ago."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import PartitionLoadingContext
from dagster._core.definitions.temporal_context import TemporalContext

import slipway.instance  # noqa: F401 -- its import is what mends the paging

ENDED = dg.DailyPartitionsDefinition("2010-12-01", end_date="2011-02-01", timezone="Europe/London")
ENDED_WEEKS = dg.WeeklyPartitionsDefinition("2010-11-29", end_date="2011-02-07", day_offset=1, timezone="Europe/London")
RUNNING = dg.DailyPartitionsDefinition("2010-12-01", end_date="2040-01-01")
OPEN = dg.DailyPartitionsDefinition("2010-12-01")
OPEN_WEEKS = dg.WeeklyPartitionsDefinition("2010-11-29", day_offset=1, end_offset=1)
BEHIND = dg.DailyPartitionsDefinition("2010-12-01", end_date="2011-02-01", end_offset=-2)


def at(moment: dt.datetime) -> PartitionLoadingContext:
    moment_and_event = TemporalContext(effective_dt=moment, last_event_id=None)
    return PartitionLoadingContext(temporal_context=moment_and_event, dynamic_partitions_store=None)


def pages(partitions: dg.TimeWindowPartitionsDefinition, now: str, size: int, most: int = 1000) -> list[str]:
    """Partition keys as the UI asks for them: from the end, page by page."""
    context = at(dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))
    found: list[str] = []
    cursor = None
    while len(found) < most:
        page = partitions.get_paginated_partition_keys(context, size, ascending=False, cursor=cursor)
        found += page.results
        cursor = page.cursor
        if not page.has_more:
            break
    return found


@pytest.mark.parametrize("size", [1, 7, 62, 120])
def test_a_calendar_that_ended_years_ago(size: int) -> None:
    assert pages(ENDED, "2026-11-21", size) == ENDED.get_partition_keys()[::-1]


def test_weeks_that_ended_years_ago() -> None:
    assert pages(ENDED_WEEKS, "2026-11-21", 4) == ENDED_WEEKS.get_partition_keys()[::-1]
    assert ENDED_WEEKS.get_partition_keys()[-1] == "2011-01-31"


@pytest.mark.parametrize("now", ["2011-01-20T12:00", "2011-02-01T00:00", "2011-02-01T01:00", "2011-02-02T00:00"])
def test_around_the_end(now: str) -> None:
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    assert pages(ENDED, now, 10) == ENDED.get_partition_keys(moment)[::-1]


@pytest.mark.parametrize("partitions", [RUNNING, OPEN, OPEN_WEEKS], ids=["end to come", "no end", "weeks"])
def test_calendars_that_go_on_are_as_they_were(partitions: dg.TimeWindowPartitionsDefinition) -> None:
    moment = dt.datetime(2011, 3, 1, tzinfo=dt.UTC)
    assert pages(partitions, "2011-03-01", 9) == partitions.get_partition_keys(moment)[::-1]


def test_an_offset_before_the_end_is_left_to_dagster() -> None:
    assert pages(BEHIND, "2011-01-20", 200) == BEHIND.get_partition_keys(dt.datetime(2011, 1, 20, tzinfo=dt.UTC))[::-1]


def test_from_the_start_nothing_changes() -> None:
    page = ENDED.get_paginated_partition_keys(at(dt.datetime(2026, 11, 21, tzinfo=dt.UTC)), 3, ascending=True)
    assert page.results == ["2010-12-01", "2010-12-02", "2010-12-03"]
    assert page.has_more


def test_dagster_still_needs_it() -> None:
    """If this fails, Dagster has mended it, and `slipway/instance/ended_calendars.py` can go."""
    code = (
        "import dagster as dg, datetime as dt\n"
        "from dagster._core.definitions.partitions.context import PartitionLoadingContext\n"
        "from dagster._core.definitions.temporal_context import TemporalContext\n"
        "days = dg.DailyPartitionsDefinition('2010-12-01', end_date='2011-02-01')\n"
        "now = TemporalContext(effective_dt=dt.datetime(2026, 11, 21, tzinfo=dt.UTC), last_event_id=None)\n"
        "context = PartitionLoadingContext(temporal_context=now, dynamic_partitions_store=None)\n"
        "print(days.get_paginated_partition_keys(context, 1, False).results)\n"
    )
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "['2026-11-20']"
