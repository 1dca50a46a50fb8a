"""When the lake cannot be read or written: a sentence that says what to do, no torn object, nothing left over."""

from __future__ import annotations

import dataclasses
import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from slipway.lake import Lake, LakeIOManager, LakeSettings, LakeUnavailable
from slipway.lake.folder import Folder
from slipway.lake.kept import VERSIONS
from slipway.lake.lake import Draft
from slipway.lake.store import Store
from tests.servers import S3Server, free_port

Use = Callable[[Store], Any]
USES: dict[str, Use] = {
    "put": lambda store: store.put("a/b", b"x"),
    "get": lambda store: store.get("a/b"),
    "get_tail": lambda store: store.get_tail("a/b", 8),
    "head": lambda store: store.head("a/b"),
    "delete": lambda store: store.delete("a/b"),
    "list": lambda store: list(store.list("a")),
}


def changed(settings: LakeSettings, **changes: Any) -> Store:
    assert settings.s3 is not None
    return Lake(LakeSettings(s3=dataclasses.replace(settings.s3, **changes))).store


@pytest.fixture
def in_moto(s3_server: Callable[[str], S3Server]) -> LakeSettings:
    s3_server("moto")
    return LakeSettings.parse("s3://lake/errors")


@pytest.fixture
def in_objectstore(s3_server: Callable[[str], S3Server]) -> LakeSettings:
    s3_server("objectstore")
    return LakeSettings.parse("s3://lake/errors")


@pytest.fixture(params=["in_moto", pytest.param("in_objectstore", marks=pytest.mark.docker)])
def bucket(request: pytest.FixtureRequest) -> LakeSettings:
    settings: LakeSettings = request.getfixturevalue(request.param)
    return settings


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_missing_bucket_is_not_a_missing_partition(bucket: LakeSettings, use: Use) -> None:
    with pytest.raises(LakeUnavailable, match=r"in the bucket nobucket at http.*: the bucket does not exist; create"):
        use(changed(bucket, bucket="nobucket"))


@pytest.mark.docker
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_unknown_key_is_not_a_missing_partition(in_objectstore: LakeSettings, use: Use) -> None:
    with pytest.raises(LakeUnavailable, match="the access key is unknown to the store; check AWS_ACCESS_KEY_ID"):
        use(changed(in_objectstore, access_key_id="somebody"))


@pytest.mark.docker
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_wrong_secret(in_objectstore: LakeSettings, use: Use) -> None:
    with pytest.raises(LakeUnavailable, match=r"check AWS_.*SECRET_ACCESS_KEY"):
        use(changed(in_objectstore, secret_access_key="wrong"))


@pytest.mark.docker
def test_a_bucket_name_that_is_none(in_objectstore: LakeSettings) -> None:
    with pytest.raises(LakeUnavailable, match="the bucket's name is not valid; correct SLIPWAY_LAKE"):
        changed(in_objectstore, bucket="No_Bucket").put("a", b"x")


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_store_that_does_not_answer(in_moto: LakeSettings, use: Use) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(LakeUnavailable, match=rf"at {endpoint}: the store does not answer; check AWS_ENDPOINT_URL"):
        use(changed(in_moto, endpoint=endpoint))


@pytest.mark.docker
def test_a_port_is_not_taken_for_a_status(in_objectstore: LakeSettings) -> None:
    """The text of an error holds paths, ports and request ids: '403' in one of them says nothing of rights."""
    with pytest.raises(LakeUnavailable, match="the bucket does not exist"):
        changed(in_objectstore, bucket="nobucket").get("day=2403/403")


# -- folders


def files(root: Path) -> list[str]:
    """All files below a folder, hidden ones too; earlier versions are not what these tests are about."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if path.parts[0] != VERSIONS)


AS_NOBODY = """
    import os, sys
    from pathlib import Path
    from slipway.lake import LakeError
    from slipway.lake.folder import Folder
    store = Folder(Path(sys.argv[1]))
    os.setuid(65534)
    for use in sys.argv[2:]:
        try:
            print(eval(use))
        except LakeError as error:
            print(type(error).__name__, error)
