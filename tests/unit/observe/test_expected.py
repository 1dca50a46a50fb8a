"""Which partitions are expected at a moment: a pure question to the calendar."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.calendar import Calendar, Deadline, next_morning
from slipway.observe import WHOLE, expected

CALENDAR = Calendar(dt.date(2010, 12, 1), dt.date(2010, 12, 10), "Europe/London")
OPEN = Calendar(dt.date(2010, 12, 1), None, "Europe/London")
LONDON = ZoneInfo("Europe/London")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("moment", "over", "due"),
    [
        ("2010-12-01T12:00", None, None),
        ("2010-12-02T00:00", "2010-12-01", None),
        ("2010-12-02T05:59", "2010-12-01", None),
        ("2010-12-02T06:00", "2010-12-01", "2010-12-01"),
        ("2010-12-05T01:00", "2010-12-04", "2010-12-03"),
        ("2011-06-01T00:00", "2010-12-10", "2010-12-10"),
    ],
)
def test_a_day_is_over_at_midnight_and_due_at_its_deadline(moment: str, over: str | None, due: str | None) -> None:
    found = expected(CALENDAR.days, next_morning(6), at(moment))
    assert (found.over[-1] if found.over else None) == over
    assert (found.due[-1] if found.due else None) == due
    assert found.newest == ((due,) if due else ())


def test_without_a_deadline_nothing_is_ever_late() -> None:
    found = expected(CALENDAR.days, None, at("2010-12-05T12:00"))
    assert found.due == ("2010-12-01", "2010-12-02", "2010-12-03", "2010-12-04")
    assert found.newest == ()


def test_the_running_week_exists_and_is_not_over() -> None:
    found = expected(OPEN.weeks, next_morning(9), at("2010-12-08T12:00"))
    assert found.existing == ("2010-11-29", "2010-12-06")
    assert found.over == found.due == ("2010-11-29",)


def test_the_last_week_of_a_calendar_is_due_after_its_sunday_though_the_calendar_ends_before() -> None:
    ended = expected(CALENDAR.weeks, next_morning(9), at("2010-12-13T10:00"))
    assert ended.due == ("2010-11-29", "2010-12-06")


def test_in_two_dimensions_every_key_of_the_newest_due_day_counts() -> None:
    both = dg.MultiPartitionsDefinition({"day": CALENDAR.days, "category": dg.DynamicPartitionsDefinition(name="c")})
    found = expected(both, next_morning(8), at("2010-12-03T09:00"), {"c": ("toys", "tea")}.__getitem__)
    assert found.newest == ("toys|2010-12-02", "tea|2010-12-02")
    assert len(found.due) == 4
    assert expected(both, next_morning(8), at("2010-12-03T09:00")).due == ()


def test_two_dimensions_without_time_are_all_expected() -> None:
    both = dg.MultiPartitionsDefinition(
        {"a": dg.StaticPartitionsDefinition(["1", "2"]), "b": dg.StaticPartitionsDefinition(["x", "y"])}
    )
    assert set(expected(both, None, at("2010-12-03T09:00")).due) == {"1|x", "1|y", "2|x", "2|y"}


def test_static_dynamic_and_unpartitioned() -> None:
    now = at("2010-12-03T09:00")
    assert expected(dg.StaticPartitionsDefinition(["a", "b"]), None, now).due == ("a", "b")
    assert expected(dg.DynamicPartitionsDefinition(name="c"), None, now, lambda name: (name,)).due == ("c",)
    assert expected(None, None, now).due == (WHOLE,)


@settings(deadline=None)
@given(
    moment=st.datetimes(dt.datetime(2010, 11, 1), dt.datetime(2011, 3, 1), timezones=st.just(dt.UTC)),
    hours=st.integers(0, 60),
    weekly=st.booleans(),
    open_ended=st.booleans(),
)
def test_what_is_due_is_over_and_what_is_over_exists(
    moment: dt.datetime, hours: int, weekly: bool, open_ended: bool
) -> None:
    calendar = OPEN if open_ended else CALENDAR
    found = expected(calendar.weeks if weekly else calendar.days, Deadline(dt.timedelta(hours=hours)), moment)
    assert found.due == found.over[: len(found.due)]
    assert found.over == found.existing[: len(found.over)]
    assert found.newest == found.due[-1:]
    assert list(found.existing) == sorted(found.existing)
