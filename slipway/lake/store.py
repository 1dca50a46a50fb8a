"""Bytes at a path, in a folder or a bucket: whole objects, replaced atomically, read by range.

The two stores keep the same promise: after `put` returns the object is durable, and a reader sees the old bytes or the
new ones, never a mixture. S3 gives that with one PUT (obstore). A folder gives it with a temporary file, fsync and
rename; obstore's own local store does not sync to disk, which is why the folder is written here.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import S3Store as ObstoreS3

from slipway.lake.errors import LakeUnavailable
from slipway.lake.settings import VARIABLE, LakeSettings, S3Settings

if TYPE_CHECKING:
    from obstore import ObjectMeta


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


class Store(Protocol):
    """Whole objects below one root. Paths are relative to it, `/` between parts, already encoded."""

    uri: str

    def put(self, path: str, data: bytes, content_type: str | None = None) -> None: ...
    def get(self, path: str) -> bytes | None:
        """The object's bytes; None where there is no object."""
        ...

    def get_tail(self, path: str, size: int) -> tuple[bytes, int] | None:
        """The last `size` bytes (fewer where the object is smaller) and the object's whole size."""
        ...

    def head(self, path: str) -> StoredObject | None: ...
    def delete(self, path: str) -> None: ...
    def list(self, prefix: str) -> Iterator[StoredObject]: ...
    def location(self, path: str) -> str:
        """The object's address for other readers: a file name or an s3:// URI."""
        ...


def open_store(settings: LakeSettings, place: Place = LAKE) -> Store:
    return S3(settings.s3, place) if settings.s3 else Folder(settings.folder or Path(), place)


