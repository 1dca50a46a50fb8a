"""A lake in a local folder.

An object is replaced with a temporary file, fsync and rename; obstore's own local store does not sync to disk, which is
why this is written here.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from slipway.lake.errors import LakeUnavailable
from slipway.lake.kept import KEPT, VERSIONS, KeptVersions, written
from slipway.lake.store import LAKE, Place, StoredObject, Version


class Folder:
    """A local folder.

    Temporary files lie in a folder of their own: in the table's, Polars takes every file for data, hidden or not.
    """

    def __init__(self, root: Path, place: Place = LAKE) -> None:
        self.root = Path(root)
        self.place = place
        self.uri = str(self.root)
        # Another place, such as where reports are delivered to, is not ours to fill.
        self._kept = KeptVersions(self.root, KEPT if place == LAKE else 0)

    def put(self, path: str, data: bytes, content_type: str | None = None) -> None:  # noqa: ARG002
        target = self.root / path
        with self._told(path, "write"):
            for again in reversed(range(10)):
                try:
                    self._replace(path, target, data)
                    return
                except (FileNotFoundError, FileExistsError):
                    # A concurrent delete removed the folder that it had emptied: make it again.
                    if not again:
                        raise

    def get(self, path: str, version: str | None = None) -> bytes | None:
        with self._told(path, "read"):
            try:
                return self._file(path, version).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                _refuse_dangling(self.root / path)
                return None

    def get_tail(self, path: str, size: int, version: str | None = None) -> tuple[bytes, int] | None:
        with self._told(path, "read"):
            try:
                with self._file(path, version).open("rb") as file:
                    whole = file.seek(0, os.SEEK_END)
                    file.seek(max(0, whole - size))
                    return file.read(), whole
            except (FileNotFoundError, NotADirectoryError):
                _refuse_dangling(self.root / path)
                return None

    def head(self, path: str) -> StoredObject | None:
        with self._told(path, "read"):
            try:
                stat = (self.root / path).stat()
            except (FileNotFoundError, NotADirectoryError):
                _refuse_dangling(self.root / path)
                return None
        return StoredObject(path, stat.st_size, _local_etag(stat), stat.st_mtime)

    def delete(self, path: str) -> None:
        target = self.root / path
        with self._told(path, "delete"):
            with suppress(FileNotFoundError):
                self._kept.keep(path, target)
            target.unlink(missing_ok=True)
        # An emptied partition folder would be seen by readers that list folders; the root itself stays.
        for folder in target.parents:
            if folder == self.root or not folder.is_relative_to(self.root):
                break
            try:
                folder.rmdir()
            except OSError:
                break

    def list(self, prefix: str) -> Iterator[StoredObject]:
        start = self.root / prefix if prefix else self.root
        with self._told(prefix, "list"):
            found = [start] if start.is_file() else sorted(_files(start), key=Path.as_posix)
        for file in found:
            if file.name.startswith(".") or file.relative_to(self.root).parts[0] == VERSIONS:
                continue
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue  # deleted while listing
            yield StoredObject(file.relative_to(self.root).as_posix(), stat.st_size, _local_etag(stat), stat.st_mtime)

    def versions(self, prefix: str) -> Iterator[Version]:
        with self._told(prefix, "list"):
            now = {found.path: (self.root / found.path).stat() for found in self.list(prefix)}
            kept = dict(self._kept.paths(prefix))
            for path in sorted({*now, *kept}):
                yield from self._versions_of(path, kept.get(path, []), now.get(path))

    def _versions_of(self, path: str, ids: Sequence[str], now: os.stat_result | None) -> Iterator[Version]:
        """Newest first. An object that was written before versions were kept is its own only one."""
        found = [(written(each), each, self._kept.file(path, each).stat()) for each in ids]
        is_current = [now is not None and _same(now, stat) for *_, stat in found]
        if now is not None and not any(is_current):
            yield Version(path, "", now.st_size, now.st_mtime, current=True)
        for (when, each, stat), current in zip(found, is_current, strict=True):
            yield Version(path, each, stat.st_size, when, current)

    def location(self, path: str) -> str:
        return str(self.root / path)

    def _file(self, path: str, version: str | None) -> Path:
        return self._kept.file(path, version) if version else self.root / path

    def _replace(self, path: str, target: Path, data: bytes) -> None:
        """Put `data` in the place of a file in one step, durably: no reader and no power cut sees anything between."""
        made = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        for folder in made:
            _sync_folder(folder.parent)
        temporaries = self.root / _TEMPORARY
        temporaries.mkdir(exist_ok=True)
        temporary = temporaries / f".{uuid.uuid4().hex}.tmp"
        kept: Path | None = None
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                self._kept.keep(path, target)
            # Before it is in its place: of two who write at one time, both are kept.
            kept = self._kept.keep(path, temporary)
            temporary.replace(target)
        except BaseException:
            for file_ in (temporary, *([kept] if kept else [])):
                with suppress(OSError):
                    file_.unlink()
            raise
        _sync_folder(target.parent)
        if kept:
            self._kept.forget_old(path)

    def sweep(self, older_than: dt.timedelta) -> int:
        """Remove temporary files that a killed writer left; the number of files that went.

        Args:
            older_than: younger ones may belong to a write that is going on.
        """
        latest = time.time() - older_than.total_seconds()
        swept = 0
        with self._told("", "sweep"):
            for file in _files(self.root / _TEMPORARY):
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime <= latest:
                        file.unlink()
                        swept += 1
        return swept

    @contextmanager
    def _told(self, path: str, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LakeUnavailable(_local_sentence(self.place, self.root, path, verb, error)) from error


def _refuse_dangling(path: Path) -> None:
    """A link whose target is gone is something: it must not be read as nothing."""
    if path.is_symlink():
        raise FileNotFoundError(
            errno.ENOENT, f"it is a link to {path.readlink()}, which is not there; put that back, or remove the link"
        )


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_mtime_ns, one.st_size) == (other.st_mtime_ns, other.st_size)


def _local_etag(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}"


_TEMPORARY = "_tmp"
"""Below the lake's root, so that it is on the same file system: renaming is atomic only there."""


