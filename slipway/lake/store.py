"""Bytes at a path, in a folder or a bucket: whole objects, replaced atomically, read by range.

The two stores keep the same promise: after `put` returns the object is durable, and a reader sees the old bytes or the
new ones, never a mixture. S3 gives that with one PUT (obstore). A folder gives it with a temporary file, fsync and
rename; obstore's own local store does not sync to disk, which is why the folder is written here.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import S3Store as ObstoreS3

from slipway.lake.errors import LakeUnavailable
from slipway.lake.settings import LakeSettings, S3Settings


@dataclass(frozen=True)
class StoredObject:
    """An object as listed: path in the lake, size in bytes, a tag that changes with its content."""

    path: str
    size: int
    etag: str


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


def open_store(settings: LakeSettings) -> Store:
    return S3(settings.s3) if settings.s3 else Folder(settings.folder or Path())


class Folder:
    """A local folder. Temporary files begin with a dot, so that no reader's glob takes them for data."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.uri = str(self.root)

    def put(self, path: str, data: bytes, content_type: str | None = None) -> None:  # noqa: ARG002
        target = self.root / path
        with self._told(path, "write"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.parent / f".{target.name}.{uuid.uuid4().hex}.tmp"
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

    def get(self, path: str) -> bytes | None:
        with self._told(path, "read"):
            try:
                return (self.root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def get_tail(self, path: str, size: int) -> tuple[bytes, int] | None:
        with self._told(path, "read"):
            try:
                with (self.root / path).open("rb") as file:
                    whole = file.seek(0, os.SEEK_END)
                    file.seek(max(0, whole - size))
                    return file.read(), whole
            except (FileNotFoundError, NotADirectoryError):
                return None

    def head(self, path: str) -> StoredObject | None:
        with self._told(path, "read"):
            try:
                stat = (self.root / path).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return StoredObject(path, stat.st_size, _local_etag(stat))

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
            found = [start] if start.is_file() else sorted(start.rglob("*"))
        for file in found:
            if file.name.startswith(".") or not file.is_file():
                continue
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue  # deleted while listing
            yield StoredObject(
                file.relative_to(self.root).as_posix(), stat.st_size, _local_etag(stat)
            )

    def location(self, path: str) -> str:
        return str(self.root / path)

    @contextmanager
    def _told(self, path: str, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LakeUnavailable(_local_sentence(self.root, path, verb, error)) from error


class S3:
    """A bucket, through obstore; the same client options for all requests."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings
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

    def head(self, path: str) -> StoredObject | None:
        with self._told(path, "read"):
            try:
                meta = obstore.head(self._client, path)
            except FileNotFoundError as error:
                return self._absent(error)
        return StoredObject(path, meta["size"], meta["e_tag"] or "")

    def delete(self, path: str) -> None:
        with self._told(path, "delete"), suppress(FileNotFoundError):
            obstore.delete(self._client, path)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with self._told(prefix, "list"):
            for batch in obstore.list(self._client, prefix or None):
                for meta in batch:
                    yield StoredObject(meta["path"], meta["size"], meta["e_tag"] or "")

    def location(self, path: str) -> str:
        return f"{self.uri}/{path}"

    @staticmethod
    def _absent(error: FileNotFoundError) -> None:
        # A missing bucket answers 404 as a missing object does, and must not be read as "no partition yet".
        if "NoSuchBucket" in str(error):
            raise error

    @contextmanager
    def _told(self, path: str, verb: str) -> Iterator[None]:
        try:
            yield
        except (ObstoreError, OSError) as error:
            raise LakeUnavailable(_s3_sentence(self.settings, path, verb, str(error))) from error


def _local_etag(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}"


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
    errno.EACCES: "permission denied; give this user the right to it, or set SLIPWAY_LAKE to another folder",
    errno.EPERM: "not permitted; give this user the right to it, or set SLIPWAY_LAKE to another folder",
    errno.EROFS: "the file system is read-only; set SLIPWAY_LAKE to a folder that can be written",
    errno.ENOTDIR: "a part of the path is a file, not a folder; set SLIPWAY_LAKE to a folder",
    errno.ENAMETOOLONG: "the name is too long for this file system; use a shorter partition key",
}


def _local_sentence(root: Path, path: str, verb: str, error: OSError) -> str:
    hint = _LOCAL_HINTS.get(error.errno or 0, error.strerror or str(error))
    return f"Cannot {verb} {path or '.'} in the lake folder {root}: {hint}. What was there before is unchanged."


_S3_HINTS = {
    "NoSuchBucket": "the bucket does not exist; create it, or correct SLIPWAY_LAKE",
    "InvalidAccessKeyId": "the access key is unknown to the store; check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret does not belong to the access key; check AWS_SECRET_ACCESS_KEY",
    "AccessDenied": "this access key may not do that here; check its policy",
    "403": "this access key may not do that here; check AWS_ACCESS_KEY_ID and its policy",
    "InvalidBucketName": "the bucket's name is not valid; correct SLIPWAY_LAKE",
    "error sending request": "the store does not answer; check AWS_ENDPOINT_URL and that it is running",
    "credential": "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
}


def _s3_sentence(settings: S3Settings, path: str, verb: str, error: str) -> str:
    first_line = error.splitlines()[0][:300] if error else "no reason given"
    hint = next((hint for sign, hint in _S3_HINTS.items() if sign in error), first_line)
    where = settings.endpoint or "AWS S3"
    return f"Cannot {verb} {path or '.'} in the bucket {settings.bucket} at {where}: {hint}."
