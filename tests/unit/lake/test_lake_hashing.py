"""A data version says whether content changed: not more (encoding), not less (any value, type, name, order)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slipway.lake import parquet
from slipway.lake.hashing import content_hash
from tests.arrow_tables import KINDS, columns, tables, values


def chunked(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 2), table.slice(2, 1), table.slice(3)])


def sliced(table: pa.Table) -> pa.Table:
    """The same rows out of the middle of larger arrays: offsets that are not zero, bits that do not start a byte."""
    return pa.concat_tables([table, table, table]).combine_chunks().slice(len(table), len(table))


def _large(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string(kind):
        return pa.large_string()
    if pa.types.is_binary(kind):
        return pa.large_binary()
    if pa.types.is_list(kind):
        return pa.large_list(_large(kind.value_type))
    return kind


def large(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([field.with_type(_large(field.type)) for field in table.schema]))


def dictionary_encoded(table: pa.Table) -> pa.Table:
    return pa.table(
        {
            name: column.dictionary_encode() if pa.types.is_string(column.type) else column
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )


def polars_shaped(table: pa.Table) -> pa.Table:
    return table.cast(
        pa.schema(
            [field.with_type(pa.string_view()) if pa.types.is_string(field.type) else field for field in table.schema]
        )
    )


def stored(table: pa.Table) -> pa.Table:
    return parquet.decode(parquet.encode(table))[0]


@pytest.mark.parametrize("encode", [chunked, sliced, large, dictionary_encoded, polars_shaped, stored])
@given(table=tables(min_columns=1))
def test_the_encoding_does_not_count(encode, table: pa.Table) -> None:
    other = encode(table)

    assert values(other) == values(table)
    assert content_hash(other) == content_hash(table)


@given(st.data(), st.sampled_from(sorted(KINDS)), st.integers(1, 4))
def test_two_columns_of_a_kind_agree_just_when_their_values_do(data: st.DataObject, kind: str, rows: int) -> None:
    one = pa.table({"x": data.draw(columns(kind, rows))})
    other = pa.table({"x": data.draw(columns(kind, rows))})

    assert (content_hash(one) == content_hash(other)) == (values(one) == values(other))


@given(tables(min_columns=1), st.data())
def test_every_changed_row_changes_the_version(table: pa.Table, data: st.DataObject) -> None:
    assume(len(table) > 1)
    at = data.draw(st.integers(0, len(table) - 1))
    without = pa.concat_tables([table.slice(0, at), table.slice(at + 1)])
    backwards = table.take(list(range(len(table)))[::-1])

    assert content_hash(without) != content_hash(table)
    assert (content_hash(backwards) == content_hash(table)) == (values(backwards) == values(table))


@given(tables(min_columns=1))
def test_names_types_and_order_of_columns_count(table: pa.Table) -> None:
    renamed = table.rename_columns([f"{name}'" for name in table.column_names])
    versions = {content_hash(table), content_hash(renamed)}
    assert len(versions) == 2
    if table.num_columns > 1:
        assert content_hash(table.select(table.column_names[::-1])) not in versions
        assert content_hash(table.drop_columns(table.column_names[:1])) not in versions


def test_empty_tables_differ_by_type_too() -> None:
    kinds = {kind for kind, _values in KINDS.values()}
    kinds -= {pa.large_string(), pa.dictionary(pa.int32(), pa.string())}  # text, otherwise encoded
    versions = {content_hash(pa.table({"x": pa.array([], kind)})) for kind in kinds}

    assert len(versions) == len(kinds)


def test_nulls_in_neighbouring_fields_are_told_apart() -> None:
    """Fields of a struct follow each other in the hash: a null must not be taken for its neighbour's first value."""
    kind = pa.struct([("a", pa.int8()), ("b", pa.int8())])
    one = pa.table({"x": pa.array([{"a": 7, "b": 0}, {"a": None, "b": 9}], kind)})
    other = pa.table({"x": pa.array([{"a": 0, "b": None}, {"a": 7, "b": 9}], kind)})

    assert content_hash(one) != content_hash(other)


