"""Bytes at a path, in a folder or a bucket: whole objects, replaced atomically, read by range.

The two stores keep the same promise: after `put` returns the object is durable, and a reader sees the old bytes or the
new ones, never a mixture. S3 gives that with one PUT (`bucket`), a folder with a temporary file, fsync and rename
(`folder`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slipway.lake.settings import VARIABLE, LakeSettings


@dataclass(frozen=True)
class Place:
    """What a store is to whoever reads its errors: a noun ("the lake folder"), and the variable that says where."""

    noun: str
    variable: str


LAKE = Place("lake", VARIABLE)


@dataclass(frozen=True)
class StoredObject:
    """An object as listed: path, size in bytes, a tag that changes with every write, time of that write (UNIX)."""

    path: str
    size: int
    etag: str
    modified: float = 0.0


@dataclass(frozen=True)
class Version:
    """What was written to a path once.

    Attributes:
        id: the store's own name for it.
        written: when (UNIX time).
        current: whether it is what is read at the path now.
        deleted: whether it stands for the removal of the object.
    """

    path: str
    id: str
    size: int
    written: float
    current: bool
    deleted: bool = False


class Store(Protocol):
    """Whole objects below one root. Paths are relative to it, `/` between parts, already encoded."""

    uri: str

    def put(self, path: str, data: bytes, content_type: str | None = None) -> None: ...
    def get(self, path: str, version: str | None = None) -> bytes | None:
        """The object's bytes, or those of an earlier version; None where there is none."""
        ...

    def get_tail(self, path: str, size: int, version: str | None = None) -> tuple[bytes, int] | None:
        """The last `size` bytes (fewer where the object is smaller) and the object's whole size."""
        ...

    def versions(self, prefix: str) -> Iterator[Version]:
        """What is kept of the object at a path, or of all below it: of each the newest first."""
        ...

    def head(self, path: str) -> StoredObject | None: ...
    def delete(self, path: str) -> None: ...
    def list(self, prefix: str) -> Iterator[StoredObject]: ...
    def location(self, path: str) -> str:
        """The object's address for other readers: a file name or an s3:// URI."""
        ...


def open_store(settings: LakeSettings, place: Place = LAKE) -> Store:
    # Only the one that is asked for is imported: a folder needs no S3 client.
    if settings.s3:
        from slipway.lake.bucket import S3

        return S3(settings.s3, place)
    from slipway.lake.folder import Folder

    return Folder(settings.folder or Path(), place)
