"""A file cut at any byte is noticed, except just behind a record or in the last field of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.defs.wholesale.completeness import complete

HEADER = "InvoiceNo,Description,Country"
TEXT = f'{HEADER}\n1,LANTERN,EIRE\n2,"two\nlines, £1",France\n3,"7"" FRAME",Österreich\n'


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_whole_files_are_complete(line_end: str, encoding: str) -> None:
    data = TEXT.replace("\n", line_end).encode(encoding)

    assert complete(data) is None
    assert complete(data.rstrip() if encoding != "utf-16" else data) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The file is empty."),
        (" \n\r\n", "The file is empty."),
        (f"{HEADER}\n1,LANTERN", "Line 2, the last, has no line end. Expected 3 fields"),
        (f'{HEADER}\n1,"LANT', "The file ends inside a quoted field that line 2 opens."),
        (f'{HEADER}\n1,"LANTERN\n\n', "The file ends inside a quoted field that line 2 opens."),
        (f'{HEADER}\n1,"two\nlines",', None),  # an empty last field
        (f'{HEADER}\n1,"two\nlines"', "Line 2, the last, has no line end."),
        (f"{HEADER}\n1,LANTERN,EIRE\n2,LANT\n", None),  # a bad line, but a whole one
        (f'{HEADER}\n1,"LANTERN,EIRE\n2,LANTERN,EIRE\n', None),  # a bad line long before
        (f"{HEADER}\n1,2,3,4", None),
        (f'{HEADER}\n1,"2",3,4', None),
        (HEADER, None),
    ],
)
def test_what_looks_half_written(text: str, says: str | None) -> None:
    found = complete(text.encode())

    assert found is None if says is None else found is not None and says in found


def test_header_alone_must_name_the_columns() -> None:
    columns = HEADER.split(",")

    assert complete(b"InvoiceNo,Descr", columns=columns) == (
        "The file ends within its header, before Description, Country."
    )
    assert complete(HEADER.encode(), columns=columns) is None
    assert complete(b"InvoiceNo,Price\n", columns=columns) is None


def test_half_a_character_depends_on_the_encoding_that_is_set() -> None:
    data = TEXT.rstrip().encode() + "é".encode()[:1]

    assert complete(data) == "The file ends in the middle of a character."
    assert complete(data, encoding="cp1252") is None


def allowed_cuts() -> set[int]:
    """Lengths of what is left if TEXT is cut behind a record or in the last field of one."""
    cuts = set()
    for end in ("\n1,LANTERN,EIRE\n", ",France\n", ",Österreich\n"):
        behind = TEXT.index(end) + len(end)
        last_field = TEXT.rindex(",", 0, behind) + 1
        cuts |= set(range(last_field, behind + 1))
    return cuts | {len(HEADER), len(HEADER) + 1}


@given(st.integers(1, 2 * len(TEXT)), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_cut_is_noticed(cut: int, encoding: str) -> None:
    data = TEXT.encode(encoding)[:cut]
    try:
        whole = len(data.decode(encoding)) in allowed_cuts()
    except UnicodeDecodeError:
        whole = False

    assert (complete(data, columns=HEADER.split(",")) is None) == whole
