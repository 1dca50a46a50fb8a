"""Wholesale files: the real archive, names by pattern, and every way of delivery."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.errors import SettingsError, SourceError
from demo.wholesale import DayPattern, WholesaleFiles
from demo.wholesale.files import ARCHIVE

FIRST = date(2010, 12, 1)
OTHER = date(2010, 12, 2)


@pytest.fixture
def files() -> WholesaleFiles:
    return WholesaleFiles()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


# --- the archive


def test_archive_is_byte_exact_and_small(files: WholesaleFiles) -> None:
    sums = (ARCHIVE.parent / "online_retail.sha256").read_text().split("\n")[:-1]
    expected = {name: checksum for checksum, name in (line.split("  ") for line in sums)}
    found = {files.pattern.file_name(day): hashlib.sha256(files.read(day)).hexdigest() for day in files.days()}
    assert found == expected
    assert len(found) == 44
    assert ARCHIVE.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("day", "raw", "distinct", "valid", "revenue"),
    [
        (date(2010, 12, 1), 3108, 3064, 3028, "58776.790"),
        (date(2011, 1, 18), 1447, 1440, 1421, "95947.730"),
    ],
)
def test_archive_gives_the_published_figures(
    files: WholesaleFiles, day: date, raw: int, distinct: int, valid: int, revenue: str
) -> None:
    text = io.StringIO(files.read(day).decode(), newline="")
    lines = [tuple(line) for line in csv.reader(text)][1:]
    once = list(dict.fromkeys(lines))
    sold = [
        int(line[3]) * Decimal(line[5])
        for line in once
        if re.fullmatch("[0-9]{6}", line[0]) and int(line[3]) > 0 and Decimal(line[5]) > 0
    ]
    assert (len(lines), len(once), len(sold)) == (raw, distinct, valid)
    assert sum(sold) == Decimal(revenue)


def test_days_without_trade_have_no_file(files: WholesaleFiles) -> None:
    assert date(2010, 12, 4) not in files.days()
    with pytest.raises(SourceError, match="no wholesale file for 2010-12-04 in the built-in"):
        files.read(date(2010, 12, 4))


# --- a folder of one's own


def test_a_folder_of_any_year_with_another_pattern(tmp_path: Path, landing: Path) -> None:
    source = tmp_path / "own"
    source.mkdir()
    for name in ("sales-20240229.csv", "sales-20240301.csv", "sales-2024.csv", "notes.txt"):
        (source / name).write_text(name)
    files = WholesaleFiles(source, "sales-{day:%Y%m%d}.csv")
    assert files.days() == [date(2024, 2, 29), date(2024, 3, 1)]
    assert [path.name for path in files.deliver_all(landing)] == [
        "sales-20240229.csv",
        "sales-20240301.csv",
    ]
    assert sorted(path.name for path in source.iterdir())[-1] == "sales-20240301.csv"


def test_a_folder_without_matching_files_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").touch()
    with pytest.raises(SourceError, match=r"named like 'online_retail_\{day\}.csv'.*report.pdf"):
        WholesaleFiles(tmp_path).days()


def test_a_source_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder"):
        WholesaleFiles(tmp_path / "nowhere")


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "online_retail_2024-01-01.csv").write_text("as it was")
    files = WholesaleFiles(tmp_path)
    with pytest.raises(SourceError, match="both source and landing"):
        files.correct(date(2024, 1, 1), tmp_path, lambda _: b"changed")
    with pytest.raises(SourceError, match="both source and landing"):
        files.deliver_half(date(2024, 1, 1), tmp_path)
    assert (tmp_path / "online_retail_2024-01-01.csv").read_text() == "as it was"


# --- patterns


@given(
    day=st.dates(date(1970, 1, 1), date(2060, 12, 31)),
    prefix=st.text("abc_-0{", max_size=6).map(lambda text: text.replace("{", "{{")),
    spec=st.sampled_from(["", ":%Y%m%d", ":%d.%m.%Y", ":%Y-%j"]),
    suffix=st.text("xyz.0-", max_size=6),
)
def test_a_day_is_found_again_in_its_name(day: date, prefix: str, spec: str, suffix: str) -> None:
    pattern = DayPattern(prefix + "{day" + spec + "}" + suffix)
    assert pattern.day_of(pattern.file_name(day)) == day


@pytest.mark.parametrize(
    "name",
    [
        "online_retail_2010-12-1.csv",
        "online_retail_2010-13-01.csv",
        "online_retail_.csv",
        "online_retail_2010-12-01.csv.part",
        ".online_retail_2010-12-01.csv.part",
        "2010-12-01.csv",
    ],
)
def test_other_names_carry_no_day(name: str) -> None:
    assert DayPattern().day_of(name) is None


@pytest.mark.parametrize(
    "text",
    ["sales.csv", "{day}{day}.csv", "{date}.csv", "{day:%m-%d}.csv", "a/{day}.csv", ".{day}", "{"],
)
def test_patterns_that_cannot_work_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        DayPattern(text)


# --- delivery


def test_delivery_is_exact_and_leaves_nothing_else(files: WholesaleFiles, landing: Path) -> None:
    path = files.deliver(FIRST, landing)
    assert path == landing / "online_retail_2010-12-01.csv"
    assert path.read_bytes() == files.read(FIRST)
    assert list(landing.iterdir()) == [path]


def test_a_delivery_that_fails_leaves_nothing(files: WholesaleFiles, landing: Path) -> None:
    in_the_way = landing / "online_retail_2010-12-01.csv" / "folder"
    in_the_way.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        files.deliver(FIRST, landing)
    assert list(landing.iterdir()) == [in_the_way.parent]


def test_a_reader_never_sees_part_of_a_file(files: WholesaleFiles, landing: Path) -> None:
    half = files.deliver_half(FIRST, landing)
    with half.open("rb") as reader:
        files.deliver(FIRST, landing)
        seen = reader.read()
    assert seen == files.read(FIRST)[: len(seen)]
    assert len(seen) == len(files.read(FIRST)) // 2
    assert half.read_bytes() == files.read(FIRST)


def test_deliver_all_can_leave_what_has_landed(files: WholesaleFiles, landing: Path) -> None:
    files.correct(FIRST, landing, lambda _: b"corrected")
    delivered = files.deliver_all(landing, [OTHER, FIRST], only_missing=True)
    assert delivered == [files.landed(OTHER, landing)]
    assert files.landed(FIRST, landing).read_bytes() == b"corrected"
    assert len(files.deliver_all(landing)) == 44
    assert files.landed(FIRST, landing).read_bytes() == files.read(FIRST)


def test_a_correction_starts_from_the_source(files: WholesaleFiles, landing: Path) -> None:
    files.deliver_half(FIRST, landing)
    path = files.correct(FIRST, landing, lambda content: content + b"more\n")
    assert path.read_bytes() == files.read(FIRST) + b"more\n"


def test_every_delivery_is_a_newer_version(files: WholesaleFiles, landing: Path) -> None:
    """Also where the file system's clock has not moved since, or has been set back."""
    path = files.deliver(FIRST, landing)
    ahead = path.stat().st_mtime_ns + 3_600_000_000_000
    os.utime(path, ns=(ahead, ahead))
    assert files.deliver(FIRST, landing).stat().st_mtime_ns > ahead
