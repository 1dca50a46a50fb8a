"""Which days and weeks exist, and when a partition is due."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slipway.calendar import Calendar, Deadline, iso_week, next_morning, week_start
from slipway.calendar.calendar import CalendarError

# 2010-12-01 is a Wednesday.
calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "week", "monday"),
    [
        ("2010-12-01", "2010-W48", "2010-11-29"),
        ("2010-12-05", "2010-W48", "2010-11-29"),
        ("2010-12-06", "2010-W49", "2010-12-06"),
        # The year's last week goes on into January; 2010 has 52 weeks, 2009 and 2015 have 53.
        ("2010-12-31", "2010-W52", "2010-12-27"),
        ("2011-01-01", "2010-W52", "2010-12-27"),
        ("2011-01-02", "2010-W52", "2010-12-27"),
        ("2011-01-03", "2011-W01", "2011-01-03"),
        ("2010-01-03", "2009-W53", "2009-12-28"),
        ("2015-12-31", "2015-W53", "2015-12-28"),
        ("2018-12-31", "2019-W01", "2018-12-31"),
    ],
)
def test_weeks_are_iso_weeks(text: str, week: str, monday: str) -> None:
    assert iso_week(day(text)) == week
    assert week_start(day(text)) == day(monday)


@given(one=st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)))
def test_a_week_starts_on_the_monday_on_or_before(one: dt.date) -> None:
    monday = week_start(one)
    assert monday.weekday() == 0
    assert 0 <= (one - monday).days <= 6
    assert iso_week(monday) == iso_week(one)


def test_every_day_from_first_to_last_is_a_partition() -> None:
    keys = calendar.days.get_partition_keys()
    assert (keys[0], keys[-1], len(keys)) == ("2010-12-01", "2011-01-31", 62)


def test_the_first_and_the_last_day_have_their_week() -> None:
    keys = calendar.weeks.get_partition_keys()
    assert (keys[0], keys[-1], len(keys)) == ("2010-11-29", "2011-01-31", 10)
    assert [iso_week(day(key)) for key in keys][4:6] == ["2010-W52", "2011-W01"]


@given(
    first=st.dates(dt.date(2000, 1, 1), dt.date(2024, 1, 1)),
    length=st.integers(0, 400),
    zone=st.sampled_from(["UTC", "Europe/London", "America/Sao_Paulo", "Pacific/Apia"]),
)
def test_each_day_belongs_to_one_week_of_the_calendar(first: dt.date, length: int, zone: str) -> None:
    skipped = {dt.date(2011, 12, 30)}  # Samoa left this day out when it changed sides of the date line
    assume(not (zone == "Pacific/Apia" and skipped & {first + dt.timedelta(days=n) for n in range(length + 1)}))
    one = Calendar(first, first + dt.timedelta(days=length), zone)
    days = [day(key) for key in one.days.get_partition_keys()]
    assert days == [first + dt.timedelta(days=n) for n in range(length + 1)]
    weeks = [day(key) for key in one.weeks.get_partition_keys()]
    assert weeks == sorted({week_start(each) for each in days})
    assert weeks[0] <= first


def test_without_a_last_day_days_end_yesterday_and_the_week_goes_on() -> None:
    now = Calendar(dt.date(2024, 1, 1)).now()
    one = Calendar(now.date() - dt.timedelta(days=20))
    assert one.days.get_partition_keys()[-1] == (now.date() - dt.timedelta(days=1)).isoformat()
    assert one.weeks.get_partition_keys()[-1] == week_start(now.date()).isoformat()
    assert one.all_days()[-1] == now.date() - dt.timedelta(days=1)


def test_all_days_are_those_that_are_over() -> None:
    assert len(calendar.all_days()) == 62
    assert calendar.all_days(until=day("2010-12-03")) == [day("2010-12-01"), day("2010-12-02"), day("2010-12-03")]
    assert calendar.all_days(until=day("2010-11-30")) == []
    assert Calendar(dt.date(2100, 1, 1)).all_days() == []


def test_days_begin_at_midnight_in_the_calendars_zone() -> None:
    one = Calendar(dt.date(2011, 3, 26), dt.date(2011, 3, 28), "Europe/London")
    window = one.days.time_window_for_partition_key("2011-03-27")
    assert (window.end - window.start) in (dt.timedelta(days=1), dt.timedelta(hours=23))
    assert window.end.timestamp() - window.start.timestamp() == 23 * 3600, "the clocks went forward"
    assert one.day_of(dt.datetime(2011, 3, 27, 23, 30, tzinfo=dt.UTC)) == day("2011-03-28")


# From the environment


def test_settings_are_read_from_the_environment() -> None:
    one = Calendar.from_environment(
        {"SLIPWAY_FIRST_DAY": "2011-02-01", "SLIPWAY_LAST_DAY": "2011-02-28", "SLIPWAY_TIMEZONE": "UTC"}
    )
    assert one == Calendar(dt.date(2011, 2, 1), dt.date(2011, 2, 28), "UTC")


@pytest.mark.parametrize("unset", [{}, {"SLIPWAY_FIRST_DAY": "", "SLIPWAY_LAST_DAY": "", "SLIPWAY_TIMEZONE": ""}])
def test_what_is_unset_or_empty_has_a_default(unset: dict[str, str]) -> None:
    assert Calendar.from_environment(unset) == Calendar(dt.date(2010, 12, 1), None, "Europe/London")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"SLIPWAY_FIRST_DAY": "1.12.2010"},
            "SLIPWAY_FIRST_DAY is '1.12.2010': expected a day, such as 2010-12-01.",
        ),
        ({"SLIPWAY_LAST_DAY": "2011-02-30"}, "SLIPWAY_LAST_DAY is '2011-02-30': expected a day, such as 2010-12-01."),
        (
            {"SLIPWAY_FIRST_DAY": "2011-02-01", "SLIPWAY_LAST_DAY": "2011-01-31"},
            "SLIPWAY_LAST_DAY is 2011-01-31, before SLIPWAY_FIRST_DAY 2011-02-01: expected a day on or after it, or "
            "none.",
        ),
        (
            {"SLIPWAY_TIMEZONE": "Europe/Atlantis"},
            "SLIPWAY_TIMEZONE is 'Europe/Atlantis': expected a time zone's name, such as Europe/London or UTC.",
        ),
        (
            {"SLIPWAY_TIMEZONE": "../../etc/passwd"},
            "SLIPWAY_TIMEZONE is '../../etc/passwd': expected a time zone's name, such as Europe/London or UTC.",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(CalendarError) as error:
        Calendar.from_environment(environment)
    assert str(error.value) == sentence


# Deadlines


def test_a_partition_is_due_some_hours_after_its_end() -> None:
    end = calendar.days.time_window_for_partition_key("2010-12-01").end
    assert next_morning(6).due(end) == dt.datetime(2010, 12, 2, 6, tzinfo=ZoneInfo("Europe/London"))
    assert str(next_morning(6)) == "6 h after the end of the partition"
    assert str(Deadline(dt.timedelta(minutes=90))) == "1.5 h after the end of the partition"


def test_the_morning_is_that_of_the_wall_clock() -> None:
    """Six in the morning is six in the morning, also on the day on which the clocks change."""
    one = Calendar(dt.date(2011, 3, 26), dt.date(2011, 3, 28))
    due = next_morning(6).due(one.days.time_window_for_partition_key("2011-03-26").end)
    assert (due.date(), due.hour) == (day("2011-03-27"), 6)


def test_a_week_is_due_on_the_morning_after_its_sunday() -> None:
    end = calendar.weeks.time_window_for_partition_key("2010-12-27").end
    assert next_morning(9).due(end) == dt.datetime(2011, 1, 3, 9, tzinfo=ZoneInfo("Europe/London"))
