"""Where files arrive: which ones count, what their version is, and what a wrong setting says."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from demo import WholesaleFiles
from ingestion.landing import FileUnreadable, LandedFile, Landing, LandingUnavailable
from slipway.location import SettingError
from tests.servers import moto_server

DAY = dt.date(2010, 12, 1)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(address=str(tmp_path))


def put(landing: Landing, name: str, data: bytes = b"x") -> Path:
    path = Path(landing.address) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(".new")
    temporary.write_bytes(data)
    return temporary.replace(path)


def test_a_file_counts_if_its_name_says_its_day(landing: Landing) -> None:
    for name in (
        "online_retail_2010-12-01.csv",
        "online_retail_2010-12-02.csv.part",
        ".online_retail_2010-12-03.csv",
        "online_retail_2010-02-30.csv",
        "old/online_retail_2010-12-04.csv",
        "online_retail_20101205.csv",
        "online_retail_2010-12-5.csv",
        "readme.txt",
    ):
        put(landing, name)
    assert list(landing.files()) == [DAY]


def test_the_pattern_is_configuration(tmp_path: Path) -> None:
    landing = Landing(address=str(tmp_path), pattern="sales+{day}.txt")
    put(landing, "sales+2010-12-01.txt")
    put(landing, "salesx2010-12-01.txt")
    assert [file.name for file in landing.files().values()] == ["sales+2010-12-01.txt"]
    assert landing.read(DAY) is not None


def test_the_pattern_may_say_how_the_day_is_written(tmp_path: Path) -> None:
    landing = Landing(address=str(tmp_path), pattern="sales-{day:%Y%m%d}.csv")
    for name in ("sales-20101201.csv", "sales-20101299.csv", "sales-2010-12-01.csv"):
        put(landing, name)
    assert {day: file.name for day, file in landing.files().items()} == {DAY: "sales-20101201.csv"}
    assert landing.read(DAY) is not None


def test_every_delivery_is_a_version_also_of_the_same_content(landing: Landing) -> None:
    versions = []
    for data in (b"a", b"b", b"a", b"a"):
        put(landing, "online_retail_2010-12-01.csv", data)
        versions.append(landing.files()[DAY].version)
    assert len(set(versions)) == 4
    assert landing.files()[DAY].version == versions[-1], "looking changes nothing"


def test_a_file_is_read_with_its_version_and_hash(landing: Landing) -> None:
    put(landing, "online_retail_2010-12-01.csv", b"content")
    content = landing.read(DAY)
    assert content is not None
    assert content.data == b"content"
    assert content.sha256 == hashlib.sha256(b"content").hexdigest()
    assert content.file == landing.files()[DAY]


def test_a_day_without_a_file_is_none(landing: Landing) -> None:
    assert landing.read(DAY) is None
    assert landing.files() == {}


@pytest.mark.parametrize("look", [lambda landing: landing.files(), lambda landing: landing.read(DAY)])
def test_a_landing_folder_that_does_not_exist_is_not_an_empty_one(
    tmp_path: Path, look: Callable[[Landing], object]
) -> None:
    folder = tmp_path / "gone"
    with pytest.raises(SettingError, match=rf"^SLIPWAY_LANDING is '{folder}': expected a folder, .*does not exist"):
        look(Landing(address=str(folder)))
    folder.write_text("a file")
    with pytest.raises(SettingError, match=r"^SLIPWAY_LANDING is .*it is no folder"):
        look(Landing(address=str(folder)))


def test_a_file_that_was_just_written_to_is_not_settled(landing: Landing) -> None:
    path = put(landing, "online_retail_2010-12-01.csv")
    written = path.stat().st_mtime
    file = landing.files()[DAY]
    assert not landing.settled(file, written + 4.9)
    assert landing.settled(file, written + 5)
    assert not landing.settled(file)
    os.utime(path, (written - 60, written - 60))
    assert landing.settled(landing.files()[DAY])


def test_an_object_in_a_bucket_appears_whole() -> None:
    just_now = LandedFile(DAY, "online_retail_2010-12-01.csv", "v1", size=1, modified=1000.0)
    assert Landing(address="s3://landing/sales").settled(just_now, now=1000.0)
    assert not Landing(address="/landing/sales").settled(just_now, now=1000.0)


def test_one_file_that_cannot_be_read_is_told_apart(landing: Landing) -> None:
    (Path(landing.address) / "online_retail_2010-12-01.csv").mkdir()
    with pytest.raises(
        FileUnreadable, match=r"Cannot read online_retail_2010-12-01\.csv in the landing folder .*: a folder is there"
    ):
        landing.read(DAY)


def test_a_link_without_its_target_is_told(landing: Landing) -> None:
    (Path(landing.address) / "online_retail_2010-12-01.csv").symlink_to("/archive/moved.csv")
    with pytest.raises(FileUnreadable, match=r"it is a link to /archive/moved\.csv, which is not there"):
        landing.read(DAY)


def test_a_bucket_that_is_not_there_is_told_by_the_landings_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_server() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        landing = Landing(address="s3://nobucket/sales")
        for look in (landing.files, lambda: landing.read(DAY)):
            with pytest.raises(LandingUnavailable, match=r"does not exist; create it, or correct SLIPWAY_LANDING\.$"):
                look()


def test_a_bucket_prefix_without_objects_is_an_empty_landing_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_server() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        server.create_bucket("landing")
        landing = Landing(address="s3://landing/sales")
        assert landing.files() == {}
        assert landing.read(DAY) is None


# Files that are being written


class Sender:
    """Someone who writes a piece of a file whenever its reader waits."""

    def __init__(self, path: Path, pieces: Iterable[bytes]) -> None:
        self.path, self.pieces = path, iter(pieces)
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        if (piece := next(self.pieces, None)) is not None:
            with self.path.open("ab") as file:
                file.write(piece)


def test_a_file_is_waited_for_until_it_stays_as_it_is(landing: Landing) -> None:
    sender = Sender(put(landing, "online_retail_2010-12-01.csv", b"a"), [b"b", b"c"])
    landing.await_rest(DAY, sender)
    assert sender.path.read_bytes() == b"abc"
    assert len(sender.waits) == 3, "a pause in which nothing was written is the last"
    assert all(0 < seconds <= 5 for seconds in sender.waits)


@pytest.mark.parametrize("age", [5.5, 86400.0])
def test_an_old_file_is_not_waited_for(landing: Landing, age: float) -> None:
    path = put(landing, "online_retail_2010-12-01.csv")
    os.utime(path, (time.time() - age, time.time() - age))
    sender = Sender(path, [])
    landing.await_rest(DAY, sender)
    assert sender.waits == []


def test_a_file_from_a_clock_that_runs_ahead_is_taken_after_one_pause(landing: Landing) -> None:
    path = put(landing, "online_retail_2010-12-01.csv")
    os.utime(path, (time.time() + 86400, time.time() + 86400))
    sender = Sender(path, [])
    landing.await_rest(DAY, sender)
    assert sender.waits == [5.0]


def test_a_file_is_waited_for_only_so_long(landing: Landing) -> None:
    sender = Sender(put(landing, "online_retail_2010-12-01.csv"), itertools.repeat(b"x"))
    with pytest.raises(
        FileUnreadable, match=r"still being written to after 6\d s; expected it to be left alone for 5 s"
    ):
        landing.await_rest(DAY, sender)


def test_no_file_is_not_waited_for(landing: Landing) -> None:
    sender = Sender(Path(landing.address) / "online_retail_2010-12-01.csv", [])
    landing.await_rest(DAY, sender)
    assert sender.waits == []


def test_a_file_that_never_rests_is_told(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that goes on while the file is read: between the two looks at its version there is always a write."""
    path = put(landing, "online_retail_2010-12-01.csv")
    get = landing.store.get

    def get_and_go_on_writing(name: str) -> bytes | None:
        data = get(name)
        path.write_bytes((data or b"") + b"x")
        return data

    monkeypatch.setattr(landing.store, "get", get_and_go_on_writing)
    with pytest.raises(FileUnreadable, match=r"is written to all the time; expected it to be finished"):
        landing.read(DAY)


