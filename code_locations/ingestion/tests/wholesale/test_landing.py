"""Where files arrive: which ones count, what their version is, and what a wrong setting says."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

import pytest

from demo import WholesaleFiles
from ingestion.landing import FileUnreadable, LandedFile, Landing
from slipway.location import SettingError

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


def test_a_landing_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    landing = Landing(address=str(tmp_path / "not" / "yet"))
    assert landing.files() == {}
    assert landing.read(DAY) is None


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
    with pytest.raises(FileUnreadable, match=r"Cannot read online_retail_2010-12-01\.csv in the lake folder"):
        landing.read(DAY)


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


def test_settings_come_from_the_environment() -> None:
    landing = Landing.from_environment(
        {
            "SLIPWAY_LANDING": "/data/landing",
            "SLIPWAY_LANDING_PATTERN": "sales-{day}.csv",
            "SLIPWAY_LANDING_SETTLE_SECONDS": "0.5",
            "SLIPWAY_UNREADABLE_SHARE": "0.1",
            "SLIPWAY_LANDING_ENCODING": "mac_roman",
        }
    )
    assert (landing.address, landing.pattern) == ("/data/landing", "sales-{day}.csv")
    assert (landing.settle_seconds, landing.unreadable_share, landing.encoding) == (0.5, 0.1, "mac_roman")


def test_only_the_address_must_be_set() -> None:
    landing = Landing.from_environment({"SLIPWAY_LANDING": "/data/landing"})
    assert (landing.pattern, landing.settle_seconds) == ("online_retail_{day}.csv", 5.0)
    assert (landing.unreadable_share, landing.encoding) == (0.05, "")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SLIPWAY_LANDING", "", "is not set: expected a folder"),
        ("SLIPWAY_LANDING", "ftp://files/landing", "is 'ftp://files/landing': expected a folder"),
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
def test_a_wrong_setting_is_one_sentence(variable: str, value: str, expected: str) -> None:
    with pytest.raises(SettingError) as error:
        Landing.from_environment({"SLIPWAY_LANDING": "/data/landing", variable: value})
    assert str(error.value).startswith(f"{variable} {expected}")
    assert "\n" not in str(error.value)
