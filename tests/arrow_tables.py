"""Hypothesis strategies for Arrow tables as they come out of pipelines: every type a table may have, nulls, no rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

UTC = dt.UTC
_TIMES = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1))
_TEXT = st.text(max_size=6)

KINDS: Mapping[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "boolean": (pa.bool_(), st.booleans()),
    "int8": (pa.int8(), st.integers(-128, 127)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float64": (pa.float64(), st.floats(allow_nan=False)),
    "decimal": (
        pa.decimal128(12, 3),
        st.decimals(-(10**8), 10**8, places=3, allow_nan=False, allow_infinity=False),
    ),
    "text": (pa.string(), _TEXT),
    "large text": (pa.large_string(), _TEXT),
    "binary": (pa.binary(), st.binary(max_size=6)),
    "date": (pa.date32(), st.dates()),
    "timestamp": (pa.timestamp("us"), _TIMES),
    "timestamp UTC": (pa.timestamp("us", "UTC"), st.builds(lambda t: t.replace(tzinfo=UTC), _TIMES)),
    "timestamp London": (
        pa.timestamp("us", "Europe/London"),
        st.builds(lambda t: t.replace(tzinfo=UTC), _TIMES),
    ),
    "timestamp ns": (pa.timestamp("ns"), st.integers(0, 2**61)),
    "time": (pa.time64("us"), st.times()),
    "duration": (pa.duration("us"), st.timedeltas(dt.timedelta(0), dt.timedelta(9999))),
    "categorical": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["", "a", "é", "z z"])),
    "null": (pa.null(), st.none()),
    "list": (pa.list_(pa.int64()), st.lists(st.none() | st.integers(-9, 9), max_size=3)),
    "list of text": (pa.list_(pa.string()), st.lists(st.none() | _TEXT, max_size=3)),
    "struct": (
        pa.struct([("a", pa.int8()), ("b", pa.int8()), ("c", pa.string())]),
        st.fixed_dictionaries(
            {
                "a": st.none() | st.integers(0, 3),
                "b": st.none() | st.integers(0, 3),
                "c": st.none() | _TEXT,
            }
        ),
    ),
    "list of structs": (
        pa.list_(pa.struct([("a", pa.decimal128(5, 2)), ("b", pa.bool_())])),
        st.lists(
            st.none()
            | st.fixed_dictionaries(
                {
                    "a": st.none() | st.decimals(-99, 99, places=2),
                    "b": st.none() | st.booleans(),
                }
            ),
            max_size=2,
        ),
    ),
}


@st.composite
def columns(draw: st.DrawFn, kind: str, rows: int) -> pa.Array:
    """One column of a kind, with and without nulls."""
    arrow_type, values = KINDS[kind]
    if draw(st.booleans()):
        values = st.none() | values
    items = draw(st.lists(values, min_size=rows, max_size=rows))
    if pa.types.is_dictionary(arrow_type):
        return pa.array(items, arrow_type.value_type).dictionary_encode().cast(arrow_type)
    return pa.array(items, arrow_type)


@st.composite
def tables(draw: st.DrawFn, max_rows: int = 5, min_columns: int = 0) -> pa.Table:
    """A table of up to four columns of any kinds."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=min_columns, max_size=4))
    rows = draw(st.integers(0, max_rows)) if kinds else 0
    names = draw(
        st.lists(
            st.text("abcé _.-0", min_size=1, max_size=5),
            min_size=len(kinds),
            max_size=len(kinds),
            unique=True,
        )
    )
    return pa.table({name: draw(columns(kind, rows)) for name, kind in zip(names, kinds, strict=True)})


def values(table: pa.Table) -> str:
    """All that a table says, as text: names and values; unlike `equals`, it tells 0.0 from -0.0."""
    return repr({name: table.column(name).to_pylist() for name in table.column_names})
