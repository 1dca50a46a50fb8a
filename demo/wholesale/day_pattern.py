"""File names that carry a day, such as `online_retail_{day}.csv`."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, datetime

from demo.errors import SettingsError

DEFAULT_PATTERN = "online_retail_{day}.csv"
_ISO = "%Y-%m-%d"
_PROBES = (date(2009, 2, 28), date(2011, 12, 1))


@dataclass(frozen=True)
class DayPattern:
    """A file name with one `{day}`: ISO by default, else as in `{day:%Y%m%d}`."""

    text: str = DEFAULT_PATTERN

    def __post_init__(self) -> None:
        self._parts()
        if self.text.startswith("."):
            raise self._wrong("a name that begins with a dot is a temporary one")
        if "/" in self.text or "\\" in self.text:
            raise self._wrong("it is a file name, without folders")
        for day in _PROBES:
            if self.day_of(self.file_name(day)) != day:
                raise self._wrong("the day must be in it with year, month and day of the month")

    def file_name(self, day: date) -> str:
        prefix, spec, suffix = self._parts()
        return f"{prefix}{day.strftime(spec)}{suffix}"

    def day_of(self, file_name: str) -> date | None:
        """The day in a file name, or None if the name does not follow the pattern."""
        prefix, spec, suffix = self._parts()
        inside = len(file_name) > len(prefix) + len(suffix)
        if not (inside and file_name.startswith(prefix) and file_name.endswith(suffix)):
            return None
        middle = file_name[len(prefix) : len(file_name) - len(suffix)]
        try:
            day = datetime.strptime(middle, spec).date()
        except ValueError:
            return None
        # strptime also takes `2010-1-5`; such a name would not be found again by its day.
        return day if day.strftime(spec) == middle else None

    def _parts(self) -> tuple[str, str, str]:
        try:
            fields = list(string.Formatter().parse(self.text))
        except ValueError as error:
            raise self._wrong(str(error)) from error
        named = [(name, spec) for _, name, spec, _ in fields if name is not None]
        if len(named) != 1 or named[0][0] != "day":
            raise self._wrong("it needs exactly one {day}")
        at = next(index for index, field in enumerate(fields) if field[1] is not None)
        prefix = "".join(field[0] for field in fields[: at + 1])
        suffix = "".join(field[0] for field in fields[at + 1 :])
        return prefix, named[0][1] or _ISO, suffix

    def _wrong(self, why: str) -> SettingsError:
        return SettingsError(
            f"The file name pattern {self.text!r} cannot be used: {why}. "
            f"Expected something like {DEFAULT_PATTERN!r} or 'sales-{{day:%Y%m%d}}.csv'."
        )
