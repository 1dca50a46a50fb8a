"""Lines and rejects of a whole file: nothing lost, nothing changed, nothing swallowed."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from ingestion.defs.wholesale import reading
from ingestion.defs.wholesale.errors import EmptyFile, HeaderMismatch
from ingestion.defs.wholesale.header import read_header
from ingestion.defs.wholesale.reading import Reading, read_lines

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
HEADER = ",".join(COLUMNS)
# From UCI Online Retail (Chen 2015, doi:10.24432/C5BW33, CC BY 4.0).
REAL = """\
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536381,82567,"AIRLINE LOUNGE,METAL SIGN",2,2010-12-01 09:41:00,2.1,15311,United Kingdom
536394,21506,"FANCY FONT BIRTHDAY CARD, ",24,2010-12-01 10:39:00,0.42,13408,United Kingdom
536414,22139,,56,2010-12-01 11:52:00,0,,United Kingdom
536477,22041,"RECORD FRAME 7"" SINGLE SIZE ",48,2010-12-01 12:27:00,2.1,16210,United Kingdom
539492,gift_0001_40,Dotcomgiftshop Gift Voucher £40.00,1,2010-12-20 10:14:00,34.04,,United Kingdom
"""
GOOD = "536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"


def read(text: str, columns: Sequence[str] = COLUMNS) -> Reading:
    return read_lines(text.encode(), columns=columns, source="day.csv")


def with_header(*lines: str) -> str:
    return "\n".join((HEADER, *lines, ""))


def rejected(text: str) -> list[tuple[int, str, str]]:
    rejects = read(text).rejects.to_pylist()
    return [(reject["source_line"], reject["rule"], reject["raw"]) for reject in rejects]


def test_real_lines_come_out_exact() -> None:
    found = read(HEADER + "\n" + REAL)

    assert found.lines.schema.names == [*COLUMNS, "source_file", "source_line", "raw"]
    assert [str(kind) for kind in found.lines.schema.types] == [*["string"] * 9, "int32", "string"]
    assert found.lines["Description"].to_pylist() == [
        "WHITE HANGING HEART T-LIGHT HOLDER",
        "AIRLINE LOUNGE,METAL SIGN",
        "FANCY FONT BIRTHDAY CARD, ",
        None,
        'RECORD FRAME 7" SINGLE SIZE ',
        "Dotcomgiftshop Gift Voucher £40.00",
    ]
    assert found.lines["CustomerID"].to_pylist()[3:] == [None, "16210", None]
    assert found.lines["source_line"].to_pylist() == [2, 3, 4, 5, 6, 7]
    assert set(found.lines["source_file"].to_pylist()) == {"day.csv"}
    assert (found.lines_read, found.rejects.num_rows, found.encoding) == (6, 0, "utf-8")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_line_ends_and_encodings_change_nothing(line_end: str, encoding: str) -> None:
    data = (HEADER + "\n" + REAL).replace("\n", line_end).encode(encoding)

    found = read_lines(data, columns=COLUMNS, source="day.csv")

    assert found.lines.equals(read(HEADER + "\n" + REAL).lines)
    assert found.encoding == encoding


def test_last_line_needs_no_line_end() -> None:
    assert read(f"{HEADER}\n{GOOD}").lines.num_rows == 1


def test_empty_lines_count_as_lines_but_not_as_records() -> None:
    found = read(f"\n\n{HEADER}\n\n{GOOD}\n\n\n{GOOD}\n\n")

    assert found.lines["source_line"].to_pylist() == [5, 8]
    assert found.lines_read == 2


def test_quoted_fields_may_hold_line_ends() -> None:
    found = read(with_header('1,2,"two\r\nlines, ""quoted""",3,4,5,6,7', GOOD))

    assert found.lines["Description"].to_pylist() == ['two\r\nlines, "quoted"', "LANTERN"]
    assert found.lines["source_line"].to_pylist() == [2, 4]
    assert found.lines["raw"].to_pylist() == ['1,2,"two\r\nlines, ""quoted""",3,4,5,6,7', GOOD]


