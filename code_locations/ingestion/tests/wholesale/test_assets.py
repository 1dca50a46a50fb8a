"""bronze/wholesale_sales: its steps as plain functions, and whole runs over good and bad files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
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
from contracts.wholesale import COLUMNS, WholesaleRejected, WholesaleSales
from demo import WholesaleFiles
from ingestion.defs.wholesale.assets import due, fetched, parsed, validated
from ingestion.landing import Landing
from slipway.lake import PartitionFailure
from slipway.quality import Judged

FIRST, SECOND, THIRD = "2010-12-01", "2010-12-02", "2010-12-03"
DAY = dt.date(2010, 12, 1)


# The steps as functions


def landed(data: bytes, name: str = "online_retail_2010-12-01.csv") -> pa.Table:
    return pa.table({"name": [name], "version": ["v1"], "sha256": ["5ha"], "data": pa.array([data], pa.large_binary())})


def lines_of(data: bytes, **options: Any) -> dict[str, pa.Table]:
    found = parsed(landed(data), **options)
    assert isinstance(found, dict), found
    return found


def failure_of(data: bytes, **options: Any) -> str:
    found = parsed(landed(data), **options)
    assert isinstance(found, PartitionFailure), found
    return found.reason


def facts_of(item: dict[str, pa.Table]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(item["lines"].schema.metadata[b"facts"])
    return facts


def test_a_files_bytes_are_fetched_with_name_version_and_hash(tmp_path: Path) -> None:
    WholesaleFiles().deliver(DAY, tmp_path)
    table = fetched(Landing(address=str(tmp_path)), FIRST)
    assert isinstance(table, pa.Table)
    [row] = table.to_pylist()
    assert row["name"] == "online_retail_2010-12-01.csv"
    assert row["data"] == WholesaleFiles().read(DAY)
    assert len(row["sha256"]) == 64


def test_no_file_before_the_deadline_is_a_failure_and_after_it_no_trade(tmp_path: Path) -> None:
    landing = Landing(address=str(tmp_path))
    early = fetched(landing, FIRST, now=due(FIRST) - dt.timedelta(minutes=1))
    assert isinstance(early, PartitionFailure)
    assert "there is no file online_retail_2010-12-01.csv" in early.reason
    assert "expected it by 2010-12-02 06:00" in early.reason
    late = fetched(landing, FIRST, now=due(FIRST))
    assert isinstance(late, pa.Table)
    assert len(late) == 0
    assert late.schema == fetched_schema(tmp_path)


def fetched_schema(folder: Path) -> pa.Schema:
    WholesaleFiles().deliver(DAY, folder)
    table = fetched(Landing(address=str(folder)), FIRST)
    assert isinstance(table, pa.Table)
    return table.schema


def test_a_file_that_cannot_be_read_fails_its_day(tmp_path: Path) -> None:
    (tmp_path / "online_retail_2010-12-01.csv").mkdir()
    found = fetched(Landing(address=str(tmp_path)), FIRST)
    assert isinstance(found, PartitionFailure)
    assert "Cannot read online_retail_2010-12-01.csv" in found.reason


def test_lines_are_parsed_as_text_exactly_as_delivered() -> None:
    item = lines_of(content(line(FIRST, Description='"A ""B"", C "', UnitPrice="01.50", CustomerID="")))
    [row] = item["lines"].to_pylist()
    assert row["Description"] == 'A "B", C '
    assert row["UnitPrice"] == "01.50"
    assert row["CustomerID"] is None
    assert (row["source_file"], row["source_line"]) == ("online_retail_2010-12-01.csv", 2)
    assert set(item["lines"].schema.names) == {*COLUMNS, "source_file", "source_line"}
    assert facts_of(item) == {
        "file": "online_retail_2010-12-01.csv",
        "version": "v1",
        "sha256": "5ha",
        "encoding": "utf-8",
        "extra_columns": [],
        "lines_read": 1,
    }


def test_a_day_without_a_file_has_no_lines() -> None:
    item = parsed(landed(b"").slice(0, 0))
    assert isinstance(item, dict)
    assert (len(item["lines"]), len(item["rejects"])) == (0, 0)
    assert facts_of(item)["no_file"] is True


def test_a_failure_is_handed_on() -> None:
    failure = PartitionFailure("the wind")
    assert parsed(failure) is failure


def judged(data: bytes, share: float = 1.0) -> Judged:
    return validated(lines_of(data), DAY, share)


def test_lines_that_hold_are_kept_and_the_others_told_why() -> None:
    result = judged(content(line(FIRST), line(FIRST, 2, Quantity="two"), line(SECOND, 3)))
    assert result.frame.column("InvoiceNo").to_pylist() == ["536001"]
    told = [(row["source_line"], row["rule"], row["reason"]) for row in result.rejected.to_pylist()]
    assert told == [
        (3, "quantity_not_integer", "Quantity is 'two'; expected an integer of 32 bits."),
        (4, "other_day", "InvoiceDate is '2010-12-02 08:26:00'; expected a time on 2010-12-01."),
    ]
    assert result.rejected.column("raw").to_pylist() == [line(FIRST, 2, Quantity="two"), line(SECOND, 3)]
    assert result.metadata["share set aside"] == 0.6667


def test_a_line_that_cannot_be_split_comes_first_in_the_quarantine_beside_the_others() -> None:
    result = judged(content(line(FIRST, Quantity="two"), "a,b,c", line(FIRST, 3)))
    assert {(row["source_line"], row["rule"]) for row in result.rejected.to_pylist()} == {
        (2, "quantity_not_integer"),
        (3, "wrong_number_of_fields"),
    }
    assert all(verdict.passed for verdict in result.verdicts)


@pytest.mark.parametrize(("bad", "passed"), [(0, True), (1, True), (2, False)])
def test_up_to_the_share_may_be_unreadable(bad: int, passed: bool) -> None:
    lines = [*good_lines(FIRST, 20 - bad), *(["broken"] * bad)]
    verdicts = {verdict.check: verdict for verdict in judged(content(*lines), share=0.05).verdicts}
    assert verdicts["few_unreadable_lines"].passed is passed
    assert verdicts["every_line_accounted_for"].passed
    if not passed:
        assert verdicts["few_unreadable_lines"].reason == (
            "2 of 20 lines (10.0%) cannot be read, more than 5.0%; the first: line 20, wrong_number_of_fields: "
            "Expected 8 fields as in the header, found 1."
        )


def test_a_lost_line_is_noticed() -> None:
    item = lines_of(content(*good_lines(FIRST, 3)))
    lost = {**item, "lines": item["lines"].slice(1)}
    verdicts = {verdict.check: verdict for verdict in validated(lost, DAY, 1.0).verdicts}
    assert not verdicts["every_line_accounted_for"].passed
    assert verdicts["every_line_accounted_for"].reason == "3 lines were read, 2 are here and 0 in quarantine"


def test_a_file_without_lines_is_judged_without_dividing_by_them() -> None:
    result = judged(content())
    assert len(result.frame) == 0
    assert result.metadata["no_file"] is False
    assert all(verdict.passed for verdict in result.verdicts)


def test_the_results_have_the_contracts_types() -> None:
    result = judged(content(line(FIRST), "broken"))
    for table, contract in ((result.frame, WholesaleSales.contract), (result.rejected, WholesaleRejected.contract)):
        wanted = {field.name: field.type for field in contract.arrow_schema}
        assert {field.name: field.type for field in table.schema} == wanted


# Whole runs: what a bad file does to its day, and to the others


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
    ("lines of another day", lambda: other(THIRD), ("20 of 20 lines (100.0%) cannot be read", "other_day")),
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