def test_a_real_delivery(tmp_path: Path) -> None:
    WholesaleFiles().deliver(DAY, tmp_path)
    content = Landing(address=str(tmp_path)).read(DAY)
    assert content is not None
    assert content.data == WholesaleFiles().read(DAY)


# Settings


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    landing = Landing.from_environment(
        {
            "SLIPWAY_LANDING": str(tmp_path),
            "SLIPWAY_LANDING_PATTERN": "sales-{day}.csv",
            "SLIPWAY_LANDING_SETTLE_SECONDS": "0.5",
            "SLIPWAY_UNREADABLE_SHARE": "0.1",
            "SLIPWAY_LANDING_ENCODING": "mac_roman",
        }
    )
    assert (landing.address, landing.pattern) == (str(tmp_path), "sales-{day}.csv")
    assert (landing.settle_seconds, landing.unreadable_share, landing.encoding) == (0.5, 0.1, "mac_roman")


def test_only_the_address_must_be_set(tmp_path: Path) -> None:
    landing = Landing.from_environment({"SLIPWAY_LANDING": str(tmp_path)})
    assert (landing.pattern, landing.settle_seconds) == ("online_retail_{day}.csv", 5.0)
    assert (landing.unreadable_share, landing.encoding) == (0.05, "")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SLIPWAY_LANDING", "", "is not set: expected a folder"),
        ("SLIPWAY_LANDING", "ftp://files/landing", "is 'ftp://files/landing': expected a folder"),
        ("SLIPWAY_LANDING", "/does/not/exist", "is '/does/not/exist': expected a folder"),
        ("SLIPWAY_LANDING", __file__, f"is '{__file__}': expected a folder"),
        ("SLIPWAY_LANDING_PATTERN", "{day:%d}.csv", "is '{day:%d}.csv': expected a file name with {day} in it"),
        ("SLIPWAY_LANDING_PATTERN", "sales.csv", "is 'sales.csv': expected a file name with {day} in it"),
        ("SLIPWAY_LANDING_PATTERN", "a/{day}.csv", "is 'a/{day}.csv': expected a file name with {day} in it"),
        ("SLIPWAY_LANDING_SETTLE_SECONDS", "soon", "is 'soon': expected a number of seconds, such as 5"),
        ("SLIPWAY_LANDING_SETTLE_SECONDS", "-1", "is '-1': expected a number of seconds, such as 5"),
        ("SLIPWAY_LANDING_SETTLE_SECONDS", "nan", "is 'nan': expected a number of seconds, such as 5"),
        ("SLIPWAY_UNREADABLE_SHARE", "5 %", "is '5 %': expected a share between 0 and 1, such as 0.05"),
        ("SLIPWAY_UNREADABLE_SHARE", "5", "is '5': expected a share between 0 and 1, such as 0.05"),
        ("SLIPWAY_LANDING_ENCODING", "utf-9", "is 'utf-9': expected an encoding, such as utf-8 or cp1252"),
    ],
)
def test_a_wrong_setting_is_one_sentence(variable: str, value: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as error:
        Landing.from_environment({"SLIPWAY_LANDING": str(tmp_path), variable: value})
    assert str(error.value).startswith(f"{variable} {expected}")
    assert "\n" not in str(error.value)
