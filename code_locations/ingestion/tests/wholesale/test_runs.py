"""bronze/wholesale_sales: whole runs over good and bad files; what a bad one does to its day, and to the others."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal

import pytest

from code_locations.ingestion.tests.bronze import failures
from code_locations.ingestion.tests.wholesale.deliveries import (
    HEADER,
    KEY,
    QUARANTINE,
    Deliveries,
    content,
    good_lines,
    line,
)
from contracts.calendar import calendar
from contracts.wholesale import COLUMNS, WholesaleSales
from demo import WholesaleFiles

FIRST, SECOND, THIRD = "2010-12-01", "2010-12-02", "2010-12-03"
DAY = dt.date(2010, 12, 1)


GOOD = content(*good_lines(FIRST, 20))


def other(day: str, count: int = 20) -> bytes:
    return content(*good_lines(day, count))


def test_the_real_first_day(deliveries: Deliveries) -> None:
    WholesaleFiles().deliver(DAY, deliveries.landing_folder)
    assert deliveries.take(FIRST).success
    assert len(deliveries.bronze.rows(KEY, FIRST)) == 3108
    assert deliveries.quarantine(FIRST) == []
    shown = deliveries.metadata(FIRST)
    assert (shown["dagster/partition_row_count"], shown["lines"], shown["no_file"]) == (3108, 3108.0, False)
    assert "17850" not in shown["preview"], "customer numbers are personal"
    source = deliveries.bronze.provenance(KEY, FIRST).source
    assert source["file"] == "online_retail_2010-12-01.csv"
    content_there = deliveries.landing.read(DAY)
    assert content_there is not None
    assert (source["version"], source["sha256"]) == (content_there.file.version, content_there.sha256)


def zipped(data: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("sales.csv", data)
    return archive.getvalue()


RENAMED = HEADER.replace("UnitPrice", "Unit Price")
BROKEN_FILES: list[tuple[str, Callable[[], bytes], tuple[str, ...]]] = [
    (
        "missing column",
        lambda: b"".join(row.rpartition(b",")[0] + b"\n" for row in other(SECOND).splitlines()),
        ("the header does not match: missing: Country", f"expected: {', '.join(COLUMNS)}"),
    ),
    (
        "renamed column",
        lambda: content(*good_lines(SECOND, 20), header=RENAMED),
        ("missing: UnitPrice; not expected: 'Unit Price'", "probably renamed: UnitPrice is now 'Unit Price'", "found:"),
    ),
    (
        "a column twice",
        lambda: content(*(f"{row},x" for row in good_lines(SECOND, 20)), header=f"{HEADER},Country"),
        ("named more than once: 'Country'",),
    ),
    ("semicolons", lambda: other(SECOND).replace(b",", b";"), ("separated by semicolons instead of commas",)),
    ("empty", lambda: b"", ("The file is empty",)),
    ("cut off within a line", lambda: other(SECOND)[:-40], ("is not whole: Line 21, the last, has no line end",)),
    ("cut off within a quote", lambda: other(SECOND) + b'536999,1,"WHITE', ("is not whole", "inside a quoted field")),
    ("cut off within a character", lambda: other(SECOND) + "é".encode()[:1], ("ends in the middle of a character",)),
    (
        "no way to tell the encoding",
        lambda: content(line(SECOND, Description="CAF\N{LATIN CAPITAL LETTER E WITH ACUTE}")).decode().encode("cp1252"),
        ("nothing settles whether it is cp1252 or mac_roman", "Set the file's encoding"),
    ),
    ("UTF-16 without mark", lambda: other(SECOND).decode().encode("utf-16-le"), ("looks like utf-16-le",)),
    (
        "over the share",
        lambda: content(*good_lines(SECOND, 18), "x", "y"),
        ("2 of 20 lines (10.0%) cannot be read, more than 5.0%",),
    ),
    (
        "lines of another day",
        lambda: other(THIRD),
        ("20 of 20 lines of online_retail_2010-12-02.csv are of another day", "looks like another day's file"),
    ),
    ("gzip", lambda: gzip.compress(other(SECOND)), ("it is compressed: its first bytes (0x1F 0x8B", "those of gzip")),
    ("zip", lambda: zipped(other(SECOND)), ("it is compressed", "those of zip", "Have it delivered unpacked")),
]


@pytest.mark.parametrize(("make", "told"), [case[1:] for case in BROKEN_FILES], ids=[case[0] for case in BROKEN_FILES])
def test_a_broken_file_fails_its_day_in_validate_and_no_other(
    deliveries: Deliveries, make: Callable[[], bytes], told: tuple[str, ...]
) -> None:
    deliveries.deliver(FIRST, GOOD)
    deliveries.deliver(SECOND, other(SECOND, count=1))
    deliveries.deliver(THIRD, other(THIRD))
    assert deliveries.take(FIRST, THIRD).success
    before = deliveries.bronze.provenance(KEY, SECOND)

    deliveries.deliver(SECOND, make())
    deliveries.deliver(THIRD, other(THIRD, count=7))
    result = deliveries.take(FIRST, THIRD)
    [(step, message)] = failures(result).items()
    assert step == "bronze__wholesale_sales.validate"
    assert f"1 partition of {KEY} failed; 2 other partitions are written and recorded" in message
    assert f"  {SECOND}: " in message
    for words in told:
        assert words in message
    assert deliveries.bronze.provenance(KEY, SECOND) == before, "the day keeps what it had"
    assert len(deliveries.bronze.rows(KEY, THIRD)) == 7


def test_a_refused_day_lies_aside_and_its_quarantine_stays(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, content(*good_lines(FIRST, 19), "one bad line"))
    assert deliveries.take(FIRST).success
    deliveries.deliver(FIRST, content(*good_lines(FIRST, 2), "x", "y"))
    assert not deliveries.take(FIRST).success
    assert len(deliveries.bronze.rows(KEY, FIRST)) == 19
    assert [row["raw"] for row in deliveries.bronze.rows(QUARANTINE, FIRST)] == ["one bad line"]
    [aside] = deliveries.bronze.lake.store.list("_rejected")
    assert aside.path == f"_rejected/{KEY}/day={FIRST}/data.parquet"


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (line(FIRST, Quantity="2.0"), "quantity_not_integer"),
        (line(FIRST, Quantity="3000000000"), "quantity_not_integer"),
        (line(FIRST, InvoiceDate="2010-02-30 08:26:00"), "invoice_date_not_timestamp"),
        (line(FIRST, InvoiceDate="01/12/2010 08:26"), "invoice_date_not_timestamp"),
        (line(FIRST, UnitPrice="1.5.0"), "unit_price_not_decimal"),
        (line(FIRST, UnitPrice="£2"), "unit_price_not_decimal"),
        (line(FIRST, UnitPrice="NaN"), "unit_price_not_decimal"),
        (line(FIRST, UnitPrice="1e3"), "unit_price_not_decimal"),
        (line(FIRST, CustomerID="none"), "customer_id_not_integer"),
        (line(FIRST, InvoiceNo=""), "invoice_no_missing"),
        (line(FIRST, Description='7" FRAME'), "broken_quoting"),
        (line(FIRST, Description='"never closed'), "broken_quoting"),
        (line(FIRST, Description="NUL \0 byte"), "nul_byte"),
        (line(FIRST) + ",one more", "wrong_number_of_fields"),
        (line(SECOND), "other_day"),
    ],
)
def test_a_bad_line_goes_to_the_quarantine_with_its_reason(deliveries: Deliveries, bad: str, rule: str) -> None:
    deliveries.deliver(FIRST, content(*good_lines(FIRST, 10), bad, *good_lines(FIRST, 10)))
    assert deliveries.take(FIRST).success
    assert len(deliveries.bronze.rows(KEY, FIRST)) == 20
    [row] = deliveries.bronze.rows(QUARANTINE, FIRST)
    assert (row["rule"], row["source_line"], row["source_file"]) == (rule, 12, "online_retail_2010-12-01.csv")
    assert row["reason"].endswith(".")
    assert row["raw"]
    assert deliveries.metadata(FIRST)["rows in quarantine"] == 1


def test_the_share_is_configuration(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, content(*good_lines(FIRST, 2), "x", "y"))
    deliveries.configure(unreadable_share=0.5)
    assert deliveries.take(FIRST).success
    assert deliveries.quarantine(FIRST) == [(4, "wrong_number_of_fields"), (5, "wrong_number_of_fields")]


def test_an_extra_column_is_accepted_reported_and_kept_out(deliveries: Deliveries) -> None:
    lines = [f"red,{row}" for row in good_lines(FIRST, 3)]
    deliveries.deliver(FIRST, content(*lines, header=f"Colour,{HEADER}"))
    assert deliveries.take(FIRST).success
    assert deliveries.metadata(FIRST)["columns not in the contract"] == "Colour"
    assert set(deliveries.bronze.rows(KEY, FIRST)[0]) == {*COLUMNS, "source_file", "source_line"}
    assert deliveries.total(FIRST) == Decimal("9.00")


@pytest.mark.parametrize(
    ("encode", "encoding"),
    [
        (lambda text: text.encode(), "utf-8"),
        (lambda text: text.replace("\n", "\r\n").encode(), "utf-8"),
        (lambda text: text.encode("utf-8-sig"), "utf-8-sig"),
        (lambda text: text.encode("utf-16"), "utf-16"),
        (lambda text: text.encode("cp1252"), "cp1252"),
        (lambda text: text.encode("mac_roman"), "mac_roman"),
        (lambda text: text.removesuffix("\n").encode(), "utf-8"),
    ],
    ids=["UTF-8", "CRLF", "BOM", "UTF-16", "Latin-1", "Mac Roman", "no line end"],
)
def test_whatever_its_bytes_a_file_is_read_right(
    deliveries: Deliveries, encode: Callable[[str], bytes], encoding: str
) -> None:
    text = content(
        line(FIRST, Description="CAFÉ AU LAIT"), line(FIRST, 2, Description="crème brûlée"), line(FIRST, 3)
    ).decode()
    deliveries.deliver(FIRST, encode(text))
    assert deliveries.take(FIRST).success
    rows = deliveries.bronze.rows(KEY, FIRST)
    assert [row["Description"] for row in rows] == ["CAFÉ AU LAIT", "crème brûlée", "WHITE HANGING HEART"]
    assert [row["Country"] for row in rows] == ["United Kingdom"] * 3
    assert [row["source_line"] for row in rows] == [2, 3, 4]
    assert deliveries.metadata(FIRST)["encoding"] == encoding


def test_the_encoding_may_be_set(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, content(line(FIRST, Description="x")).replace(b",x,", b",\x8e\x8f\x90,"))
    deliveries.configure(encoding="mac_roman")
    assert deliveries.take(FIRST).success
    assert deliveries.bronze.rows(KEY, FIRST)[0]["Description"] == "éèê"
    deliveries.configure(encoding="ascii")
    assert "the configuration says ascii, but line 2 has bytes that are not" in str(failures(deliveries.take(FIRST)))


def test_a_header_alone_is_a_day_without_sales(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, content())
    assert deliveries.take(FIRST).success
    assert deliveries.bronze.rows(KEY, FIRST) == []
    assert deliveries.metadata(FIRST)["no_file"] is False


def test_no_file_is_an_empty_partition_that_says_so_and_a_later_file_replaces_it(deliveries: Deliveries) -> None:
    assert deliveries.take(FIRST, SECOND).success
    assert deliveries.bronze.days(KEY) == deliveries.bronze.days(QUARANTINE) == [FIRST, SECOND]
    assert deliveries.bronze.rows(KEY, FIRST) == []
    assert deliveries.metadata(FIRST)["no_file"] is True
    assert deliveries.bronze.provenance(KEY, FIRST).source == {"no_file": True}
    deliveries.deliver(FIRST, GOOD)
    assert deliveries.take(FIRST).success
    assert deliveries.total(FIRST) == Decimal("60.00")
    assert deliveries.metadata(FIRST)["no_file"] is False


def test_a_day_whose_file_has_gone_keeps_its_sales_when_it_is_made_again(deliveries: Deliveries) -> None:
    """The file was archived, or SLIPWAY_LANDING names an empty place now."""
    deliveries.deliver(FIRST, GOOD)
    assert deliveries.take(FIRST, SECOND).success
    before = deliveries.bronze.provenance(KEY, FIRST)
    archive = deliveries.landing_folder / "archive"
    archive.mkdir()
    deliveries.path(FIRST).rename(archive / deliveries.path(FIRST).name)

    [message] = failures(deliveries.take(FIRST, SECOND)).values()
    assert f"1 partition of {KEY} failed; 1 other partition is written" in message
    assert "was made from online_retail_2010-12-01.csv, which is no longer in" in message
    assert "deliver a file of that name with the header line alone" in message
    assert deliveries.bronze.provenance(KEY, FIRST) == before
    assert deliveries.total(FIRST) == Decimal("60.00")

    deliveries.deliver(FIRST, content())
    assert deliveries.take(FIRST).success, "as the sentence says"
    assert deliveries.bronze.rows(KEY, FIRST) == []


def test_a_landing_folder_that_went_away_makes_no_days_without_trade(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, GOOD)
    assert deliveries.take(FIRST).success
    deliveries.configure(address=str(deliveries.landing_folder / "typo"))
    [message] = failures(deliveries.take(FIRST, SECOND)).values()
    assert "SLIPWAY_LANDING is '" in message
    assert deliveries.total(FIRST) == Decimal("60.00")
    assert deliveries.bronze.days(KEY) == [FIRST]


def test_taken_twice_the_content_and_its_version_stay(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, GOOD)
    deliveries.take(FIRST)
    first = deliveries.bronze.provenance(KEY, FIRST)
    deliveries.deliver(FIRST, GOOD)
    deliveries.take(FIRST)
    second = deliveries.bronze.provenance(KEY, FIRST)
    assert second.data_version == first.data_version
    assert second.source["version"] != first.source["version"]
    assert deliveries.total(FIRST) == Decimal("60.00")


def test_every_day_of_the_calendar_is_a_partition() -> None:
    assert WholesaleSales.contract.partitions == calendar.days
