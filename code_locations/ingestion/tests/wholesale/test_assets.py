"""bronze/wholesale_sales: its steps as plain functions."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from code_locations.ingestion.tests.wholesale.deliveries import (
    HEADER,
    content,
    good_lines,
    line,
)
from contracts.wholesale import COLUMNS, WholesaleRejected, WholesaleSales
from demo import WholesaleFiles
from ingestion.defs.wholesale.assets import due, fetched, parsed, validated
from ingestion.landing import Landing
from slipway.lake import Lake, LakeSettings, PartitionFailure
from slipway.quality import Judged

FIRST, SECOND = "2010-12-01", "2010-12-02"
DAY = dt.date(2010, 12, 1)


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


def fetch(folder: Path, key: str = FIRST, **options: Any) -> pa.Table | PartitionFailure:
    """A day from a landing folder, with a lake beside it that holds nothing; without any waiting."""
    lake = Lake(LakeSettings.parse(str(folder / "lake")))
    return fetched(Landing(address=str(folder)), lake, key, **{"wait": lambda _seconds: None, **options})


def test_a_files_bytes_are_fetched_with_name_version_and_hash(tmp_path: Path) -> None:
    WholesaleFiles().deliver(DAY, tmp_path)
    table = fetch(tmp_path)
    assert isinstance(table, pa.Table)
    [row] = table.to_pylist()
    assert row["name"] == "online_retail_2010-12-01.csv"
    assert row["data"] == WholesaleFiles().read(DAY)
    assert len(row["sha256"]) == 64


def test_no_file_before_the_deadline_is_a_failure_and_after_it_no_trade(tmp_path: Path) -> None:
    early = fetch(tmp_path, now=due(FIRST) - dt.timedelta(minutes=1))
    assert isinstance(early, PartitionFailure)
    assert "there is no file online_retail_2010-12-01.csv" in early.reason
    assert "expected it by 2010-12-02 06:00" in early.reason
    late = fetch(tmp_path, now=due(FIRST))
    assert isinstance(late, pa.Table)
    assert len(late) == 0
    assert late.schema == fetched_schema(tmp_path)


def fetched_schema(folder: Path) -> pa.Schema:
    WholesaleFiles().deliver(DAY, folder)
    table = fetch(folder)
    assert isinstance(table, pa.Table)
    return table.schema


def test_a_file_that_cannot_be_read_fails_its_day(tmp_path: Path) -> None:
    (tmp_path / "online_retail_2010-12-01.csv").mkdir()
    found = fetch(tmp_path)
    assert isinstance(found, PartitionFailure)
    assert "Cannot read online_retail_2010-12-01.csv in the landing folder" in found.reason


def test_a_link_without_its_target_is_no_day_without_trade(tmp_path: Path) -> None:
    (tmp_path / "online_retail_2010-12-01.csv").symlink_to(tmp_path / "archive" / "moved.csv")
    found = fetch(tmp_path)
    assert isinstance(found, PartitionFailure)
    assert "it is a link to" in found.reason


def test_a_file_that_is_being_written_is_fetched_when_it_is_whole(tmp_path: Path) -> None:
    path = WholesaleFiles().deliver_half(DAY, tmp_path)
    whole = WholesaleFiles().read(DAY)

    def write_the_rest(_seconds: float) -> None:
        if path.stat().st_size < len(whole):
            path.write_bytes(whole)

    table = fetch(tmp_path, wait=write_the_rest)
    assert isinstance(table, pa.Table)
    assert table.column("data").to_pylist() == [whole]


def test_a_file_that_does_not_come_to_rest_fails_its_day(tmp_path: Path) -> None:
    path = tmp_path / "online_retail_2010-12-01.csv"
    path.write_bytes(content())

    def write_on(_seconds: float) -> None:
        with path.open("ab") as file:
            file.write(b"x")

    found = fetch(tmp_path, wait=write_on)
    assert isinstance(found, PartitionFailure)
    assert "is still being written to" in found.reason


def test_lines_are_parsed_as_text_exactly_as_delivered() -> None:
    item = lines_of(content(line(FIRST, Description='"A ""B"", C "', UnitPrice="01.50", CustomerID="")))
    [row] = item["lines"].to_pylist()
    assert row["Description"] == 'A "B", C '
    assert row["UnitPrice"] == "01.50"
    assert row["CustomerID"] is None
    assert (row["source_file"], row["source_line"]) == ("online_retail_2010-12-01.csv", 2)
    assert set(item["lines"].schema.names) == {*COLUMNS, "source_file", "source_line", "raw"}
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
    result = validated(lines_of(data), DAY, share)
    assert isinstance(result, Judged), result
    return result


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


def test_lines_of_another_day_do_not_count_as_unreadable() -> None:
    lines = [*good_lines(FIRST, 10), *good_lines(SECOND, 9), "broken"]
    result = judged(content(*lines), share=0.05)
    verdicts = {verdict.check: verdict for verdict in result.verdicts}
    assert verdicts["few_unreadable_lines"].passed
    assert verdicts["few_unreadable_lines"].metadata["share"] == 0.05
    assert verdicts["every_line_accounted_for"].passed
    assert (result.metadata["lines of another day"], result.metadata["share set aside"]) == (9, 0.5)
    assert len(result.rejected) == 10


@pytest.mark.parametrize("bad", [0, 1])
def test_a_file_of_another_day_alone_is_the_wrong_one(bad: int) -> None:
    found = validated(lines_of(content(*good_lines(SECOND, 20 - bad), *(["broken"] * bad))), DAY, 0.05)
    assert isinstance(found, PartitionFailure)
    assert found.reason.startswith(
        f"{20 - bad} of 20 lines of online_retail_2010-12-01.csv are of another day and none"
    )


def test_a_file_of_another_day_that_can_hardly_be_read_fails_for_what_is_worse() -> None:
    verdicts = {verdict.check: verdict for verdict in judged(content(line(SECOND), "x", "y"), share=0.05).verdicts}
    assert verdicts["few_unreadable_lines"].reason.startswith("2 of 3 lines (66.7%) cannot be read")
    assert "line 3, wrong_number_of_fields" in verdicts["few_unreadable_lines"].reason


@pytest.mark.parametrize("with_a_bad_line", [False, True])
def test_a_refused_line_stands_in_quarantine_as_it_stood_in_the_file(with_a_bad_line: bool) -> None:
    header = f"Country,Till,{HEADER.removesuffix(',Country')}"
    plain = f'EIRE,9,536001,85123A,"A ""B"", C",two,{FIRST} 08:26:00,1.50,17850'
    broken = f'EIRE,9,536002,85123A,"two\r\nlines",two,{FIRST} 08:26:00,1.50,'
    lines = [plain, broken] if with_a_bad_line else [plain]
    result = judged(content(*lines, header=header))
    assert result.rejected.column("raw").to_pylist() == lines


def test_a_lost_line_is_noticed() -> None:
    item = lines_of(content(*good_lines(FIRST, 3)))
    lost = {**item, "lines": item["lines"].slice(1)}
    result = validated(lost, DAY, 1.0)
    assert isinstance(result, Judged)
    verdicts = {verdict.check: verdict for verdict in result.verdicts}
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
