"""Earlier versions of an object: kept in a folder, in moto's S3 and in the stack's object store alike."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from slipway.lake import LakeSettings, LakeUnavailable
from slipway.lake.folder import Folder
from slipway.lake.kept import KEPT, VERSIONS
from slipway.lake.store import Place, Store, Version, open_store
from tests.conftest import _FIXTURES, STORES
from tests.servers import S3Server

PATH = "silver/sales/day=2026-01-05/data.parquet"


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, s3_server: Callable[[str], S3Server]) -> Store:
    if request.param == "folder":
        return open_store(LakeSettings.parse(str(tmp_path / "lake")))
    bucket = f"versioned-{uuid.uuid4().hex[:8]}"
    s3_server(_FIXTURES[request.param]).create_bucket(bucket, versioned=True)
    return open_store(LakeSettings.parse(f"s3://{bucket}/below/a-prefix"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "lake")


def contents(store: Store, found: list[Version]) -> list[bytes | None]:
    return [store.get(each.path, each.id) for each in found]


def test_what_was_written_is_kept_the_newest_first(store: Store) -> None:
    for data in (b"one", b"two", b"three"):
        store.put(PATH, data)
    found = list(store.versions(PATH))
    assert contents(store, found) == [b"three", b"two", b"one"]
    assert [each.current for each in found] == [True, False, False]
    assert [each.size for each in found] == [5, 3, 3]
    assert [each.path for each in found] == [PATH] * 3
    assert sorted(each.written for each in found) == [each.written for each in reversed(found)]
    assert store.get(PATH) == b"three"
    assert store.get_tail(PATH, 2, found[1].id) == (b"wo", 3)


def test_an_object_that_is_gone_still_has_its_versions(store: Store) -> None:
    store.put(PATH, b"one")
    store.delete(PATH)
    written = [each for each in store.versions(PATH) if not each.deleted]
    assert contents(store, written) == [b"one"]
    assert not written[0].current
    assert store.get(PATH) is None


def test_all_below_a_folder_and_nothing_that_only_begins_alike(store: Store) -> None:
    for path in (PATH, "silver/sales/day=2026-01-06/data.parquet", "silver/sales_archive/data.parquet"):
        store.put(path, b"x")
    assert [each.path for each in store.versions("silver/sales")] == [PATH, "silver/sales/day=2026-01-06/data.parquet"]
    assert list(store.versions("gold")) == []


def test_versions_are_no_objects_of_the_lake(store: Store) -> None:
    store.put(PATH, b"one")
    store.put(PATH, b"two")
    assert [each.path for each in store.list("")] == [PATH]


def test_a_version_that_is_gone_is_none(store: Store) -> None:
    store.put(PATH, b"one")
    [found] = store.versions(PATH)
    gone = found.id[:-1] + ("0" if found.id[-1] != "0" else "1")
    # A store may also say that this is no version's id at all.
    with suppress(LakeUnavailable):
        assert store.get(PATH, gone) is None


def test_a_folder_keeps_a_number_of_them(folder: Folder) -> None:
    for number in range(KEPT + 3):
        folder.put(PATH, str(number).encode())
    kept = contents(folder, list(folder.versions(PATH)))
    assert kept == [str(number).encode() for number in range(KEPT + 2, 2, -1)]


def test_the_current_version_takes_no_space_of_its_own(folder: Folder) -> None:
    folder.put(PATH, b"one")
    [version] = folder.versions(PATH)
    [link] = (folder.root / VERSIONS).rglob(version.id)
    assert (folder.root / PATH).samefile(link)
    assert list((folder.root / VERSIONS).rglob("*.parquet")) == [], "nothing that looks like data"


def test_what_lay_there_before_versions_were_kept_is_kept_too(folder: Folder) -> None:
    old = folder.root / PATH
    old.parent.mkdir(parents=True)
    old.write_bytes(b"from an earlier release")
    [only] = folder.versions(PATH)
    assert (only.current, folder.get(only.path, only.id)) == (True, b"from an earlier release")
    folder.put(PATH, b"new")
    assert contents(folder, list(folder.versions(PATH))) == [b"new", b"from an earlier release"]


@pytest.mark.parametrize("path", ["_scratch/silver/run/x", "_rejected/silver/sales/data.parquet"])
def test_what_is_no_tables_object_has_no_versions(folder: Folder, path: str) -> None:
    folder.put(path, b"one")
    folder.put(path, b"two")
    assert not (folder.root / VERSIONS).exists()


def test_a_place_that_is_not_the_lake_has_none(tmp_path: Path) -> None:
    delivered = Folder(tmp_path, Place("delivery", "SLIPWAY_DELIVERY"))
    delivered.put("week.html", b"one")
    delivered.put("week.html", b"two")
    assert not (tmp_path / VERSIONS).exists()
    assert [each.current for each in delivered.versions("week.html")] == [True]


def test_of_many_who_write_at_one_time_the_last_is_current_and_all_are_kept(folder: Folder) -> None:
    start = threading.Barrier(KEPT)

    def write(number: int) -> None:
        start.wait()
        folder.put(PATH, b"x" * (1000 + number))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(KEPT)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = list(folder.versions(PATH))
    assert sorted(each.size for each in found) == [1000 + number for number in range(KEPT)]
    [current] = [each for each in found if each.current]
    assert folder.get(PATH) == folder.get(PATH, current.id)


def test_a_file_system_without_hard_links_keeps_copies(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    folder.put(PATH, b"one")
    folder.put(PATH, b"two")
    found = list(folder.versions(PATH))
    assert contents(folder, found) == [b"two", b"one"]
    assert [each.current for each in found] == [True, False]


def test_a_write_that_fails_leaves_no_version(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put(PATH, b"one")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(LakeUnavailable, match="the disk is full"):
        folder.put(PATH, b"two")
    monkeypatch.undo()
    assert contents(folder, list(folder.versions(PATH))) == [b"one"]