def test_names_cannot_imitate_another_column() -> None:
    one = pa.table({"a": pa.array([], pa.int8()), "b": pa.array([], pa.int8())})
    other = pa.table({"a\0int8\0\1b": pa.array([], pa.int8())})

    assert content_hash(one) != content_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), pa.array([[1, 2], None], pa.list_(pa.int32()))),
        (pa.array([[1], None], pa.list_view(pa.int32())), pa.array([[1], None], pa.list_(pa.int32()))),
        (pa.RunEndEncodedArray.from_arrays([2, 3], [5, None]), pa.array([5, 5, None])),
        (pa.array([["a"], None]).cast(pa.list_(pa.dictionary(pa.int32(), pa.string()))), pa.array([["a"], None])),
    ],
    ids=["fixed-size list", "list view", "run-end encoded", "dictionary in a list"],
)
def test_rarer_encodings_do_not_count_either(one: pa.Array, other: pa.Array) -> None:
    assert content_hash(pa.table({"x": one})) == content_hash(pa.table({"x": other}))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())),
        pa.array([b"1" * 16, None], pa.uuid()),
        pa.array([None, 1.5], pa.float16()),
        pa.array([Decimal("1.1"), None], pa.decimal256(40, 1)),
    ],
    ids=lambda column: str(column.type),
)
def test_rarer_types_have_a_version(column: pa.Array) -> None:
    whole = content_hash(pa.table({"x": column}))

    assert whole == content_hash(pa.table({"x": pa.chunked_array([column.slice(0, 1), column.slice(1)])}))
    assert whole != content_hash(pa.table({"x": column.take([*range(len(column) - 1), 0])}))


def test_volatile_columns_do_not_count() -> None:
    one = pa.table({"x": [1], "processed_at": [1]})
    other = pa.table({"x": [1], "processed_at": [2]})

    assert content_hash(one) != content_hash(other)
    assert content_hash(one, {"processed_at"}) == content_hash(other, {"processed_at"})
    assert content_hash(one, {"processed_at"}) == content_hash(one.select(["x"]))


GOLDEN = {
    "boolean": "24b4650f8442e9f53f36fa565c14d7ba",
    "int8": "6bdea1c038054747fe7f36787ac639e5",
    "int64": "71e9125e42e6e7790b20e25efc667bdf",
    "uint64": "63b489cb93cc16a69d5ebd29ab46823c",
    "float64": "ae373731beabd9fafa4c8dc12370a577",
    "decimal": "540469384c17e0276309efe1d5615e12",
    "text": "77354b1bbf171fbdd309c7e27be400f6",
    "large text": "77354b1bbf171fbdd309c7e27be400f6",
    "binary": "0d60a95507ae7aff3372dd0f6f013647",
    "date": "5f5200f57ef96bb248ae94f72442ffa3",
    "timestamp": "3b0bd775f9b8a8ab287d08f8a56851c8",
    "timestamp UTC": "aeb3688416044f2b2439bde36d4a3a59",
    "timestamp London": "5954082969468a4e611392ffb1a9457f",
    "timestamp ns": "d110c23d0f7b7adcf13791b69c68cf11",
    "time": "fd3224b3363aebb25704301d3ba30f5e",
    "duration": "a0dbe098cf9340b4b2d8c2ab25b67ae5",
    "categorical": "4cbe1deb7c1acd52b0255d3c22374a02",
    "null": "4d9b9632d2dcd5cf691e38767b923165",
    "list": "e1dda10af6192a2e8cef542196ffbbb8",
    "list of text": "6246b6166d629f9e3cd534074d32f745",
    "struct": "f9ddf78077803f9a0f50e9ff50bf8620",
    "list of structs": "6532cbd3c2ac4dbae16c43dd6f3350bb",
}


SAMPLES = {
    "boolean": [True, None, False],
    "int8": [1, None, -1],
    "int64": [2**40, None],
    "uint64": [2**63, None],
    "float64": [0.1, None, -0.0],
    "decimal": [Decimal("58776.790"), None],
    "text": ["", None, "é"],
    "large text": ["", None, "é"],
    "binary": [b"\0", None],
    "date": [dt.date(2010, 12, 1), None],
    "timestamp": [dt.datetime(2010, 12, 1, 8, 26), None],
    "timestamp UTC": [dt.datetime(2010, 12, 1, 8, 26, tzinfo=dt.UTC), None],
    "timestamp London": [dt.datetime(2010, 12, 1, 8, 26, tzinfo=dt.UTC), None],
    "timestamp ns": [1, None],
    "time": [dt.time(8, 26), None],
    "duration": [dt.timedelta(seconds=1), None],
    "categorical": ["web", None, "web"],
    "null": [None],
    "list": [[1, None], None, []],
    "list of text": [["a", None], None, []],
    "struct": [{"a": 1, "b": None, "c": "x"}, None],
    "list of structs": [[{"a": Decimal("1.25"), "b": True}, None], None, []],
}


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_versions_stay_the_same_over_releases(kind: str) -> None:
    """Pinned: with another hash, an upgrade of PyArrow (or of this library) would make all history look changed."""
    table = pa.table({"x": pa.array(SAMPLES[kind], KINDS[kind][0])})

    assert content_hash(table) == GOLDEN[kind]
    assert set(GOLDEN) == set(SAMPLES) == set(KINDS)
