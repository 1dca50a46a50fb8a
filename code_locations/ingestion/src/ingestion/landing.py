"""Where the wholesaler's files arrive: a folder, or a prefix of a bucket."""

import codecs
import datetime as dt
import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from slipway.calendar import DayPattern
from slipway.lake import LakeSettings, LakeSettingsError, LakeUnavailable
from slipway.lake.store import Place, Store, StoredObject, open_store
from slipway.location import SettingError, setting

LANDING = "SLIPWAY_LANDING"
PATTERN = "SLIPWAY_LANDING_PATTERN"
SETTLE = "SLIPWAY_LANDING_SETTLE_SECONDS"
UNREADABLE = "SLIPWAY_UNREADABLE_SHARE"
ENCODING = "SLIPWAY_LANDING_ENCODING"

_EXPECTED = "a folder, such as /data/landing, or a bucket prefix, such as s3://landing"
_PATIENCE_SECONDS = 60.0


class LandingUnavailable(Exception):
    """The landing place does not answer, or may not be read; the message says why."""


class FileUnreadable(Exception):
    """One file cannot be read, though others may; the message says why."""


@dataclass(frozen=True)
class LandedFile:
    """A day's file as it lies there: `version` changes with every delivery, also of the same content."""

    day: dt.date
    name: str
    version: str
    size: int
    modified: float


@dataclass(frozen=True)
class Content:
    """A file's bytes and the version that they are."""

    file: LandedFile
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Landing(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Reads the files of days by name.

    Attributes:
        address: folder or s3:// prefix.
        pattern: file name with `{day}` in the place of the date, as `slipway.calendar.DayPattern` reads it.
        settle_seconds: a file in a folder that was written to more recently is taken to be unfinished.
        unreadable_share: over this share of lines that cannot be read, a day fails.
        encoding: of the files; empty: found out file by file.
    """

    address: str
    pattern: str = "online_retail_{day}.csv"
    settle_seconds: float = 5.0
    unreadable_share: float = 0.05
    encoding: str = ""

    _store: Store | None = PrivateAttr(default=None)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Landing":
        """Read SLIPWAY_LANDING and its companions.

        Raises:
            SettingError
        """
        environ = os.environ if environ is None else environ
        return cls(
            address=setting(LANDING, _EXPECTED, _address, None, environ),
            pattern=setting(PATTERN, "a file name with {day} in it", _pattern, "online_retail_{day}.csv", environ),
            settle_seconds=setting(SETTLE, "a number of seconds, such as 5", _seconds, "5", environ),
            unreadable_share=setting(UNREADABLE, "a share between 0 and 1, such as 0.05", _share, "0.05", environ),
            encoding=setting(ENCODING, "an encoding, such as utf-8 or cp1252, or nothing", _encoding, "", environ),
        )

    @property
    def in_bucket(self) -> bool:
        return self.address.startswith("s3://")

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = open_store(LakeSettings.parse(self.address), Place("landing", LANDING))
        return self._store

    def file_name(self, day: dt.date) -> str:
        """The name of a day's file."""
        return DayPattern(self.pattern).file_name(day)

    def files(self) -> dict[dt.date, LandedFile]:
        """The file of each day that has one.

        Raises:
            SettingError: there is no such folder.
            LandingUnavailable: the folder or bucket cannot be read.
        """
        self._require_folder()
        names = DayPattern(self.pattern)
        found: dict[dt.date, LandedFile] = {}
        with _told():
            for listed in self.store.list(""):
                if (day := names.day_of(listed.path)) is not None:
                    found[day] = LandedFile(day, listed.path, listed.etag, listed.size, listed.modified)
        return found

    def read(self, day: dt.date) -> Content | None:
        """A day's file, or None. The version is that of the bytes: it is read again if the file changed meanwhile.

        Raises:
            FileUnreadable: this one file cannot be read, or is written to all the time.
            SettingError: there is no such folder.
            LandingUnavailable: the bucket does not answer.
        """
        with self._told_of_one():
            return self._read(day)

    def _read(self, day: dt.date) -> Content | None:
        path = self.file_name(day)
        for _attempt in range(5):
            before = self.store.head(path)
            data = self.store.get(path) if before else None
            after = self.store.head(path)
            if before is None or data is None:
                self._require_folder()
                return None
            if after is not None and after.etag == before.etag:
                return Content(LandedFile(day, path, after.etag, after.size, after.modified), data)
        raise FileUnreadable(
            f"{path} in {self.address} is written to all the time; expected it to be finished. Deliver files under "
            "another name and rename them."
        )

    def await_rest(self, day: dt.date, wait: Callable[[float], None] = time.sleep) -> None:
        """Wait until nobody writes to a day's file any more: that is, for `settle_seconds`. Old files cost no waiting.

        Raises:
            FileUnreadable: it does not come to rest within a minute of waiting, or cannot be looked at.
        """
        if self.in_bucket:
            return
        path, seen, waited = self.file_name(day), "", 0.0
        while (file := self._head(path)) is not None and file.etag != seen:
            rest = self.settle_seconds - (time.time() - file.modified)
            if rest <= 0:
                return
            if waited >= max(_PATIENCE_SECONDS, self.settle_seconds):
                raise FileUnreadable(
                    f"{path} in {self.address} is still being written to after {waited:.0f} s; expected it to be left "
                    f"alone for {self.settle_seconds:g} s ({SETTLE}). Try again when it is whole."
                )
            # A file from a clock that runs ahead is at rest if it stays as it is for as long as any other.
            seen, pause = file.etag, min(rest, self.settle_seconds)
            wait(pause)
            waited += pause

    def _head(self, path: str) -> StoredObject | None:
        with self._told_of_one():
            return self.store.head(path)

    def settled(self, file: LandedFile, now: float | None = None) -> bool:
        """Whether a file may be taken to be finished. An object in a bucket appears whole."""
        if self.in_bucket:
            return True
        return (now or time.time()) - file.modified >= self.settle_seconds

    def _require_folder(self) -> None:
        """A bucket's prefix without objects is an empty one; a folder that is not there is a mistake."""
        if not self.in_bucket and (why := _no_folder(LakeSettings.parse(self.address).folder)):
            raise SettingError(f"{LANDING} is {self.address!r}: expected {_EXPECTED} ({why}).")

    @contextmanager
    def _told_of_one(self) -> Iterator[None]:
        """What goes wrong with one file of a folder concerns its day; what goes wrong with a bucket, all of them."""
        try:
            yield
        except LakeUnavailable as error:
            raise (LandingUnavailable if self.in_bucket else FileUnreadable)(str(error)) from error


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except LakeUnavailable as error:
        raise LandingUnavailable(str(error)) from error


def _address(text: str) -> str:
    try:
        settings = LakeSettings.parse(text)
    except LakeSettingsError as error:
        raise ValueError(str(error) if "AWS" in str(error) else "") from error
    if why := _no_folder(settings.folder):
        raise ValueError(why)
    return text


def _no_folder(folder: Path | None) -> str | None:
    """Why a folder is none that files can arrive in; None if it is one, or if it is about a bucket."""
    if folder is None:
        return None
    try:
        if folder.is_dir():
            return None
        return "it is no folder" if folder.exists() else "it does not exist; make it, or correct the variable"
    except OSError as error:
        return error.strerror or str(error)


def _pattern(text: str) -> str:
    DayPattern(text)
    return text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError
    return seconds


def _encoding(text: str) -> str:
    if text:
        try:
            codecs.lookup(text)
        except LookupError as error:
            raise ValueError("Python does not know it") from error
    return text


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError
    return share
