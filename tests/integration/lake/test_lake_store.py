"""Whole objects at a path: the same promise in a folder, in moto's S3 and in the stack's object store."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.lake import Lake, LakeSettings, LakeUnavailable, layout
from slipway.lake.folder import Folder
from slipway.lake.lake import Draft
from slipway.lake.store import Place, Store, open_store
from tests.arrow_tables import tables, values

# One lake serves all examples of a test: each example has partitions of its own.
shared_lake = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(lake: Lake) -> Store:
    return lake.store


def paths(store: Store, prefix: str = "") -> list[str]:
    return [found.path for found in store.list(prefix)]


def test_an_object_is_put_replaced_read_and_deleted(store: Store) -> None:
    assert store.get("a/b/x") is None
    store.put("a/b/x", b"old")
    store.put("a/b/x", b"newer", "text/plain")

    assert store.get("a/b/x") == b"newer"
    found = store.head("a/b/x")
    assert found is not None
    assert (found.path, found.size) == ("a/b/x", 5)
    assert abs(found.modified - time.time()) < 60
    store.delete("a/b/x")
    store.delete("a/b/x")
    assert store.get("a/b/x") is None
    assert store.head("a/b/x") is None
    assert store.get_tail("a/b/x", 3) is None


def test_the_tag_changes_with_the_content(store: Store) -> None:
    store.put("x", b"one")
    before = store.head("x")
    store.put("x", b"two")
    after = store.head("x")

    assert before is not None
    assert after is not None
    assert before.etag != after.etag
    assert [found.etag for found in store.list("")] == [after.etag]


def test_the_tail_of_an_object_and_its_size(store: Store) -> None:
    store.put("x", b"0123456789")
    store.put("empty", b"")

    assert store.get_tail("x", 3) == (b"789", 10)
    assert store.get_tail("x", 1000) == (b"0123456789", 10)
    assert store.get_tail("empty", 10) == (b"", 0)
    assert store.get("empty") == b""


def test_a_listing_is_by_whole_folders_and_in_order(store: Store) -> None:
    for path in ("b/2", "a/1", "a/day=%2F/x", "ab/1", "a-b/1"):
        store.put(path, b"x")

    assert paths(store) == ["a-b/1", "a/1", "a/day=%2F/x", "ab/1", "b/2"]
    assert paths(store, "a") == ["a/1", "a/day=%2F/x"]
    assert paths(store, "nothing") == []


def test_a_large_object_goes_in_one_piece(store: Store) -> None:
    data = os.urandom(20 * 1024 * 1024)
    store.put("large", data)

    assert store.get("large") == data


def test_a_location_names_the_object_for_other_readers(lake: Lake) -> None:
    location = lake.store.location("a/x")

    assert location == f"{lake.settings.uri}/a/x"
    assert location.startswith("s3://") or Path(location).is_absolute()


def test_readers_see_whole_objects_while_they_are_replaced(store: Store) -> None:
    contents = [bytes([n]) * (200_000 + n) for n in range(4)]
    store.put("x", contents[0])
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for data in contents:
                store.put("x", data)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        seen: set[bytes | None] = set()
        deadline = time.monotonic() + 20
        while len(seen) < len(contents) and time.monotonic() < deadline:
            seen.add(store.get("x"))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert seen == set(contents)


@shared_lake
@given(table=tables(), key=st.text(min_size=1, max_size=15), number=st.integers(0, 2**40))
def test_every_table_comes_back_from_every_key(lake: Lake, table: pa.Table, key: str, number: int) -> None:
    asset, dims = ("bronze", f"t{number}"), {"thing": key}
    published = lake.publish(Draft(asset, (key, dims), table), "run")

    assert list(lake.partitions(asset)) == [(dims, published.bytes)]
    [(_key, found)] = lake.load(asset, [(key, dims)]).parts
    assert values(found) == values(table)
    who = lake.provenance(asset, dims)
    assert who == published.provenance
    assert who is not None
    assert (who.partition, who.rows, who.run_id) == (key, len(table), "run")
    for name in lake.store.list(layout.asset_path(asset)):
        lake.store.delete(name.path)


# -- what only a folder has


def test_an_emptied_folder_goes_but_not_the_lake(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "lake")
    folder.put("a/day=1/data.parquet", b"x")
    folder.put("a/day=2/data.parquet", b"x")
    folder.delete("a/day=1/data.parquet")

    assert sorted(path.name for path in (tmp_path / "lake" / "a").iterdir()) == ["day=2"]
    folder.delete("a/day=2/data.parquet")
    assert sorted(path.name for path in (tmp_path / "lake").iterdir()) == ["_tmp", "_versions"]


def test_a_link_whose_target_is_gone_is_not_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "x").symlink_to(tmp_path / "gone")
    for look in (folder.get, folder.head, lambda path: folder.get_tail(path, 8)):
        with pytest.raises(
            LakeUnavailable, match=rf"^Cannot read x in the lake folder .*: it is a link to {tmp_path}/gone"
        ):
            look("x")
    assert folder.get("y") is None


def test_an_error_names_the_place_and_its_variable(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    inbox = open_store(LakeSettings.parse(str(tmp_path)), Place("inbox", "INBOX"))
    with pytest.raises(
        LakeUnavailable, match=rf"^Cannot read folder in the inbox folder {tmp_path}: a folder is there"
    ):
        inbox.get("folder")
    with pytest.raises(LakeUnavailable, match=r"a part of the path is a file, not a folder; set INBOX to a folder"):
        inbox.put("file/x", b"")


def test_writers_and_deleters_of_one_folder_do_not_trip_each_other(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    errors: list[Exception] = []

    def churn(name: str) -> None:
        try:
            for _ in range(150):
                folder.put(f"a/b/c/{name}", b"x")
                folder.delete(f"a/b/c/{name}")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=churn, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def leftover(lake: Path, name: str, age: float) -> Path:
    """A temporary file as a killed writer leaves it."""
    file = lake / "_tmp" / f".{name}.tmp"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"half")
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def test_temporary_files_are_no_objects_and_are_swept_when_old(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("a/data.parquet", b"x")
    old, young = leftover(tmp_path, "old", 7200), leftover(tmp_path, "young", 5)

    assert paths(folder) == ["a/data.parquet"]
    assert folder.sweep(dt.timedelta(hours=1)) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert folder.sweep(dt.timedelta(0)) == 1
    assert folder.get("a/data.parquet") == b"x"
    assert Folder(tmp_path / "not there").sweep(dt.timedelta(0)) == 0


def test_a_write_leaves_one_file_in_the_tables_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("a/data.parquet", b"x")

    assert [path.relative_to(tmp_path).as_posix() for path in (tmp_path / "a").rglob("*")] == ["a/data.parquet"]