def _files(start: Path) -> Iterator[Path]:
    """All files below a folder; unlike `rglob`, a folder that may not be read is an error, not an empty one."""

    def told(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise error

    for folder, _folders, names in os.walk(start, onerror=told):
        yield from (Path(folder, name) for name in names)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable: a name lives in its folder, which is synced separately."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_LOCAL_HINTS = {
    errno.ENOSPC: "the disk is full; free some space, and materialize the partition again",
    errno.EDQUOT: "the disk quota is used up; free some space, and materialize the partition again",
    errno.EACCES: "permission denied; give this user the right to it, or set {variable} to another folder",
    errno.EPERM: "not permitted; give this user the right to it, or set {variable} to another folder",
    errno.EROFS: "the file system is read-only; set {variable} to a folder that can be written",
    errno.ENOTDIR: "a part of the path is a file, not a folder; set {variable} to a folder",
    errno.EEXIST: "a part of the path is a file, not a folder; set {variable} to a folder",
    errno.EISDIR: "a folder is there in the place of the file; move it away",
    errno.ENAMETOOLONG: "the name is too long for this file system; use a shorter partition key",
}


def _local_sentence(place: Place, root: Path, path: str, verb: str, error: OSError) -> str:
    known = _LOCAL_HINTS.get(error.errno or 0)
    hint = known.format(variable=place.variable) if known else error.strerror or str(error)
    kept = " What was there before is unchanged." if verb in ("write", "delete") else ""
    return f"Cannot {verb} {path or '.'} in the {place.noun} folder {root}: {hint}.{kept}"
