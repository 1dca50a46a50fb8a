"""A lake in an S3 bucket, through obstore."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import S3Store as ObstoreS3

from slipway.lake.errors import LakeUnavailable
from slipway.lake.settings import LakeSettings, S3Settings
from slipway.lake.store import LAKE, Place, StoredObject, Version

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta


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

    def get(self, path: str, version: str | None = None) -> bytes | None:
        with self._told(path, "read"):
            try:
                return bytes(obstore.get(self._client, path, options=_of_version(version)).bytes())
            except FileNotFoundError as error:
                return self._absent(error)

    def get_tail(self, path: str, size: int, version: str | None = None) -> tuple[bytes, int] | None:
        with self._told(path, "read"):
            try:
                options: GetOptions = {"range": {"suffix": size}, **_of_version(version)}
                answer = obstore.get(self._client, path, options=options)
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

    def versions(self, prefix: str) -> Iterator[Version]:
        # Imported here: nothing else that the lake does needs it. obstore knows versions, and does not list them.
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise LakeUnavailable(
                "To list earlier versions in a bucket, boto3 is needed, which is not installed: pip install boto3."
            ) from None

        root = f"{self.settings.prefix}/" if self.settings.prefix else ""
        config = Config(s3={"addressing_style": "path"}) if self.settings.endpoint else None
        client = boto3.client("s3", **self.settings.for_boto3(), config=config)
        pages = client.get_paginator("list_object_versions")
        found: list[Version] = []
        try:
            for page in pages.paginate(Bucket=self.settings.bucket, Prefix=f"{root}{prefix}"):
                found += [_version(each, root) for each in page.get("Versions", [])]
                found += [_version(each, root, deleted=True) for each in page.get("DeleteMarkers", [])]
        except ClientError as error:
            told = error.response["Error"]
            text = f"<Code>{told.get('Code')}</Code> {told.get('Message')}"
            raise LakeUnavailable(_s3_sentence(self.place, self.settings, prefix, "list", text)) from error
        except BotoCoreError as error:
            raise LakeUnavailable(_s3_sentence(self.place, self.settings, prefix, "list", str(error))) from error
        # As a folder's prefix: all below it, and nothing that only begins alike.
        folder = f"{prefix.rstrip('/')}/"
        below = [each for each in found if not prefix or each.path == prefix or each.path.startswith(folder)]
        yield from sorted(below, key=lambda each: (each.path, not each.current, -each.written))

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


def _of_version(version: str | None) -> GetOptions:
    return {"version": version} if version else {}


def _version(listed: Mapping[str, Any], root: str, *, deleted: bool = False) -> Version:
    return Version(
        listed["Key"].removeprefix(root),
        listed["VersionId"],
        listed.get("Size", 0),
        listed["LastModified"].timestamp(),
        current=listed["IsLatest"],
        deleted=deleted,
    )


def _listed(path: str, meta: ObjectMeta) -> StoredObject:
    """An object's listing. Two writes of the same bytes have the same e_tag, hence the time and version beside it."""
    tag = f"{meta['e_tag'] or ''} {meta['version'] or ''} {meta['last_modified'].timestamp():.3f}".strip()
    return StoredObject(path, meta["size"], tag, meta["last_modified"].timestamp())


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