"""


def as_nobody(root: Path, *uses: str) -> list[str]:
    """Evaluate expressions over `store` in a process without our rights; a line for each."""
    command = [sys.executable, "-c", textwrap.dedent(AS_NOBODY), str(root), *uses]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(os.getuid() != 0, reason="Only root can become another user.")
def test_folders_of_somebody_else(tmp_path: Path) -> None:
    """May not be written: a sentence, and all is as it was. May not be read: a sentence, not an empty folder."""
    for folder in (tmp_path, *tmp_path.parents):  # the test run's own folders are private
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    lake = tmp_path / "lake"
    Folder(lake).put("a/x", b"old")
    Folder(lake).put("closed/x", b"old")
    (lake / "closed").chmod(0o700)

    writing = ["store.put('a/x', b'new')", "store.put('b/x', b'new')", "store.delete('a/x')"]
    reading = ["get('closed/x')", "get_tail('closed/x', 1)", "head('closed/x')", "list('closed').__next__()"]
    said = as_nobody(lake, "store.get('a/x')", *writing, *(f"store.{use}" for use in reading))

    assert said[0] == "b'old'"
    for line, verb in zip(said[1:], ["write", "write", "delete", "read", "read", "read", "list"], strict=True):
        assert line.startswith(f"LakeUnavailable Cannot {verb} ")
        assert f"in the lake folder {lake}: permission denied; give this user the right to it" in line
        assert line.endswith("What was there before is unchanged.") == (verb in ("write", "delete"))
    assert files(lake) == ["a/x", "closed/x"]
    assert (lake / "a/x").read_bytes() == b"old"


@pytest.mark.parametrize("path", ["x", "a/x", "a/b/x"])
def test_a_file_in_the_place_of_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "lake").write_text("not a folder")

    with pytest.raises(LakeUnavailable, match="a part of the path is a file, not a folder; set SLIPWAY_LAKE"):
        Folder(tmp_path / "lake").put(path, b"x")


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"A small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    store = Folder(small_disk / "lake")
    store.put("a/data.parquet", b"old")

    with pytest.raises(LakeUnavailable, match=r"Cannot write a/data.parquet .*: the disk is full; free some space"):
        store.put("a/data.parquet", b"x" * 3_000_000)

    assert store.get("a/data.parquet") == b"old"
    assert files(small_disk / "lake") == ["a/data.parquet"]


def test_a_write_that_breaks_off_in_the_middle(tmp_path: Path) -> None:
    """Where no file system can be mounted: the same by a limit on the size of files."""
    store = Folder(tmp_path / "lake")
    store.put("a/x", b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000_000, limits[1]))
    try:
        with pytest.raises(LakeUnavailable, match=r"Cannot write a/x .*: File too large\."):
            store.put("a/x", bytes(60_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert files(tmp_path / "lake") == ["a/x"]
    assert store.get("a/x") == b"old"


# -- as an asset's run sees it


def test_a_run_without_its_store_fails_with_the_sentence(in_moto: LakeSettings) -> None:
    assert in_moto.s3 is not None
    gone = LakeSettings(s3=dataclasses.replace(in_moto.s3, endpoint=f"http://127.0.0.1:{free_port()}"))

    @dg.asset
    def table() -> dict[str, int]:
        return {"x": 1}

    result = dg.materialize([table], resources={"io_manager": LakeIOManager(Lake(gone))}, raise_on_error=False)

    [failure] = result.get_step_failure_events()
    error = failure.step_failure_data.error
    assert error is not None
    assert "the store does not answer" in str(error.cause)


def test_what_is_no_parquet_is_not_read(lake: Lake) -> None:
    lake.store.put("bronze/x/data.parquet", b"<html>")
    lake.store.put("bronze/empty/data.parquet", b"")

    for asset, size in ((("bronze", "x"), 6), (("bronze", "empty"), 0)):
        sentence = f"{size} bytes that are not one. Something else wrote there; move it away"
        with pytest.raises(LakeUnavailable, match=sentence):
            lake.load(asset, [(None, {})])
        with pytest.raises(LakeUnavailable, match=sentence):
            lake.provenance(asset, {})
        with pytest.raises(LakeUnavailable, match=sentence):
            lake.scan(asset, [(None, {})])


def test_an_object_that_was_damaged_is_not_read_as_rows(folder_lake: Lake) -> None:
    folder_lake.publish(Draft(("x",), (None, {}), pa.table({"x": range(10_000)})), "run")
    file = Path(folder_lake.store.location("x/data.parquet"))
    data = bytearray(file.read_bytes())
    data[100:200] = bytes(100)
    file.write_bytes(data)

    with pytest.raises(LakeUnavailable, match=r"Cannot read .*x/data.parquet: the object is damaged"):
        folder_lake.load(("x",), [(None, {})])
    with pytest.raises(LakeUnavailable, match="the object is damaged"):
        folder_lake.load(("x",), [(None, {})], rows=[("x", ">", 5)])
