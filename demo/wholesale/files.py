"""Wholesale files by day, and their delivery into a landing folder."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from demo.atomic import write_atomically
from demo.errors import SourceError
from demo.wholesale.day_pattern import DEFAULT_PATTERN, DayPattern

ARCHIVE = Path(__file__).parent.parent / "data" / "online_retail.tar.xz"
CHECKSUMS = ARCHIVE.with_name("online_retail.sha256")


class WholesaleFiles:
    """One CSV a day with trade, from the built-in archive (44 days) or from a folder of your own.

    Source of the built-in files: UCI Online Retail (Chen 2015, CC BY 4.0), see `demo/data`.
    The source is only ever read. Errors: SourceError, SettingsError (pattern).
    """

    def __init__(self, source: Path | None = None, pattern: str = DEFAULT_PATTERN) -> None:
        self.source = source
        self.pattern = DayPattern(pattern)
        if source is not None and not source.is_dir():
            raise SourceError(f"The source {source} is not a folder: give the folder that holds the daily files.")

    def days(self) -> list[date]:
        """The days on hand, oldest first; SourceError if there is none."""
        if self.source is None:
            return sorted(_archive())
        names = [path.name for path in self.source.iterdir() if path.is_file()]
        found = [day for day in map(self.pattern.day_of, names) if day is not None]
        if not found:
            example = f"; it holds {len(names)} other files, such as {min(names)}" if names else ""
            raise SourceError(
                f"No file in {self.source} is named like {self.pattern.text!r}{example}. "
                "Give the folder of the daily files, or their pattern."
            )
        return sorted(found)

    def read(self, day: date) -> bytes:
        """The file of that day, byte for byte."""
        if self.source is None:
            content = _archive().get(day)
        else:
            path = self.source / self.pattern.file_name(day)
            content = path.read_bytes() if path.is_file() else None
        if content is None:
            raise SourceError(
                f"There is no wholesale file for {day} in {self.source or 'the built-in archive'}: "
                "days without trade have none."
            )
        return content

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of every file, oldest day first."""
        return ((self.pattern.file_name(day), self.read(day)) for day in self.days())

    def deliver(self, day: date, landing: Path) -> Path:
        """Put the file of that day into `landing`, all at once; returns its path."""
        return self._put(day, landing, self.read(day))

    def deliver_all(
        self, landing: Path, days: Iterable[date] | None = None, *, only_missing: bool = False
    ) -> list[Path]:
        """Deliver every day on hand (or those given), oldest first; returns what was delivered.

        With `only_missing`, files already in the landing folder stay as they are.
        """
        chosen = self.days() if days is None else sorted(days)
        if only_missing:
            chosen = [day for day in chosen if not self.landed(day, landing).exists()]
        return [self.deliver(day, landing) for day in chosen]

    def deliver_half(self, day: date, landing: Path) -> Path:
        """The first half of the file under its final name: a sender that does not rename."""
        content = self.read(day)
        target = self._checked(landing) / self.pattern.file_name(day)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content[: len(content) // 2])
        return target

    def correct(self, day: date, landing: Path, edit: Callable[[bytes], bytes]) -> Path:
        """Deliver a changed version: `edit` is given the source's file, whatever has landed."""
        return self._put(day, landing, edit(self.read(day)))

    def landed(self, day: date, landing: Path) -> Path:
        """Where the file of that day lies after delivery."""
        return landing / self.pattern.file_name(day)

    def _put(self, day: date, landing: Path, content: bytes) -> Path:
        return write_atomically(self._checked(landing) / self.pattern.file_name(day), content)

    def _checked(self, landing: Path) -> Path:
        if self.source is not None and landing.resolve() == self.source.resolve():
            raise SourceError(
                f"{landing} is both source and landing folder: the source is never written to. "
                "Choose another landing folder."
            )
        return landing


@lru_cache(maxsize=1)
def recorded_days() -> tuple[date, ...]:
    """The days of the built-in archive, oldest first; from the list of its checksums, without unpacking it."""
    names = [line.split()[-1] for line in CHECKSUMS.read_text(encoding="utf-8").splitlines()]
    return tuple(sorted(day for day in map(DayPattern().day_of, names) if day is not None))


def forget_archive() -> None:
    """Free the memory of the unpacked archive (7 MB), which comes back with the next read (50 ms)."""
    _archive.cache_clear()


@lru_cache(maxsize=1)
def _archive() -> Mapping[date, bytes]:
    # 6.7 MB unpacked; one stream, so that reading a single day unpacks what lies before it anyway.
    pattern, files = DayPattern(), {}
    with tarfile.open(ARCHIVE, "r:xz") as archive:
        for member in archive:
            day, content = pattern.day_of(member.name), archive.extractfile(member)
            if day is None or content is None:
                raise SourceError(f"{ARCHIVE} holds {member.name}, which is not a day's file.")
            files[day] = content.read()
    return files
