"""Wholesale files under other dates: only the digits of invoice dates move."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.errors import SourceError
from demo.wholesale import WholesaleFiles, moved, recorded_days
from ingestion.defs.wholesale.reading import check_types, read_lines

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
HEADER = ",".join(COLUMNS).encode()
WEEK = timedelta(days=7)
FAR = 827 * WEEK
"""From 2010 to 2026: every digit of a date may change."""


@pytest.fixture(scope="module")
def recorded() -> dict[date, bytes]:
    files = WholesaleFiles()
    return {day: files.read(day) for day in files.days()}


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


# --- the recorded files


def test_the_recorded_days_are_those_of_the_archive(recorded: dict[date, bytes]) -> None:
    assert recorded_days() == tuple(sorted(recorded))
    assert len(recorded) == 44


def test_no_weeks_change_nothing_and_there_and_back_is_nothing(recorded: dict[date, bytes]) -> None:
    for content in recorded.values():
        assert moved(content, timedelta()) == content
        assert moved(moved(content, FAR), -FAR) == content
        assert moved(moved(content, WEEK), FAR) == moved(content, FAR + WEEK)


def test_only_the_days_of_invoice_dates_move(recorded: dict[date, bytes]) -> None:
    for day, content in recorded.items():
        new = (day + FAR).isoformat().encode()
        # What the pattern here replaces, `moved` must have replaced, and nothing else: no description holds a date.
        expected = re.sub(rb",%s (?=\d\d:\d\d:\d\d,)" % day.isoformat().encode(), b",%s " % new, content)
        result = moved(content, FAR)
        assert result == expected
        assert len(result) == len(content)
        before, after = rows(content), rows(result)
        assert len(after) == len(before)
        place = COLUMNS.index("InvoiceDate")
        for old, found in zip(before[1:], after[1:], strict=True):
            assert found[place] == f"{day + FAR}{old[place][10:]}"
            assert found[:place] + found[place + 1 :] == old[:place] + old[place + 1 :]


def test_ingestion_finds_every_line_on_the_new_day(recorded: dict[date, bytes]) -> None:
    for day, content in recorded.items():
        before = read_lines(content, columns=COLUMNS, source="before")
        after = read_lines(moved(content, FAR), columns=COLUMNS, source="after")
        assert (after.lines_read, after.encoding) == (before.lines_read, before.encoding)
        assert after.rejects.num_rows == before.rejects.num_rows == 0
        kept, refused = check_types(after.lines, day=day + FAR)
        assert (kept.num_rows, refused.num_rows) == (before.lines.num_rows, 0)


# --- any mess


def line(description: bytes = b"MUG", at: bytes = b"2010-12-01 08:26:00", end: bytes = b"\n") -> bytes:
    return b"536365,85123A," + description + b",6," + at + b",2.55,17850,EIRE" + end


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    "description",
    [
        b'"A, B"',
        b'"THE ""2010-12-01 08:26:00"" MUG"',
        b'"TWO\nLINES,6,2010-12-01 08:26:00,1"',
        b"2010-12-01 08:26:00",
        b"CAF\xc9 \x80",
        'CAFÉ 12"'.encode(),
        b"",
    ],
)
def test_quotes_and_line_ends_stay(description: bytes, end: bytes) -> None:
    content = HEADER + end + line(description, end=end) + line(b"LAST", end=b"")
    later = b"2010-12-08 08:26:00"
    assert moved(content, WEEK) == HEADER + end + line(description, later, end) + line(b"LAST", later, b"")


@pytest.mark.parametrize(
    "at", [b"", b"yesterday", b"2010-13-45 08:26:00", b"2010-12-011", b"01/12/2010 08:26", b"9999-12-31 00:00:00"]
)
def test_what_is_no_date_stays(at: bytes) -> None:
    content = HEADER + b"\n" + line(at=at) + b"\n536365,short\n" + line(b'"NEVER CLOSED', at)
    assert moved(content, WEEK) == content


def test_a_quoted_date_and_another_place_of_the_column() -> None:
    content = b'\xef\xbb\xbfInvoiceDate,"InvoiceNo"\r\n"2010-12-25 10:00",1\r\n2010-12-31,2\r\n'
    assert moved(content, WEEK) == content.replace(b"2010-12-25", b"2011-01-01").replace(b"2010-12-31", b"2011-01-07")


@pytest.mark.parametrize("content", [b"", b"\n", b"InvoiceNo,Day\n1,2010-12-01\n"])
def test_a_file_without_the_column_is_refused(content: bytes) -> None:
    with pytest.raises(SourceError, match="has no column InvoiceDate"):
        moved(content, WEEK)


@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"\r\n", b"x", b"\xff", b" ", b"2010-12-01", line()]), max_size=60),
    st.integers(-900, 900),
)
def test_whatever_is_in_it_there_and_back_is_nothing(pieces: list[bytes], weeks: int) -> None:
    content, by = HEADER + b"\n" + b"".join(pieces), weeks * WEEK
    there = moved(content, by)
    assert len(there) == len(content)
    assert re.sub(rb"\d", b"0", there) == re.sub(rb"\d", b"0", content)
    assert moved(there, -by) == content