class Folder:
    """A local folder.

    Temporary files lie in a folder of their own: in the table's, Polars takes every file for data, hidden or not.
    """

    def __init__(self, root: Path, place: Place = LAKE) -> None:
        self.root = Path(root)
        self.place = place
        self.uri = str(self.root)

    def put(self, path: str, data: bytes, content_type: str | None = None) -> None:  # noqa: ARG002
        target = self.root / path
        with self._told(path, "write"):
            for again in reversed(range(10)):
                try:
                    _replace(target, data, self.root / _TEMPORARY)
                    return
                except (FileNotFoundError, FileExistsError):
                    # A concurrent delete removed the folder that it had emptied: make it again.
                    if not again:
                        raise

    def get(self, path: str) -> bytes | None:
        with self._told(path, "read"):
            try:
                return (self.root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                _refuse_dangling(self.root / path)
                return None

    def get_tail(self, path: str, size: int) -> tuple[bytes, int] | None:
        with self._told(path, "read"):
            try:
                with (self.root / path).open("rb") as file:
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
            if file.name.startswith("."):
                continue
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue  # deleted while listing
            yield StoredObject(file.relative_to(self.root).as_posix(), stat.st_size, _local_etag(stat), stat.st_mtime)

    def location(self, path: str) -> str:
        return str(self.root / path)

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


class S3:
    """A bucket, through obstore; the same client options for all requests."""

    def __init__(self, settings: S3Settings, place: Place = LAKE) -> None:
        self.settings = settings
        self.place = place
        self.uri = LakeSettings(s3=settings).uri
        self._client = ObstoreS3(settings.bucket, **settings.for_obstore())

    def put(self, path: str, data: bytes, content_type: str | None = None) -> None:
        with self._told(path, "write"):
            obstore.put(
                self._client,
                path,
                data,
                attributes={"Content-Type": content_type} if content_type else None,
                # One request, so that the object is replaced in one step whatever its size (S3 allows 5 GiB).
                use_multipart=len(data) > 4 * 1024**3,
            )

    def get(self, path: str) -> bytes | None:
        with self._told(path, "read"):
            try:
                return bytes(obstore.get(self._client, path).bytes())
            except FileNotFoundError as error:
                return self._absent(error)

    def get_tail(self, path: str, size: int) -> tuple[bytes, int] | None:
        with self._told(path, "read"):
            try:
                answer = obstore.get(self._client, path, options={"range": {"suffix": size}})
                return bytes(answer.bytes()), answer.meta["size"]
            except FileNotFoundError as error:
                return self._absent(error)
            except ObstoreError as error:
                if _s3_code(str(error)) is None and "error sending request" in str(error):
                    raise
                # An empty object has no range: a store answers with an error, or with all of nothing.
                found = self.head(path)
                if found is None or found.size:
                    raise
                return b"", 0

    def head(self, path: str) -> StoredObject | None:
        with self._told(path, "read"):
            try:
                meta = obstore.head(self._client, path)
            except FileNotFoundError:
                # The answer to HEAD has no body, so it does not say what is missing: the object, bucket or account.
                self.get(path)
                return None
        return _listed(path, meta)

    def delete(self, path: str) -> None:
        with self._told(path, "delete"):
            try:
                obstore.delete(self._client, path)
            except FileNotFoundError as error:
                self._absent(error)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with self._told(prefix, "list"):
            for batch in obstore.list(self._client, prefix or None):
                for meta in batch:
                    yield _listed(meta["path"], meta)

    def location(self, path: str) -> str:
        return f"{self.uri}/{path}"

    @staticmethod
    def _absent(error: FileNotFoundError) -> None:
        # A missing bucket answers 404 as a missing object does, in versitygw an unknown access key too; neither must be
        # read as "no partition yet".
        if _s3_code(str(error)) not in (None, "NoSuchKey"):
            raise error

    @contextmanager
    def _told(self, path: str, verb: str) -> Iterator[None]:
        try:
            yield
        except (ObstoreError, OSError) as error:
            raise LakeUnavailable(_s3_sentence(self.place, self.settings, path, verb, str(error))) from error


def _listed(path: str, meta: ObjectMeta) -> StoredObject:
    """An object's listing. Two writes of the same bytes have the same e_tag, hence the time and version beside it."""
    tag = f"{meta['e_tag'] or ''} {meta['version'] or ''} {meta['last_modified'].timestamp():.3f}".strip()
    return StoredObject(path, meta["size"], tag, meta["last_modified"].timestamp())


def _refuse_dangling(path: Path) -> None:
    """A link whose target is gone is something: it must not be read as nothing."""
    if path.is_symlink():
        raise FileNotFoundError(
            errno.ENOENT, f"it is a link to {path.readlink()}, which is not there; put that back, or remove the link"
        )


def _local_etag(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}"


def _replace(target: Path, data: bytes, temporaries: Path) -> None:
    """Put `data` in the place of a file in one step, durably: no reader and no power cut sees anything between."""
    made = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder in made:
        _sync_folder(folder.parent)
    temporaries.mkdir(exist_ok=True)
    temporary = temporaries / f".{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


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


_S3_HINTS = {
    "NoSuchBucket": "the bucket does not exist; create it, or correct {variable}",
    "InvalidBucketName": "the bucket's name is not valid; correct {variable}",
    "InvalidAccessKeyId": "the access key is unknown to the store; check AWS_ACCESS_KEY_ID",
    "XAdminUserNotFound": "the access key is unknown to the store; check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret does not belong to the access key; check AWS_SECRET_ACCESS_KEY",
    "AccessDenied": "this access key may not do that here; check its policy",
}
"""By the code in the store's answer. The rest of the answer (paths, ports, request ids) may hold any word or number."""

_S3_SIGNS = {
    # Without a key, the client asks the cloud machine that it might run on.
    "//169.254.169.254/": "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "403 Forbidden": "this account may not do that here; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and its policy",
    "error sending request": "the store does not answer; check AWS_ENDPOINT_URL and that it is running",
}


def _s3_code(error: str) -> str | None:
    found = re.search(r"<Code>(\w+)</Code>", error)
    return found.group(1) if found else None


def _s3_sentence(place: Place, settings: S3Settings, path: str, verb: str, error: str) -> str:
    code = _s3_code(error)
    first_line = error.splitlines()[0][:300] if error else "no reason given"
    if known := _S3_HINTS.get(code or ""):
        hint = known.format(variable=place.variable)
    else:
        hint = next(
            (hint for sign, hint in _S3_SIGNS.items() if sign in error), f"{code}: {first_line}" if code else first_line
        )
    where = settings.endpoint or "AWS S3"
    return f"Cannot {verb} {path or '.'} in the bucket {settings.bucket} at {where}: {hint}."
