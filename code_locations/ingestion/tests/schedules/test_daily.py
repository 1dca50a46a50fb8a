"""The schedule asks the API for yesterday; the jobs hold what their names say."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from contracts.calendar import calendar
from ingestion.defs.schedules import daily
from slipway.calendar import Calendar


def evaluated(at: dt.datetime) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_schedule_context(scheduled_execution_time=at)
    result = daily.daily_api(context)
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (dt.datetime(2011, 1, 15, 6, tzinfo=ZoneInfo("Europe/London")), "2011-01-14"),
        # 05:00 UTC is 06:00 in London's summer.
        (dt.datetime(2011, 7, 1, 5, tzinfo=dt.UTC), "2011-06-30"),
        (dt.datetime(2011, 3, 1, 6, tzinfo=dt.UTC), "2011-02-28"),
    ],
)
def test_the_day_that_is_over(monkeypatch: pytest.MonkeyPatch, at: dt.datetime, day: str) -> None:
    monkeypatch.setattr(daily, "calendar", Calendar(dt.date(2010, 12, 1), dt.date(2011, 12, 9)))
    request = evaluated(at)

    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == (day, day)


@pytest.mark.parametrize(
    ("day", "why"), [(dt.date(2010, 12, 1), "begins on 2010-12-01"), (dt.date(2011, 12, 11), "ended on 2011-12-09")]
)
def test_outside_the_calendar(monkeypatch: pytest.MonkeyPatch, day: dt.date, why: str) -> None:
    monkeypatch.setattr(daily, "calendar", Calendar(dt.date(2010, 12, 1), dt.date(2011, 12, 9)))
    skipped = evaluated(dt.datetime.combine(day, dt.time(6), dt.UTC))

    assert isinstance(skipped, dg.SkipReason)
    assert why in str(skipped.skip_message)


def test_the_last_day_of_the_calendar_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "calendar", Calendar(dt.date(2010, 12, 1), dt.date(2011, 12, 9)))
    assert isinstance(evaluated(dt.datetime(2011, 12, 10, 6, tzinfo=dt.UTC)), dg.RunRequest)


def test_it_runs_from_the_start_in_the_calendars_zone() -> None:
    assert daily.daily_api.default_status is dg.DefaultScheduleStatus.RUNNING
    assert daily.daily_api.cron_schedule == "0 6 * * *"
    assert daily.daily_api.execution_timezone == calendar.timezone
