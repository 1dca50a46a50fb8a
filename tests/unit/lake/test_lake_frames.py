"""Frames of every library to Arrow and back, and the cast to a contract's schema."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Optional

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

from slipway.lake.errors import FrameError
from slipway.lake.frames import by_partition, conform, from_arrow, plain_type, to_arrow
from tests.arrow_tables import tables, values

LINES = pa.table({"x": pa.array([1, None], pa.int64()), "price": [Decimal("2.55"), Decimal("0.10")]})


def there_and_back(value: Any, wanted: Any = None) -> Any:
    table, kind = to_arrow(value)
    return from_arrow(table, wanted, kind)


# -- frames


@pytest.mark.parametrize(
    "frame",
    [
        lambda: LINES,
        lambda: LINES.to_batches()[0],
        lambda: LINES.to_reader(),
        lambda: pl.from_arrow(LINES),
        lambda: pl.DataFrame(LINES).lazy(),
        lambda: LINES.to_pandas(types_mapper=pd.ArrowDtype),
        lambda: duckdb.connect().from_arrow(LINES),
    ],
    ids=["table", "batch", "reader", "polars", "lazy polars", "pandas", "duckdb"],
)
def test_every_library_gives_the_same_rows(frame: Callable[[], Any]) -> None:
    table, kind = to_arrow(frame())

    assert kind == "frame"
    assert table.to_pylist() == LINES.to_pylist()
    assert pa.types.is_decimal(table.schema.field("price").type)


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (pd.DataFrame, lambda frame: pa.Table.from_pandas(frame).to_pylist()),
        (pa.Table, lambda frame: frame.to_pylist()),
        (pl.DataFrame, lambda frame: frame.to_dicts()),
        (pl.LazyFrame, lambda frame: frame.collect().to_dicts()),
        (duckdb.DuckDBPyRelation, lambda frame: frame.to_arrow_table().to_pylist()),
        (list, lambda records: records),
        (Optional[pd.DataFrame], lambda frame: pa.Table.from_pandas(frame).to_pylist()),  # noqa: UP045
        (None, lambda frame: pa.Table.from_pandas(frame).to_pylist()),
        (Any, lambda frame: pa.Table.from_pandas(frame).to_pylist()),
    ],
    ids=str,
)
def test_every_library_gets_the_same_rows(wanted: Any, rows: Any) -> None:
    frame = from_arrow(LINES, wanted)

    assert rows(frame) == LINES.to_pylist()
    if plain_type(wanted) is not None and plain_type(wanted) is not list:
        assert isinstance(frame, plain_type(wanted))


def test_relations_of_one_connection_can_be_joined() -> None:
    connection = duckdb.connect()
    one = from_arrow(LINES, duckdb.DuckDBPyRelation, connection=connection)
    other = from_arrow(LINES, duckdb.DuckDBPyRelation, connection=connection)

    assert one.set_alias("a").join(other.set_alias("b"), "a.price = b.price").count("*").fetchall() == [(2,)]


@given(tables(min_columns=1))
def test_pandas_keeps_every_value(table: pa.Table) -> None:
    frame = from_arrow(table, pd.DataFrame)

    assert values(to_arrow(frame)[0]) == values(table)


@given(tables(min_columns=1))
def test_polars_keeps_every_value(table: pa.Table) -> None:
    assert values(to_arrow(from_arrow(table, pl.DataFrame))[0]) == values(table)


def test_pandas_gets_exact_types_and_its_own_categoricals() -> None:
    table = LINES.append_column("channel", pa.array(["web", None]).dictionary_encode())
    frame = from_arrow(table, pd.DataFrame)

    assert list(frame.dtypes.astype(str)) == ["int64[pyarrow]", "decimal128(3, 2)[pyarrow]", "category"]
    assert frame["price"].sum() == Decimal("2.65")
    assert list(frame["channel"].cat.categories) == ["web"]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["a", "b"], name="customer"),
        pd.Index(["a", "b"]),
        pd.Index([7, 9], name="customer"),
        pd.date_range("2026-01-01", periods=2, freq="D", name="at"),
        pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["p", "q"]),
    ],
    ids=["named text", "text", "named numbers", "dates", "two levels"],
)
def test_an_index_that_means_something_comes_back(index: pd.Index) -> None:
    frame = there_and_back(pd.DataFrame({"x": [1, 2]}, index=index))

    assert list(frame.columns) == ["x"]
    assert frame.index.names == index.names
    assert list(frame.index) == list(index)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[frame["x"] != 2],
        lambda frame: pd.concat([frame, frame]),
        lambda frame: frame.sort_values("x", ascending=False),
    ],
    ids=["filtered", "concatenated", "sorted"],
)
def test_row_numbers_of_another_frame_are_no_column(change: Any) -> None:
    changed = change(pd.DataFrame({"x": [1, 2, 3]}))
    table, _kind = to_arrow(changed)

    assert table.column_names == ["x"]
    assert table.column("x").to_pylist() == list(changed["x"])


def test_an_empty_frame_keeps_its_columns() -> None:
    frame = there_and_back(LINES.slice(0, 0).to_pandas(types_mapper=pd.ArrowDtype))

    assert len(frame) == 0
    assert list(frame.dtypes.astype(str)) == ["int64[pyarrow]", "decimal128(3, 2)[pyarrow]"]


# -- records and values


@pytest.mark.parametrize(
    "value",
    [
        {"n": 1, "nested": {"a": [1, 2], "b": None}, "when": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
        {"price": Decimal("1.10"), "page": b"\0", "nothing": None, "day": dt.date(2026, 1, 1)},
        {},
        [{"n": 1}, {"n": 2}],
        [{}, {}],
        [],
        [1, None, 3],
        ["a", "b"],
        [[1], [2, 3]],
    ],
    ids=repr,
)
def test_records_and_values_come_back_as_they_were(value: Any) -> None:
    assert there_and_back(value) == value


def test_records_share_their_keys() -> None:
    """A list of records is a table: a key that a record lacks reads as None."""
    assert there_and_back([{"a": 1}, {"b": 2}]) == [{"a": 1, "b": None}, {"a": None, "b": 2}]


def test_records_read_as_a_frame_when_asked() -> None:
    assert there_and_back([{"n": 1}, {"n": 2}], pl.DataFrame).to_dicts() == [{"n": 1}, {"n": 2}]
    assert there_and_back(pl.DataFrame({"n": [1]}), dict) == {"n": 1}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (1, "Expected a pandas, PyArrow or Polars frame, .* found builtins.int. Return one of these"),
        ("text", "found builtins.str"),
        (b"bytes", "found builtins.bytes"),
        (pd.Series([1]), r"found pandas\..*Series"),
        (lambda: (yield), "found builtins.function"),
        ({1: "a"}, "records with text keys, found the key 1 of type int"),
        ({"a": {1: 2}}, "cannot be stored as a table"),
        ([{"a": 1}, 2], "This list cannot be stored as a table"),
        ({"a": object()}, "This dict cannot be stored as a table"),
        (pd.DataFrame({"a": [1, "x"]}), "column a .*Give each column values of one type"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "each column once, found 'a' several times"),
        (pa.table([[1], [2]], names=["a", "a"]), "each column once, found 'a' several times"),
        (pl.DataFrame({"a": [object()]}, schema={"a": pl.Object}), "column 'a' holds Python objects"),
    ],
    ids=[
        "int", "str", "bytes", "series", "function", "int keys", "nested int keys", "mixed", "object",
        "mixed column", "pandas twice", "arrow twice", "polars objects",
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(value: Any, sentence: str) -> None:
    with pytest.raises(FrameError, match=f"(?s){sentence}"):
        to_arrow(value)


def test_what_cannot_be_given_is_refused_with_a_sentence() -> None:
    with pytest.raises(FrameError, match="annotated dict; found 2 rows"):
        from_arrow(LINES, dict)
    with pytest.raises(FrameError, match=r"Expected an annotation of pandas, .* found <class 'int'>"):
        from_arrow(LINES, int)


# -- annotations


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (None, None),
        (Any, None),
        (object, None),
        (list[dict], list),
        (Sequence[dict], list),
        (Mapping[str, int], dict),
        (pd.DataFrame | None, pd.DataFrame),
        (pd.DataFrame | pl.DataFrame, None),
    ],
)
def test_the_class_behind_an_annotation(annotation: Any, wanted: Any) -> None:
    assert plain_type(annotation) is wanted


@pytest.mark.parametrize(
    ("annotation", "frame"),
    [
        (dict[str, pd.DataFrame], pd.DataFrame),
        (Mapping[str, pl.LazyFrame], pl.LazyFrame),
        (dict[str, int], None),
        (dict, None),
        (pd.DataFrame, None),
    ],
)
def test_a_frame_for_each_partition_is_asked_for_by_annotation(annotation: Any, frame: Any) -> None:
    assert by_partition(annotation) is frame


# -- casting to a contract

MONEY = pa.decimal128(12, 3)
UTC = pa.timestamp("us", "UTC")


def cast(column: pa.Array, wanted: pa.DataType) -> list[Any]:
    schema = pa.schema([("c", wanted)])
    table = conform(pa.table({"c": column}), schema, "gold/x")
    assert table.schema.equals(schema, check_metadata=True)
    return table.column("c").to_pylist()


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array([1, None]), MONEY),
        (pa.array([1, 2]).dictionary_encode(), MONEY),
        (pa.array([Decimal("1.1"), None]), MONEY),
        (pa.array([1, None], pa.int8()), pa.int64()),
        (pa.array([1, None]), pa.int8()),
        (pa.array([1, None]), pa.float32()),
        (pa.array([0.5, None, float("nan")])[:2], pa.float32()),
        (pa.array(["a", None], pa.large_string()), pa.string()),
        (pa.array(["a", None], pa.string_view()), pa.string()),
        (pa.array(["a", None]).dictionary_encode(), pa.string()),
        (pa.array(["a", None], pa.large_string()), pa.dictionary(pa.int8(), pa.string())),
        (pa.array(["a", None, "a"]).dictionary_encode(), pa.dictionary(pa.int16(), pa.string())),
        (pa.array([dt.datetime(2026, 1, 1)], pa.timestamp("ns")), pa.timestamp("ms")),
        (pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], UTC), pa.timestamp("ns", "Asia/Tokyo")),
        (pa.array([[{"a": "x"}], None], pa.large_list(pa.struct([("a", pa.large_string())]))),
         pa.list_(pa.struct([("a", pa.string())]))),
        (pa.array([{"b": 1, "a": Decimal("1.5")}]), pa.struct([("a", MONEY), ("b", pa.int8())])),
        (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), pa.list_(pa.int32())),
    ],
    ids=str,
)  # fmt: skip
def test_values_are_cast_where_none_can_change(column: pa.Array, wanted: pa.DataType) -> None:
    assert cast(column, wanted) == column.to_pylist()


@pytest.mark.parametrize("wanted", [MONEY, pa.string(), UTC, pa.list_(MONEY), pa.dictionary(pa.int8(), pa.string())])
@pytest.mark.parametrize("found", [pa.null(), pa.float64(), pa.string()])
def test_columns_without_a_value_take_any_type(found: pa.DataType, wanted: pa.DataType) -> None:
    """An empty pandas frame says nothing of its types, nor does a column of nulls."""
    assert cast(pa.array([None, None], found), wanted) == [None, None]
    assert cast(pa.array([], found), wanted) == []


def test_dates_become_midnight_of_the_same_clock() -> None:
    assert cast(pa.array([dt.date(2026, 1, 1)]), pa.timestamp("us")) == [dt.datetime(2026, 1, 1)]


@pytest.mark.parametrize(
    ("column", "wanted", "reason"),
    [
        (pa.array([1.5]), MONEY, "float is not turned into decimal silently"),
        (pa.array([[0.1]]), pa.list_(MONEY), "float is not turned into decimal silently"),
        (pa.array([{"a": 0.1}]), pa.struct([("a", MONEY)]), "float is not turned into decimal silently"),
        (pa.array(["1.5"]), MONEY, "text is not turned into decimal silently"),
        (pa.array(["1"]).dictionary_encode(), pa.int64(), "text is not turned into integer silently"),
        (pa.array([["1"]]), pa.list_(pa.int64()), "text is not turned into integer silently"),
        (pa.array([1.0]), pa.int64(), "float is not turned into integer silently"),
        (pa.array([True]), pa.int64(), "boolean is not turned into integer silently"),
        (pa.array([b"a"]), pa.string(), "binary is not turned into text silently"),
        (pa.array([dt.datetime(2026, 1, 1)]), pa.date32(), "timestamp is not turned into date silently"),
        (pa.array([dt.datetime(2026, 1, 1)]), UTC, "timestamp without a zone does not say which time"),
        (pa.array([[dt.datetime(2026, 1, 1)]]), pa.list_(UTC), "timestamp without a zone does not say"),
        (pa.array([dt.date(2026, 1, 1)]), UTC, "date without a zone does not say which time"),
        (pa.array([0], UTC), pa.timestamp("us"), "a time with a zone and one without are not the same"),
        (pa.array([Decimal("1.0005")]), MONEY, "data loss"),
        (pa.array([10**10]), MONEY, "does not fit in precision"),
        (pa.array([300]), pa.int8(), "300 not in range"),
        (pa.array([0.1]), pa.float32(), "more digits than float holds"),
        (pa.array([1e300]), pa.float32(), "more digits than float holds"),
        (pa.array([1], pa.timestamp("ns")), pa.timestamp("us"), "would lose data"),
        (pa.array([{"a": 1, "b": 2}]), pa.struct([("a", pa.int64())]), "its fields are a, b"),
        (pa.array([{"a": 1}]), pa.map_(pa.string(), pa.int64()), "struct is not turned into map"),
    ],
    ids=str,
)
def test_nothing_is_interpreted_rounded_or_cut(column: pa.Array, wanted: pa.DataType, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        cast(column, wanted)


def test_the_message_shows_every_difference() -> None:
    schema = pa.schema([("day", pa.date32()), pa.field("revenue", MONEY, nullable=False), ("units", pa.int32())])
    table = pa.table({"revenue": [Decimal("1.000"), None], "units": ["1", "2"], "extra": [1, 2]})

    with pytest.raises(FrameError) as caught:
        conform(table, schema, "gold/x")

    assert str(caught.value) == (
        "The frame does not hold against the contract of gold/x:\n"
        "  - day: date32[day]   (missing)\n"
        "  + extra: int64   (not in the contract)\n"
        "  ! revenue: decimal128(12, 3)   (found 1 missing values)\n"
        "  ! units: int32   (found string: text is not turned into integer silently)\n"
        "Return the columns of the contract, or change the contract first."
    )


def test_columns_are_put_in_the_contracts_order() -> None:
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64())])

    assert conform(pa.table({"b": [2], "a": [1]}), schema, "x").to_pylist() == [{"a": 1, "b": 2}]
