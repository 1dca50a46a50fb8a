"""File names that carry a day, such as `online_retail_{day}.csv` or `sales-{day:%Y%m%d}.csv`."""

from __future__ import annotations

import datetime as dt
import string
from dataclasses import dataclass, field

_ISO = "%Y-%m-%d"
_PROBES = (dt.date(2009, 2, 28), dt.date(2011, 12, 1))


@dataclass(frozen=True)
class DayPattern:
    """A file name with one `{day}` in it: the ISO date, or as its format says in `strftime`'s directives.

    A source system that names files by such a pattern has its own reading of it; a test holds the demo shop's to this.

    Raises:
        ValueError: the text is no such pattern; the message says why.
    """

    text: str
    _prefix: str = field(init=False, repr=False, compare=False)
    _format: str = field(init=False, repr=False, compare=False)
    _suffix: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = list(string.Formatter().parse(self.text))
        named = [(at, name, spec or "") for at, (_, name, spec, _) in enumerate(parts) if name is not None]
        if len(named) != 1 or named[0][1] != "day":
            raise ValueError("it must hold {day} once")
        [(at, _name, spec)] = named
        texts = [text for text, _, _, _ in parts]
        object.__setattr__(self, "_prefix", "".join(texts[: at + 1]))
        object.__setattr__(self, "_format", spec or _ISO)
        object.__setattr__(self, "_suffix", "".join(texts[at + 1 :]))
        if self.text.startswith("."):
            raise ValueError("a name that begins with a dot is a temporary one")
        if "/" in self.text or "\\" in self.text:
            raise ValueError("it is a file name, without folders")
        if any(self.day_of(self.file_name(day)) != day for day in _PROBES):
            raise ValueError("the day must be in it with year, month and day of the month")

    def file_name(self, day: dt.date) -> str:
        """The name of a day's file."""
        return f"{self._prefix}{day.strftime(self._format)}{self._suffix}"

    def day_of(self, file_name: str) -> dt.date | None:
        """The day in a file's name; None if the name does not follow the pattern, or holds no date that exists."""
        if not (file_name.startswith(self._prefix) and file_name.endswith(self._suffix)):
            return None
        middle = file_name[len(self._prefix) : len(file_name) - len(self._suffix)]
        try:
            day = dt.datetime.strptime(middle, self._format).date()
        except ValueError:
            return None
        # strptime also takes `2010-1-5`; such a name would not be found again by its day.
        return day if self.file_name(day) == file_name else None
