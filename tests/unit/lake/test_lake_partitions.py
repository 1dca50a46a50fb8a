"""Partition keys as dimensions, and frames of many partitions split by them."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.lake.errors import ColumnCollision, FrameError, PartitionKeyError
from slipway.lake.partitions import (
    check_columns,
    check_dimension_key,
    dimension_names,
    dimensions,
    split,
)

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-06")
KEYS = DAYS.get_partition_keys()
CATEGORIES = dg.StaticPartitionsDefinition(["tea", "cake / bread"])
BOTH = dg.MultiPartitionsDefinition({"day": DAYS, "category": CATEGORIES})


@pytest.mark.parametrize(
    ("definition", "names"),
    [
        (None, ()),
        (DAYS, ("day",)),
        (dg.HourlyPartitionsDefinition("2026-01-01-00:00"), ("hour",)),
        (dg.WeeklyPartitionsDefinition("2025-12-29", day_offset=1, end_offset=1), ("week",)),
        (dg.MonthlyPartitionsDefinition("2026-01-01"), ("month",)),
        (dg.TimeWindowPartitionsDefinition(start="2026-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 1 1 *"), ("window",)),
        (CATEGORIES, ("partition",)),
        (dg.DynamicPartitionsDefinition(name="product category"), ("product_category",)),
        (BOTH, ("category", "day")),
    ],
    ids=["none", "daily", "hourly", "weekly", "monthly", "yearly", "static", "dynamic", "two"],
)  # fmt: skip
def test_dimensions_have_speaking_names(definition: dg.PartitionsDefinition | None, names: tuple[str, ...]) -> None:
    assert dimension_names(definition) == names


def test_a_key_as_dimensions() -> None:
    assert dimensions(None, None) == {}
    assert dimensions(DAYS, "2026-01-01") == {"day": "2026-01-01"}
    assert dimensions(CATEGORIES, "a|b,c") == {"partition": "a|b,c"}
    key = dg.MultiPartitionKey({"day": "2026-01-01", "category": "tea"})
    assert dimensions(BOTH, key) == dimensions(BOTH, str(key)) == {"day": "2026-01-01", "category": "tea"}


def test_keys_that_do_not_fit_are_refused_with_a_sentence() -> None:
    with pytest.raises(PartitionKeyError, match=r"Expected a partition key, because .* Materialize it with"):
        dimensions(DAYS, None)
    with pytest.raises(PartitionKeyError, match=r"key of 2 parts \(category\|day\), found 'a\|b\|2026-01-01'.*replace"):
        dimensions(BOTH, "a|b|2026-01-01")


@pytest.mark.parametrize("key", ["a|b", "a,b", "a...b", "[a", "a]", " a", "a ", ""])
def test_keys_that_two_dimensions_cannot_have(key: str) -> None:
    with pytest.raises(PartitionKeyError, match=r"Expected a key without .*Replace the sign in the key"):
        check_dimension_key(key)


def test_keys_that_two_dimensions_can_have() -> None:
    assert check_dimension_key("Tea & Cake / 50% é.") == "Tea & Cake / 50% é."


def test_dagster_itself_refuses_those_signs_in_two_static_dimensions() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Invalid character in partition key"):
        dg.MultiPartitionsDefinition({"day": DAYS, "category": dg.StaticPartitionsDefinition(["a|b"])})


def test_a_column_may_not_have_a_dimensions_name() -> None:
    check_columns(["date", "x"], ["day"], "gold/x")
    with pytest.raises(ColumnCollision, match=r"gold/x has a column 'day' .*Rename the column \(such as 'date'"):
        check_columns(["day", "x"], ["day"], "gold/x")


# -- splitting


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.integers()), max_size=12))
def test_a_split_puts_every_row_in_its_partition_in_order(rows: list[tuple[str, int]]) -> None:
    table = pa.table(
        {
            "day": pa.array([key for key, _ in rows], pa.string()),
            "x": pa.array([str(x) for _, x in rows], pa.string()),
        }
    )
    parts = split(table, DAYS, KEYS, "a")

    assert [key for key, _part in parts] == KEYS
    for key, part in parts:
        assert part.column_names == ["x"]
        assert part.column("x").to_pylist() == [str(x) for row, x in rows if row == key]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(KEYS),
        pa.array(KEYS, pa.large_string()),
        pa.array(KEYS).dictionary_encode(),
        pa.array([dt.date.fromisoformat(key) for key in KEYS]),
        pa.array([dt.datetime.fromisoformat(key) for key in KEYS]),
        pa.array([dt.datetime.fromisoformat(key).replace(tzinfo=dt.UTC) for key in KEYS]),
    ],
    ids=lambda column: str(column.type),
)
def test_the_partition_column_may_be_text_or_a_date(column: pa.Array) -> None:
    parts = split(pa.table({"day": column, "x": range(len(KEYS))}), DAYS, KEYS, "a")

    assert [part.column("x").to_pylist() for _key, part in parts] == [[x] for x in range(len(KEYS))]


def test_dates_are_written_in_the_definitions_own_format() -> None:
    definition = dg.DailyPartitionsDefinition("01.01.2026", fmt="%d.%m.%Y", end_date="03.01.2026")
    table = pa.table({"day": [dt.date(2026, 1, 2)], "x": [1]})

    assert [len(part) for _key, part in split(table, definition, definition.get_partition_keys(), "a")] == [0, 1]


def test_two_dimensions_need_both_columns() -> None:
    keys = [k for k in BOTH.get_partition_keys() if k.keys_by_dimension["day"] < "2026-01-03"]
    table = pa.table(
        {
            "x": [1, 2, 3],
            "category": ["tea", "cake / bread", "tea"],
            "day": [dt.date(2026, 1, 1), dt.date(2026, 1, 1), dt.date(2026, 1, 2)],
        }
    )
    parts = {str(key): part.to_pylist() for key, part in split(table, BOTH, keys, "a")}

    assert parts == {
        "tea|2026-01-01": [{"x": 1}],
        "cake / bread|2026-01-01": [{"x": 2}],
        "tea|2026-01-02": [{"x": 3}],
        "cake / bread|2026-01-02": [],
    }
    with pytest.raises(FrameError, match=r"needs the columns? 'category' with each row's partition key"):
        split(table.drop_columns(["category"]), BOTH, keys, "a")


def test_a_split_keeps_types_that_other_libraries_do_not_know() -> None:
    kind = pa.map_(pa.string(), pa.int32())
    table = pa.table({"day": KEYS[:1], "x": pa.array([[("a", 1)]], kind)})
    parts = split(table, DAYS, KEYS[:2], "a")

    assert [part.schema.field("x").type for _key, part in parts] == [kind, kind]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (pa.table({"x": [1]}), r"writes 5 partitions of gold/x, so the frame needs the column 'day'.*found \['x'\]"),
        (pa.table({"day": [KEYS[0], None]}), "1 rows of gold/x have no partition key in day"),
        (pa.table({"day": ["2026-02-01", KEYS[0]]}), "partitions that this run does not write: 2026-02-01. Drop"),
        (pa.table({"day": [dt.datetime(2026, 2, 1)]}), "does not write: 2026-02-01"),
    ],
    ids=["no column", "nulls", "foreign", "foreign date"],
)  # fmt: skip
def test_frames_that_cannot_be_split_are_refused_with_a_sentence(table: pa.Table, sentence: str) -> None:
    with pytest.raises(FrameError, match=sentence):
        split(table, DAYS, KEYS, "gold/x")


def test_hours_are_told_apart() -> None:
    hours = dg.HourlyPartitionsDefinition("2026-01-01-00:00", end_date="2026-01-01-03:00")
    table = pa.table({"hour": [dt.datetime(2026, 1, 1, 1)], "x": [1]})
    parts = split(table, hours, hours.get_partition_keys(), "a")

    assert [len(part) for _key, part in parts] == [0, 1, 0]


def test_polars_frames_split_too() -> None:
    frame = pl.DataFrame({"day": KEYS, "x": range(len(KEYS))})

    assert len(split(frame.to_arrow(), DAYS, KEYS, "a")) == len(KEYS)
