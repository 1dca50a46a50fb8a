"""Where the wholesaler's files arrive: a folder, or a prefix of a bucket."""

import codecs
import datetime as dt
import hashlib
import math
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import dagster as dg
from pydantic import PrivateAttr

from slipway.lake import LakeSettings, LakeSettingsError, LakeUnavailable
from slipway.lake.store import Store, open_store
from slipway.location import setting

LANDING = "SLIPWAY_LANDING"
PATTERN = "SLIPWAY_LANDING_PATTERN"
SETTLE = "SLIPWAY_LANDING_SETTLE_SECONDS"
UNREADABLE = "SLIPWAY_UNREADABLE_SHARE"
ENCODING = "SLIPWAY_LANDING_ENCODING"


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
        pattern: file name with `{day}` in the place of the ISO date.
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
            address=setting(
                LANDING,
                "a folder, such as /data/landing, or a bucket prefix, such as s3://landing",
                _address,
                None,
                environ,
            ),
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
            self._store = open_store(LakeSettings.parse(self.address))
        return self._store

    def files(self) -> dict[dt.date, LandedFile]:
        """The file of each day that has one."""
        before, after = self.pattern.split("{day}")
        name = re.compile(re.escape(before) + r"(\d{4}-\d{2}-\d{2})" + re.escape(after))
        found: dict[dt.date, LandedFile] = {}
        for listed in self.store.list(""):
            if not (match := name.fullmatch(listed.path)):
                continue
            try:
                day = dt.date.fromisoformat(match[1])
            except ValueError:
                continue  # looks like a date and is none
            found[day] = LandedFile(day, listed.path, listed.etag, listed.size, listed.modified)
        return found

    def read(self, day: dt.date) -> Content | None:
        """A day's file, or None. The version is that of the bytes: it is read again if the file changed meanwhile.

        Raises:
            FileUnreadable: this one file cannot be read, or is written to all the time.
            LakeUnavailable: the bucket does not answer.
        """
        try:
            return self._read(day)
        except LakeUnavailable as error:
            if self.in_bucket:
                raise
            raise FileUnreadable(str(error)) from error

    def _read(self, day: dt.date) -> Content | None:
        path = self.pattern.replace("{day}", day.isoformat())
        for _attempt in range(5):
            before = self.store.head(path)
            data = self.store.get(path) if before else None
            after = self.store.head(path)
            if before is None or data is None:
                return None
            if after is not None and after.etag == before.etag:
                return Content(LandedFile(day, path, after.etag, after.size, after.modified), data)
        raise FileUnreadable(
            f"{path} in {self.address} is written to all the time; expected it to be finished. Deliver files under "
            "another name and rename them."
        )

    def settled(self, file: LandedFile, now: float | None = None) -> bool:
        """Whether a file may be taken to be finished. An object in a bucket appears whole."""
        if self.in_bucket:
            return True
        return (now or time.time()) - file.modified >= self.settle_seconds


def _address(text: str) -> str:
    try:
        LakeSettings.parse(text)
    except LakeSettingsError as error:
        raise ValueError(str(error) if "AWS" in str(error) else "") from error
    return text


def _pattern(text: str) -> str:
    if text.count("{day}") != 1 or "/" in text:
        raise ValueError("it must hold {day} once and no folder")
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
