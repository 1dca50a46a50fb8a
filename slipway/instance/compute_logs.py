"""Compute logs in the object store: visible while a step runs, kept when its container dies, for people signed in.

    compute_logs:
      module: slipway.instance.compute_logs
      class: S3ComputeLogManager
      config: {bucket: logs, prefix: "", local_dir: /tmp/compute-logs, upload_interval: 5}

Each process writes below a folder of its own location (`SLIPWAY_LOCATION`), which is all that its key may write; the
webserver looks in all of them. The bucket's objects are

    <location>/storage/<run id>/compute_logs/<step>.{out,err}[.partial]
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION
from dagster._serdes import ConfigurableClassData
from dagster_aws.s3.compute_log_manager import S3ComputeLogManager as DagsterS3ComputeLogManager

WRITER = "SLIPWAY_LOCATION"
PARTIAL = ".partial"
_KNOWN_FOR_SECONDS = 60.0


class S3ComputeLogManager(DagsterS3ComputeLogManager):
    """Dagster's manager, with a folder a writer, downloads through the webserver, and listings of any length.

    Dagster's own links to the store itself (a presigned URL carries the address that the webserver knows it under,
    which no browser can reach), and fails to list while a log is `.partial`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._writer = os.environ.get(WRITER)
        self._writers: tuple[float, list[str]] = (0.0, [])
        self._homes: dict[str, str] = {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def _s3_key(self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False) -> str:
        name = f"{log_key[-1]}.{IO_TYPE_EXTENSION[io_type]}{PARTIAL if partial else ''}"
        return f"{self._folder(log_key[:-1])}{name}"

    def _folder(self, namespace: Sequence[str]) -> str:
        """The folder of a log key's namespace, with its slash: the writer's own, or where it is found."""
        if self._writer:
            return self._folder_of(self._writer, namespace)
        name = "/".join(namespace)
        if name not in self._homes:
            for writer in self._all_writers():
                folder = self._folder_of(writer, namespace)
                if next(self._listed(folder, most=1), None) is not None:
                    self._homes[name] = folder
                    break
            else:
                # Not written yet: any place will do to find nothing in, and the next look is a new one.
                return self._folder_of("", namespace)
        return self._homes[name]

    def _folder_of(self, writer: str, namespace: Sequence[str]) -> str:
        return "/".join([part for part in (self._s3_prefix, writer, "storage", *namespace) if part] + [""])

    def _all_writers(self) -> list[str]:
        looked, writers = self._writers
        if time.monotonic() - looked > _KNOWN_FOR_SECONDS or not writers:
            prefix = f"{self._s3_prefix}/" if self._s3_prefix else ""
            answer = self._s3_session.list_objects_v2(Bucket=self._s3_bucket, Prefix=prefix, Delimiter="/")
            writers = [each["Prefix"][len(prefix) : -1] for each in answer.get("CommonPrefixes", [])]
            self._writers = (time.monotonic(), writers)
        return writers

    def _listed(self, prefix: str, most: int | None = None) -> Iterator[str]:
        pages = self._s3_session.get_paginator("list_objects_v2").paginate(
            Bucket=self._s3_bucket, Prefix=prefix, PaginationConfig={"MaxItems": most} if most else {}
        )
        for page in pages:
            for each in page.get("Contents", []):
                yield each["Key"]

    def download_url_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str | None:
        """The webserver's own route: behind the same sign-in as the page that links to it."""
        if not self.is_capture_complete(log_key):
            return None
        return f"/logs/{'/'.join(log_key)}/{IO_TYPE_EXTENSION[io_type]}"

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        """Delete one log or all below a prefix, however many there are.

        Raises:
            ValueError: neither is given.
        """
        if not log_key and not prefix:
            raise ValueError("Expected a log key or the prefix of log keys, found neither.")
        self.local_manager.delete_logs(log_key=log_key, prefix=prefix)
        if log_key:
            keys = [self._s3_key(log_key, kind, partial) for kind in ComputeIOType for partial in (False, True)]
        else:
            assert prefix
            keys = list(self._listed(self._folder(prefix)))
        for start in range(0, len(keys), 1000):
            some = [{"Key": key} for key in keys[start : start + 1000]]
            self._s3_session.delete_objects(Bucket=self._s3_bucket, Delete={"Objects": some})

    def get_log_keys_for_log_key_prefix(
        self, log_key_prefix: Sequence[str], io_type: ComputeIOType
    ) -> Sequence[list[str]]:
        extension = f".{IO_TYPE_EXTENSION[io_type]}"
        names = {key.rpartition("/")[2].removesuffix(PARTIAL) for key in self._listed(self._folder(log_key_prefix))}
        return [[*log_key_prefix, name.removesuffix(extension)] for name in sorted(names) if name.endswith(extension)]