@pytest.mark.parametrize(
    ("line", "rule", "says"),
    [
        ("1,2,3", "wrong_number_of_fields", "Expected 8 fields as in the header, found 3."),
        (GOOD + ",", "wrong_number_of_fields", "found 9"),
        ("   ", "wrong_number_of_fields", "found 1"),
        ('1,2,FRAME 7" RED,3,4,5,6,7', "broken_quoting", "Field 3 has a quote inside"),
        ('1,2,"FRAME" RED,3,4,5,6,7', "broken_quoting", "Field 3 goes on after its closing"),
        ('1,2,"FRAME,3,4,5,6,7', "broken_quoting", "Field 3 opens a quote that is not closed"),
        ("1,2,NUL\0,3,4,5,6,7", "nul_byte", "1 NUL byte"),
    ],
)
def test_a_bad_line_is_rejected_alone(line: str, rule: str, says: str) -> None:
    found = read(with_header(GOOD, line, GOOD))

    (reject,) = found.rejects.to_pylist()
    assert (reject["source_file"], reject["source_line"]) == ("day.csv", 3)
    assert (reject["rule"], reject["raw"]) == (rule, line.replace("\0", "␀"))
    assert says in reject["reason"]
    assert found.lines["source_line"].to_pylist() == [2, 4]


def test_an_unterminated_quote_swallows_nothing_even_if_a_later_one_closes_it() -> None:
    # By the letter of RFC 4180 the first quote and the one in line 6 make one field of five
    # lines, and the record has eight fields: the sales in between would be gone silently.
    first, last = '1,2,"SET 7,3,4,5,6,7', '1,2,TRAY 7",3,4,5,6,7'

    text = with_header(first, GOOD, GOOD, GOOD, last, GOOD)

    assert rejected(text) == [(2, "broken_quoting", first), (6, "broken_quoting", last)]
    assert read(text).lines["source_line"].to_pylist() == [3, 4, 5, 7]


def test_an_unterminated_quote_in_the_last_line() -> None:
    assert rejected(with_header(GOOD, '1,2,"x,3')) == [(3, "broken_quoting", '1,2,"x,3')]


def test_many_unterminated_quotes() -> None:
    """Each is found at its own line; a search to the file's end for each of them would not come to an end here."""
    text = with_header(*['1,2,"open,3', "x"] * 20_000)
    assert read(text).rejects.num_rows == 40_000


def test_column_order_is_the_files_own() -> None:
    shuffled = ("Country", *COLUMNS[:-1])
    found = read(",".join(shuffled) + "\nFrance,1,2,3,4,5,6,7\n")

    assert found.lines.select(list(COLUMNS)).to_pylist() == [
        dict(zip(COLUMNS, ["1", "2", "3", "4", "5", "6", "7", "France"], strict=True))
    ]


@pytest.mark.parametrize("bad_line", ["", "x\n"])
def test_extra_columns_are_reported_and_left_out(bad_line: str) -> None:
    found = read(f"Till,{HEADER},Note\n9,{GOOD},hello\n{bad_line}")

    assert found.extra_columns == ("Till", "Note")
    assert found.lines.schema.names == [*COLUMNS, "source_file", "source_line", "raw"]
    assert found.lines["Country"].to_pylist() == ["United Kingdom"]
    assert found.lines["raw"].to_pylist() == [f"9,{GOOD},hello"]


@pytest.mark.parametrize("text", [HEADER, HEADER + "\n", HEADER + "\r\n\r\n"])
def test_header_only_is_no_lines(text: str) -> None:
    found = read(text)

    assert (found.lines.num_rows, found.rejects.num_rows, found.lines_read) == (0, 0, 0)
    assert found.lines.schema == read(with_header(GOOD)).lines.schema


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_empty_file(data: bytes) -> None:
    with pytest.raises(EmptyFile, match=r"day\.csv: the file is empty"):
        read_lines(data, columns=COLUMNS, source="day.csv")


def test_renamed_columns_are_named_with_their_new_names() -> None:
    # The names of the data set's second edition.
    renamed = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"

    with pytest.raises(HeaderMismatch) as raised:
        read(renamed + "\n")

    assert raised.value.missing == ("InvoiceNo", "UnitPrice", "CustomerID")
    assert raised.value.extra == ("Invoice", "Price", "Customer ID")
    message = str(raised.value)
    assert (
        "probably renamed: InvoiceNo is now 'Invoice', UnitPrice is now 'Price', "
        "CustomerID is now 'Customer ID'" in message
    )
    assert f"expected: {', '.join(COLUMNS)}" in message


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (HEADER.replace(",Country", ""), "missing: Country."),
        (HEADER + ",Country", "named more than once: 'Country'"),
        (HEADER + ",,", "named more than once: ''"),
        (HEADER.replace(",", ";"), "separated by semicolons"),
        ('"' + HEADER, "header is broken: Field 1 opens a quote"),
        (GOOD, "missing: InvoiceNo"),
    ],
)
def test_header_that_does_not_match(header: str, says: str) -> None:
    with pytest.raises(HeaderMismatch) as raised:
        read(f"{header}\n{GOOD}\n")

    assert says in str(raised.value)


