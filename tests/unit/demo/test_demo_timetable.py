"""Which recorded day is delivered as which, and when."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.errors import SettingsError
from demo.live import Timetable, first_day_for
from demo.live.timetable import local_clock
from demo.wholesale import recorded_days

FIRST, LAST = date(2010, 12, 1), date(2011, 1, 31)
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
TODAY = date(2026, 3, 4)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_first_start_holds_one_to_seven_days_back(today: date) -> None:
    first = first_day_for(today)
    assert (first - FIRST) % WEEK == timedelta()
    last = first + (LAST - FIRST)
    assert 1 <= (last - (today - DAY)).days <= 7


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (LAST, FIRST),
        (LAST - 6 * DAY, FIRST),
        (LAST - 7 * DAY, FIRST - WEEK),
        (LAST + DAY, FIRST + WEEK),
        (TODAY, date(2026, 1, 7)),
    ],
)
def test_first_days(today: date, first: date) -> None:
    assert first_day_for(today) == first


def test_a_day_is_delivered_the_next_morning() -> None:
    timetable = Timetable(first_day_for(TODAY))
    before, after = datetime(2026, 3, 4, 1, 59, 59), datetime(2026, 3, 4, 2)
    assert timetable.newest(before) == date(2026, 3, 2)
    assert timetable.newest(after) == date(2026, 3, 3)
    assert [item.day for item in timetable.due(after)][:-1] == [item.day for item in timetable.due(before)]
    at_noon = Timetable(timetable.first_day, hour=12)
    assert at_noon.newest(after) == date(2026, 3, 2)


def test_at_first_all_but_the_last_week_is_due() -> None:
    timetable = Timetable(first_day_for(TODAY))
    due = timetable.due(datetime(2026, 3, 4, 12))
    assert {item.moved for item in due} == {timetable.moved}
    assert [item.recorded for item in due] == [day for day in recorded_days() if day + timetable.moved < TODAY]
    assert 38 <= len(due) < 44


def test_the_last_week_is_repeated_for_ever() -> None:
    timetable = Timetable(first_day_for(TODAY))
    due = {item.day: item.recorded for item in timetable.due(datetime(2028, 3, 4, 12))}
    last = LAST + timetable.moved
    assert [due[day + timetable.moved] for day in recorded_days()] == list(recorded_days())
    for day, recorded in due.items():
        assert (day - recorded) % WEEK == timedelta()
        if day > last:
            assert LAST - WEEK < recorded <= LAST
    weekdays = {day.weekday() for day in recorded_days() if day > LAST - WEEK}
    later = [day for day in due if day > last]
    assert len(later) == pytest.approx(len(weekdays) * (date(2028, 3, 4) - last).days / 7, abs=len(weekdays))
    assert {day.weekday() for day in later} == weekdays
    assert max(later) == date(2028, 3, 3)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.timedeltas(timedelta(), timedelta(days=90)))
def test_what_was_due_never_changes(now: datetime, later: timedelta) -> None:
    timetable = Timetable(first_day_for(TODAY))
    due = timetable.due(now)
    assert timetable.due(now + later)[: len(due)] == due


def test_nothing_is_due_before_the_first_day() -> None:
    assert Timetable(first_day_for(TODAY)).due(datetime(2020, 1, 1)) == []


def test_original_dates_are_all_due_at_once() -> None:
    timetable = Timetable(FIRST, original=True)
    for now in (datetime(2010, 1, 1), datetime(2030, 1, 1)):
        due = timetable.due(now)
        assert [item.day for item in due] == [item.recorded for item in due] == list(recorded_days())
        assert timetable.as_of(now) == datetime(2011, 2, 1)
    assert (timetable.calendar.first_day, timetable.calendar.last_day) == (FIRST, LAST)


def test_other_first_days_are_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"whole weeks .* a Wednesday: expected a day such as 2026-01-07, found 2026"
    ):
        Timetable(date(2026, 1, 8))
    with pytest.raises(SettingsError, match="with the original dates is 2010-12-01, found 2026-01-07"):
        Timetable(date(2026, 1, 7), original=True)


def test_a_clock_runs_on_from_the_moment_it_is_set_to() -> None:
    clock = local_clock(datetime(2026, 3, 4, 12))
    assert datetime(2026, 3, 4, 12) <= clock() <= clock() < datetime(2026, 3, 4, 12, 1)
    assert abs(local_clock()() - datetime.now()) < timedelta(days=1)
