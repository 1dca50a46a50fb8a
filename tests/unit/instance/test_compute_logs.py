"""Compute logs in a bucket: each process writes below its own folder, and whoever has none finds them in any."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType

from slipway.instance.compute_logs import S3ComputeLogManager
from tests.servers import S3Server

OUT, ERR = ComputeIOType.STDOUT, ComputeIOType.STDERR
RUN = ["0a1b2c3d", "compute_logs"]
STEP = [*RUN, "silver__sales"]
FOLDER = "ingestion/storage/0a1b2c3d/compute_logs/"

Manager = Callable[..., S3ComputeLogManager]


@pytest.fixture
def bucket(s3_server: Callable[[str], S3Server]) -> str:
    server = s3_server("moto")
    name = f"logs-{uuid.uuid4().hex[:12]}"
    server.create_bucket(name)
    return name


@pytest.fixture
def s3(bucket: str) -> Any:
    return boto3.client("s3")


@pytest.fixture
def manager(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    def made(location: str | None = None, prefix: str = "") -> S3ComputeLogManager:
        monkeypatch.delenv("SLIPWAY_LOCATION", raising=False)
        if location:
            monkeypatch.setenv("SLIPWAY_LOCATION", location)
        local = tmp_path / uuid.uuid4().hex
        return S3ComputeLogManager(bucket=bucket, local_dir=str(local), prefix=prefix)

    return made


def keys(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [each["Key"] for page in pages for each in page.get("Contents", [])]


def capture(manager: S3ComputeLogManager, log_key: list[str], text: str = "hello") -> None:
    with manager.capture_logs(log_key):
        print(text)


def text(manager: S3ComputeLogManager, log_key: list[str], kind: ComputeIOType = OUT) -> str | None:
    data, _ = manager.get_log_data_for_type(log_key, kind, 0, None)
    return None if data is None else data.decode()


def put(s3: Any, bucket: str, key: str, body: str = "x") -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode())


def test_a_process_writes_below_its_locations_folder(manager: Manager, s3: Any, bucket: str) -> None:
    capture(manager("ingestion"), STEP)
    assert keys(s3, bucket) == [f"{FOLDER}silver__sales.err", f"{FOLDER}silver__sales.out"]


def test_a_prefix_goes_before(manager: Manager, s3: Any, bucket: str) -> None:
    capture(manager("daemon", "team"), STEP)
    assert {key.partition("storage/")[0] for key in keys(s3, bucket)} == {"team/daemon/"}
    assert text(manager(prefix="team"), STEP) == "hello\n"


@pytest.mark.parametrize("location", ["ingestion", "transformation", "daemon"])
def test_a_reader_finds_it_wherever_it_is(manager: Manager, s3: Any, bucket: str, location: str) -> None:
    put(s3, bucket, "reporting/storage/another-run/compute_logs/x.err")
    capture(manager(location), STEP, f"by {location}")
    reader = manager()
    assert text(reader, STEP) == f"by {location}\n"
    assert reader.is_capture_complete(STEP)


def test_a_reader_that_looked_too_early_finds_it_later(manager: Manager, s3: Any, bucket: str) -> None:
    reader = manager()
    assert text(reader, STEP) is None
    assert not reader.is_capture_complete(STEP)
    assert reader.download_url_for_type(STEP, OUT) is None
    capture(manager("ingestion"), STEP)
    assert text(reader, STEP) == "hello\n"


def test_what_is_partial_is_read_while_the_step_runs(manager: Manager, s3: Any, bucket: str) -> None:
    put(s3, bucket, f"{FOLDER}silver__sales.out.partial", "so far")
    reader = manager()
    assert text(reader, STEP) == "so far"
    assert not reader.is_capture_complete(STEP)


def test_all_logs_of_a_run_are_listed_partial_ones_too(manager: Manager, s3: Any, bucket: str) -> None:
    for name in ("a.err", "a.out", "b.err.partial", "b.out.partial", "with.dots.err", "c.out"):
        put(s3, bucket, f"{FOLDER}{name}")
    put(s3, bucket, "ingestion/storage/0a1b2c3d-another/compute_logs/other.err")
    reader = manager()
    assert reader.get_log_keys_for_log_key_prefix(RUN, ERR) == [[*RUN, name] for name in ("a", "b", "with.dots")]
    assert reader.get_log_keys_for_log_key_prefix(RUN, OUT) == [[*RUN, name] for name in ("a", "b", "c")]
    assert reader.get_log_keys_for_log_key_prefix(["nothing"], ERR) == []


def test_a_run_with_more_logs_than_a_page(manager: Manager, s3: Any, bucket: str) -> None:
    for number in range(1001):
        put(s3, bucket, f"{FOLDER}{number:05}.err")
    assert len(manager().get_log_keys_for_log_key_prefix(RUN, ERR)) == 1001


def test_a_download_is_the_webservers_own_route(manager: Manager) -> None:
    capture(manager("ingestion"), STEP)
    reader = manager()
    assert reader.download_url_for_type(STEP, OUT) == "/logs/0a1b2c3d/compute_logs/silver__sales/out"
    assert reader.download_url_for_type(STEP, ERR) == "/logs/0a1b2c3d/compute_logs/silver__sales/err"


def test_one_log_is_deleted(manager: Manager, s3: Any, bucket: str) -> None:
    for name in ("a.err", "a.out", "a.err.partial", "a.out.partial", "ab.err"):
        put(s3, bucket, f"{FOLDER}{name}")
    manager("ingestion").delete_logs(log_key=[*RUN, "a"])
    assert keys(s3, bucket) == [f"{FOLDER}ab.err"]


def test_a_run_is_deleted_however_many_logs_it_has(manager: Manager, s3: Any, bucket: str) -> None:
    for number in range(1001):
        put(s3, bucket, f"{FOLDER}{number}.err")
    put(s3, bucket, "ingestion/storage/0a1b2c3d-another/compute_logs/other.err")
    manager("ingestion").delete_logs(prefix=["0a1b2c3d"])
    assert keys(s3, bucket) == ["ingestion/storage/0a1b2c3d-another/compute_logs/other.err"]


def test_all_is_never_deleted_by_an_oversight(manager: Manager, s3: Any, bucket: str) -> None:
    put(s3, bucket, f"{FOLDER}a.err")
    asked: list[dict[str, list[str]]] = [{}, {"log_key": []}, {"prefix": []}]
    for nothing in asked:
        with pytest.raises(ValueError, match="Expected a log key or the prefix"):
            manager("ingestion").delete_logs(**nothing)
    assert keys(s3, bucket) == [f"{FOLDER}a.err"]
