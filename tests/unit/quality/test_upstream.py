"""Which partitions of a table one partition of an asset reads."""

from __future__ import annotations

import datetime as dt
import warnings

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.calendar import Calendar, week_start
from slipway.quality import Table, Upstream
from slipway.quality.types import Int32

# 2010-12-01 is a Wednesday and 2011-01-31 a Monday: the first and the last week are not whole.
calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))
sorts = dg.DynamicPartitionsDefinition(name="sort")
by_sort = dg.MultiPartitionsDefinition({"day": calendar.days, "sort": sorts})
months = dg.MonthlyPartitionsDefinition(start_date="2010-12-01", end_date="2011-02-01", timezone="Europe/London")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    BOTH_WEEKS = dg.TimeWindowPartitionMapping(start_offset=-1, allow_nonexistent_upstream_partitions=True)
    DAY_BEFORE = dg.TimeWindowPartitionMapping(
        start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )


class Milk(Table):
    """Milk of a day."""

    key, partitions = "dairy/milk", calendar.days
    litres: Int32


class Cows(Table):
    """Cows as they are."""

    key = "dairy/cows"
    cow: Int32


class Cheese(Table):
    """Cheese of a day by its sort."""

    key, partitions = "dairy/cheese", by_sort
    wheels: Int32


def days(first: str, count: int) -> list[str]:
    return [(dt.date.fromisoformat(first) + dt.timedelta(days=n)).isoformat() for n in range(count)]


@given(day=st.sampled_from(calendar.days.get_partition_keys()))
def test_a_day_reads_its_namesake(day: str) -> None:
    assert Upstream(Milk).keys(calendar.days, day) == [day]
    assert Upstream(Milk).same_partition(calendar.days)


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        ("2010-11-29", days("2010-12-01", 5)),
        ("2010-12-06", days("2010-12-06", 7)),
        ("2010-12-27", days("2010-12-27", 7)),
        ("2011-01-31", days("2011-01-31", 1)),
    ],
)
def test_a_week_reads_its_days_that_are_in_the_calendar(week: str, expected: list[str]) -> None:
    assert Upstream(Milk).keys(calendar.weeks, week) == expected
    assert not Upstream(Milk).same_partition(calendar.weeks)


def test_the_weeks_read_every_day_once() -> None:
    read = [key for week in calendar.weeks.get_partition_keys() for key in Upstream(Milk).keys(calendar.weeks, week)]
    assert read == calendar.days.get_partition_keys()


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        ("2010-11-29", days("2010-12-01", 5)),
        ("2010-12-06", days("2010-12-01", 12)),
        ("2010-12-13", days("2010-12-06", 14)),
        ("2011-01-31", days("2011-01-24", 8)),
    ],
)
def test_a_week_with_the_week_before(week: str, expected: list[str]) -> None:
    assert Upstream(Milk, mapping=BOTH_WEEKS).keys(calendar.weeks, week) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [("2010-12-01", []), ("2010-12-02", ["2010-12-01"]), ("2011-01-31", ["2011-01-30"])]
)
def test_a_day_that_reads_the_day_before(day: str, expected: list[str]) -> None:
    need = Upstream(Milk, mapping=DAY_BEFORE)
    assert need.keys(calendar.days, day) == expected
    assert not need.same_partition(calendar.days)


def test_a_month_reads_its_days() -> None:
    assert Upstream(Milk).keys(months, "2011-01-01") == days("2011-01-01", 31)


def test_an_unpartitioned_table_is_read_whole() -> None:
    assert Upstream(Cows).keys(calendar.days, "2010-12-01") == []
    assert Upstream(Cows).mapping_for(calendar.days) is None
    assert Upstream(Cows).keys(None, None) == []


def test_an_unpartitioned_asset_reads_every_partition() -> None:
    assert Upstream(Milk).keys(None, None) == calendar.days.get_partition_keys()


def test_a_day_and_sort_reads_the_day() -> None:
    key = dg.MultiPartitionKey({"day": "2010-12-03", "sort": "blue"})
    assert Upstream(Milk).keys(by_sort, key) == ["2010-12-03"]


def test_a_dependency_tells_dagster_the_same_mapping() -> None:
    mapping = Upstream(Milk).dependency(calendar.weeks).partition_mapping
    assert isinstance(mapping, dg.TimeWindowPartitionMapping)
    assert mapping.allow_nonexistent_upstream_partitions
    assert Upstream(Milk, mapping=BOTH_WEEKS).dependency(calendar.weeks).partition_mapping is BOTH_WEEKS
    assert Upstream(Cows).dependency(calendar.days).partition_mapping is None


@given(
    first=st.dates(dt.date(2000, 1, 1), dt.date(2024, 1, 1)),
    length=st.integers(0, 40),
    zone=st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe"]),
)
def test_whatever_the_calendar_a_week_reads_its_own_days(first: dt.date, length: int, zone: str) -> None:
    """Also over the nights in which the clocks change."""
    own = Calendar(first, first + dt.timedelta(days=length), zone)
    body = {"key": "dairy/drawn", "partitions": own.days, "__annotations__": {"litres": Int32}}
    table: type[Table] = type("Drawn", (Table,), body)
    for week in own.weeks.get_partition_keys():
        expected = [
            key for key in own.days.get_partition_keys() if week_start(dt.date.fromisoformat(key)).isoformat() == week
        ]
        assert Upstream(table).keys(own.weeks, week) == expected