# Texts of which files are made: any character, and often those that mean something in CSV.
texts = st.text(
    st.one_of(
        st.sampled_from(',"\r\n aé£\ufeff'),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=8,
)


@st.composite
def written(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    """Rows, and a file that states them, with quotes also where none are needed."""
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = draw(st.lists(st.lists(texts, min_size=8, max_size=8), max_size=6))
    lines = []
    for row in rows:
        fields = []
        for text in row:
            needed = any(sign in text for sign in ',"\r\n')
            quote = needed or draw(st.booleans())
            fields.append('"' + text.replace('"', '""') + '"' if quote else text)
        record = ",".join(fields)
        # The documented limit: such a record is rejected, see read_records.
        assume(all(line.count(",") < 7 for line in physical_lines(record)[1:]))
        lines.append(record)
    return rows, line_end.join((HEADER, *lines, draw(st.sampled_from(["", line_end]))))


def physical_lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@given(written())
@example(([["\ufeff", *"1234567"]], f"{HEADER}\n\ufeff,1,2,3,4,5,6,7\n"))
def test_every_text_comes_back_exactly(rows_and_text: tuple[list[list[str]], str]) -> None:
    rows, text = rows_and_text

    found = read(text)

    back = found.lines.select(list(COLUMNS)).to_pylist()
    assert [[value or "" for value in line.values()] for line in back] == rows
    assert all(value != "" for line in back for value in line.values())
    assert found.rejects.num_rows == 0


# Files broken in every way: whole records, pieces of records, and signs in any order.
broken_files = st.lists(
    st.one_of(
        st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
        st.sampled_from([GOOD + "\n", '1,2,"x, ""y""",3,4,5,6,7\n', '1,2,"x\ny",3,4,5,6,7\n']),
        st.sampled_from(['1,2,"open,3,4,5,6,7\n', '1,2,x",3,4,5,6,7\n', "1,2\n", ",,,,,,,\r\n"]),
        st.text(st.sampled_from(',"\r\n\0aé\ufeff\x85'), max_size=12),
    ),
    max_size=12,
).map("".join)


@given(broken_files)
def test_every_line_that_is_not_empty_ends_in_exactly_one_table(body: str) -> None:
    found = read(f"{HEADER}\n{body}")

    line_texts = dict(enumerate(physical_lines(body), start=2))
    taken: dict[int, str] = {}
    for line in found.lines.to_pylist():
        values = [line[name] or "" for name in COLUMNS]
        spans = 1 + sum(len(physical_lines(value)) - 1 for value in values)
        taken_here = range(line["source_line"], line["source_line"] + spans)
        assert not taken.keys() & set(taken_here)
        assert physical_lines(line["raw"]) == [line_texts[number] for number in taken_here]
        taken |= dict.fromkeys(taken_here, "lines")
    for reject in found.rejects.to_pylist():
        raw = physical_lines(reject["raw"])
        for number, raw_line in enumerate(raw, start=reject["source_line"]):
            assert number not in taken
            assert raw_line == line_texts[number].replace("\0", "␀")
            taken[number] = "rejects"
    assert {number for number, text in line_texts.items() if text} <= taken.keys()
    assert taken.keys() <= line_texts.keys()
    assert found.lines_read == found.lines.num_rows + found.rejects.num_rows


def both_paths(text: str) -> tuple[pa.Table | None, pa.Table, int]:
    header = read_header(text, COLUMNS, "day.csv")
    body = text[header.body :]
    careful, rejects = reading.read_by_record(body, header, COLUMNS, "day.csv")
    return reading.read_by_library(body, header, COLUMNS, "day.csv"), careful, len(rejects)


@given(st.one_of(broken_files.map(lambda body: f"{HEADER}\n{body}"), written().map(lambda w: w[1])))
def test_library_agrees_with_the_careful_reader_or_declines(text: str) -> None:
    by_library, careful, rejects = both_paths(text)

    event("library" if by_library is not None else "declined")
    if by_library is not None:
        assert rejects == 0
        assert by_library.equals(careful)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_library_takes_a_file_as_they_really_come(line_end: str) -> None:
    by_library, careful, _ = both_paths((HEADER + "\n" + REAL).replace("\n", line_end))

    assert by_library is not None
    assert by_library.equals(careful)
