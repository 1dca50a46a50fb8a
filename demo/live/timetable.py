"""Which recorded day's file is delivered as which day's, and when. Pure.

The recorded days (2010-12-01 to 2011-01-31) are shifted by whole weeks, so that weekdays stay. After the last of them
the last recorded week is delivered again a week later, and so on for ever. A day without trade has no file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from demo.errors import SettingsError
from demo.settings import Calendar
from demo.wholesale.files import recorded_days

Clock = Callable[[], datetime]

ZONE = ZoneInfo("Europe/London")
DELIVERY_HOUR = 2
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Delivery:
    """The file that was recorded on one day, delivered as another day's, whole weeks away."""

    day: date
    recorded: date

    @property
    def moved(self) -> timedelta:
        return self.day - self.recorded


def first_day_for(today: date) -> date:
    """What the first recorded day becomes if the shop is first started `today`.

    The last recorded day then lies 1 to 7 days after yesterday: the days from today on are held back.
    """
    last = recorded_days()[-1]
    weeks = -((last - today) // _WEEK)
    return recorded_days()[0] + weeks * _WEEK


@dataclass(frozen=True)
class Timetable:
    """The deliveries of a shop whose first recorded day has become `first_day`.

    `original` has the recorded days under their own dates, all at once. Else a day's file is delivered on the next day
    at `hour` (0 to 23, local time). SettingsError if `first_day` is not whole weeks from the first recorded day.
    """

    first_day: date
    original: bool = False
    hour: int = DELIVERY_HOUR

    def __post_init__(self) -> None:
        first = recorded_days()[0]
        if self.original and self.first_day != first:
            raise SettingsError(
                f"The first day of a shop with the original dates is {first}, found {self.first_day}: leave "
                "--first-day (SHOP_FIRST_DAY) out, or ask for recent dates."
            )
        if self.moved % _WEEK:
            near = first + round(self.moved / _WEEK) * _WEEK
            raise SettingsError(
                f"The first day must lie whole weeks from the first recorded one, {first}, a {first:%A}: expected a "
                f"day such as {near}, found {self.first_day}, a {self.first_day:%A}."
            )

    @property
    def moved(self) -> timedelta:
        """How much later than recorded the recorded days are."""
        return self.first_day - recorded_days()[0]

    @property
    def calendar(self) -> Calendar:
        """The days on which the web shop takes orders."""
        if self.original:
            return Calendar(self.first_day, recorded_days()[-1])
        return Calendar.without_end(self.first_day)

    def as_of(self, now: datetime) -> datetime:
        """The moment that the web shop is at: `now` to the second; with the original dates, always their end."""
        return self.calendar.closing if self.original else now.replace(microsecond=0)

    def recorded_day(self, day: date) -> date:
        """The recorded day that a day of the calendar repeats."""
        recorded, last = day - self.moved, recorded_days()[-1]
        if recorded <= last:
            return recorded
        return last - (last - recorded) % _WEEK

    def newest(self, now: datetime) -> date:
        """The last day whose file is to have been delivered by `now`, whether it has one or not."""
        if self.original:
            return recorded_days()[-1]
        return (now - timedelta(hours=self.hour)).date() - timedelta(days=1)

    def due(self, now: datetime) -> list[Delivery]:
        """Everything that is to have been delivered by `now`, oldest first."""
        days = (self.newest(now) - self.first_day).days + 1
        calendar = (self.first_day + timedelta(days=offset) for offset in range(days))
        deliveries = (Delivery(day, self.recorded_day(day)) for day in calendar)
        traded = frozenset(recorded_days())
        return [delivery for delivery in deliveries if delivery.recorded in traded]


def local_clock(start: datetime | None = None) -> Clock:
    """The shop's local time without zone, Europe/London; with `start`, a clock that runs on from that moment."""
    begun = datetime.now(ZONE)
    if start is None:
        return lambda: datetime.now(ZONE).replace(tzinfo=None)
    return lambda: start + (datetime.now(ZONE) - begun)
