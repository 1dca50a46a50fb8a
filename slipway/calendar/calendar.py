"""First day, last day, time zone; and the partitions that follow from them."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg

FIRST_DAY = "SLIPWAY_FIRST_DAY"
LAST_DAY = "SLIPWAY_LAST_DAY"
TIMEZONE = "SLIPWAY_TIMEZONE"


class CalendarError(ValueError):
    """The calendar's settings are malformed; the message names the variable and what it expects."""


@dataclass(frozen=True)
class Calendar:
    """Every day from `first_day` on is a partition, with or without trade; `last_day` None means "until yesterday".

    Weeks are ISO weeks. A week's partition key is its Monday; the first week begins on or before the first day.
    """

    first_day: dt.date
    last_day: dt.date | None = None
    timezone: str = "Europe/London"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Calendar:
        """Read SLIPWAY_FIRST_DAY, SLIPWAY_LAST_DAY (optional) and SLIPWAY_TIMEZONE (optional).

        Raises:
            CalendarError
        """
        environ = os.environ if environ is None else environ
        first = _day(FIRST_DAY, environ.get(FIRST_DAY) or "2010-12-01")
        last = _day(LAST_DAY, environ[LAST_DAY]) if environ.get(LAST_DAY) else None
        zone = environ.get(TIMEZONE) or "Europe/London"
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise CalendarError(
                f"{TIMEZONE} is {zone!r}: expected a time zone's name, such as Europe/London or UTC."
            ) from error
        if last is not None and last < first:
            raise CalendarError(
                f"{LAST_DAY} is {last}, before {FIRST_DAY} {first}: expected a day on or after it, or none."
            )
        return cls(first, last, zone)

    @cached_property
    def days(self) -> dg.DailyPartitionsDefinition:
        end = self.last_day + dt.timedelta(days=1) if self.last_day else None
        return dg.DailyPartitionsDefinition(
            start_date=self.first_day.isoformat(),
            end_date=end.isoformat() if end else None,
            timezone=self.timezone,
        )

    @cached_property
    def weeks(self) -> dg.WeeklyPartitionsDefinition:
        start = week_start(self.first_day).isoformat()
        if self.last_day:
            # The week of the last day belongs to it, though it may not be whole.
            end = week_start(self.last_day) + dt.timedelta(days=7)
            return dg.WeeklyPartitionsDefinition(
                start_date=start, end_date=end.isoformat(), day_offset=1, timezone=self.timezone
            )
        return dg.WeeklyPartitionsDefinition(start_date=start, day_offset=1, end_offset=1, timezone=self.timezone)

    def now(self) -> dt.datetime:
        return dt.datetime.now(ZoneInfo(self.timezone))

    def day_of(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def all_days(self, until: dt.date | None = None) -> list[dt.date]:
        """Every day of the calendar that is over, up to `until` where given."""
        yesterday = self.now().date() - dt.timedelta(days=1)
        last = min(day for day in (self.last_day, until, yesterday) if day is not None)
        count = (last - self.first_day).days + 1
        return [self.first_day + dt.timedelta(days=n) for n in range(max(0, count))]


def week_start(day: dt.date) -> dt.date:
    """The Monday of a day's ISO week."""
    return day - dt.timedelta(days=day.weekday())


def iso_week(day: dt.date) -> str:
    """A day's ISO week as people write it, such as 2010-W48."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _day(variable: str, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise CalendarError(f"{variable} is {text!r}: expected a day, such as 2010-12-01.") from error
