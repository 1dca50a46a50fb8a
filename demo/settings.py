"""What defines a shop: with the same settings, two shops are equal to the last row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from demo.errors import SettingsError
from demo.wholesale.day_pattern import DEFAULT_PATTERN

DEFAULT_SEED = 20101201
NO_END = date(9998, 12, 31)
"""The last day of a calendar that goes on for ever."""


@dataclass(frozen=True)
class Calendar:
    """The days on which the web shop takes orders, both ends included."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise SettingsError(
                f"The calendar ends on {self.last_day}, before it begins on {self.first_day}: "
                "give a last day that is not before the first."
            )

    @classmethod
    def without_end(cls, first_day: date) -> Calendar:
        """From a day on, for ever."""
        return cls(first_day, NO_END)

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    def __iter__(self) -> Iterator[date]:
        for offset in range((self.last_day - self.first_day).days + 1):
            yield self.first_day + timedelta(days=offset)

    @property
    def opening(self) -> datetime:
        """The moment before anything has happened: midnight at the start of the first day."""
        return datetime.combine(self.first_day, time())

    @property
    def closing(self) -> datetime:
        """Midnight at the end of the last day."""
        return datetime.combine(self.last_day + timedelta(days=1), time())


@dataclass(frozen=True)
class Settings:
    """Calendar, seed, and where the wholesale files come from (`source` None: those in `demo`)."""

    calendar: Calendar
    seed: int = DEFAULT_SEED
    source: Path | None = None
    pattern: str = DEFAULT_PATTERN

    def as_text(self) -> dict[str, str]:
        """Every setting by name, as text; the inverse of `from_text`."""
        return {
            "first_day": self.calendar.first_day.isoformat(),
            "last_day": self.calendar.last_day.isoformat(),
            "seed": str(self.seed),
            "source": "" if self.source is None else str(self.source.resolve()),
            "pattern": self.pattern,
        }

    @classmethod
    def from_text(cls, text: Mapping[str, str]) -> Settings:
        calendar = Calendar(date.fromisoformat(text["first_day"]), date.fromisoformat(text["last_day"]))
        source = Path(text["source"]) if text["source"] else None
        return cls(calendar, int(text["seed"]), source, text["pattern"])

    def require_same(self, built: Settings, where: str) -> None:
        """Raise SettingsError if `where` was built with other settings than these."""
        mine, theirs = self.as_text(), built.as_text()
        different = [
            f"{name} {theirs[name] or '(built in)'} there, {mine[name] or '(built in)'} asked for"
            for name in mine
            if mine[name] != theirs[name]
        ]
        if different:
            raise SettingsError(
                f"The shop in {where} was built with other settings: {'; '.join(different)}. "
                "Leave the settings out to go on with it, or choose another home."
            )
