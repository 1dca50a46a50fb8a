"""Frames to Arrow and back: pandas, PyArrow, Polars (eager and lazy), DuckDB, records.

Arrow is the one form in which the lake judges, hashes and stores a frame. pandas gets Arrow-backed dtypes, so that
decimals stay exact and integers with nulls stay integers.
"""

from __future__ import annotations

import sys
import types
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from slipway.lake.errors import FrameError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

FRAME = "frame"
RECORD = "record"
RECORDS = "records"
VALUES = "values"
"""How a value was stored, kept in the object's provenance: a reader without annotation gets it back the same way."""

_VALUE_COLUMN = "value"


class _Nothing:
    """No value is of this class."""


def pandas_frame() -> type[Any]:
    """pandas' class of frames. pandas and DuckDB are imported when something needs them: a code server and most runs
    do not, and would pay 0.3 s and 50 MB for them."""
    return _class_of("pandas", "DataFrame")


def duckdb_relation() -> type[Any]:
    """DuckDB's class of relations."""
    return _class_of("duckdb", "DuckDBPyRelation")


def _class_of(library: str, name: str) -> type[Any]:
    """A class of a library, if that has been imported: otherwise no value and no annotation can be of it."""
    return getattr(sys.modules.get(library), name, _Nothing)


def to_arrow(value: Any) -> tuple[pa.Table, str]:
    """Turn what an asset returned into an Arrow table and the kind of value it was.

    Raises:
        FrameError: the value is no table and no records, or two of its columns have the same name.
    """
    table, kind = _to_arrow(value)
    if len(set(table.schema.names)) < len(table.schema.names):
        names = [name for name in table.schema.names if table.schema.names.count(name) > 1]
        raise FrameError(
            f"Expected each column once, found {', '.join(map(repr, dict.fromkeys(names)))} several times. "
            "Rename one of them."
        )
    return table, kind


def _to_arrow(value: Any) -> tuple[pa.Table, str]:
    try:
        if isinstance(value, pandas_frame()):
            return _from_pandas(value), FRAME
        if isinstance(value, pa.Table):
            return value, FRAME
        if isinstance(value, pl.LazyFrame):
            value = value.collect()
        if isinstance(value, pl.DataFrame):
            if objects := [name for name, kind in value.schema.items() if kind == pl.Object]:
                # Polars would hand out the addresses of the objects as if they were values.
                raise FrameError(
                    f"The column {objects[0]!r} holds Python objects, which cannot be stored. "
                    "Give it a type, such as text."
                )
            return value.to_arrow(compat_level=pl.CompatLevel.oldest()), FRAME
        if isinstance(value, duckdb_relation()):
            return value.to_arrow_table(), FRAME
        if isinstance(value, pa.RecordBatch):
            return pa.Table.from_batches([value]), FRAME
        if isinstance(value, pa.RecordBatchReader):
            return value.read_all(), FRAME
        if isinstance(value, Mapping):
            return _records([value]), RECORD
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            if all(isinstance(item, Mapping) for item in value):
                return _records(value), RECORDS
            return pa.table({_VALUE_COLUMN: pa.array(value)}), VALUES
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise FrameError(
            f"This {type(value).__name__} cannot be stored as a table: {error}. Give each column values of one type."
        ) from error
    raise FrameError(
        "Expected a pandas, PyArrow or Polars frame, a DuckDB relation, a dict, a list of records, Partitions or File; "
        f"found {type(value).__module__}.{type(value).__qualname__}. Return one of these, or give the asset an IO "
        "manager that can store it."
    )


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    """A pandas frame with its index, if the index means something: has a name, or labels that are no numbers.

    The numbers that filtering, sorting and concatenating leave are row positions of another frame.
    """
    if not frame.columns.is_unique:
        return pa.Table.from_arrays(
            [pa.nulls(len(frame))] * len(frame.columns), names=[str(name) for name in frame.columns]
        )
    import pandas as pd

    index = frame.index
    leftover = index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index.dtype)
    return pa.Table.from_pandas(frame, preserve_index=False if leftover else None)


def _records(records: Sequence[Mapping[Any, Any]]) -> pa.Table:
    for record in records:
        for key in record:
            if not isinstance(key, str):
                raise FrameError(
                    f"Expected records with text keys, found the key {key!r} of type {type(key).__name__}."
                )
    names = list(dict.fromkeys(key for record in records for key in record))
    if not names:
        # A table needs a column to have rows; an empty record keeps its row this way.
        return pa.table({"": pa.nulls(len(records))})
    return pa.table({name: pa.array([record.get(name) for record in records]) for name in names})


def from_arrow(table: pa.Table, wanted: Any, kind: str = FRAME, connection: Any = None) -> Any:
    """Turn an Arrow table into the type that a parameter is annotated with.

    Args:
        wanted: the annotation; None or Any gives what was stored: records as records, all else as pandas.
        connection: the DuckDB connection that a relation belongs to.
    """
    wanted = plain_type(wanted)
    if wanted is None:
        wanted = {RECORD: dict, RECORDS: list, VALUES: list}.get(kind)
    if wanted is None or wanted is pandas_frame():
        return table.to_pandas(types_mapper=_pandas_type, ignore_metadata=kind != FRAME)
    if wanted is pa.Table:
        return table
    if wanted is pl.DataFrame:
        return to_polars(table)
    if wanted is pl.LazyFrame:
        return to_polars(table).lazy()
    if wanted is duckdb_relation():
        return (connection or duckdb_connection()).from_arrow(table)
    if wanted is dict:
        rows = _rows(table)
        if len(rows) != 1:
            raise FrameError(
                f"Expected one record, because the parameter is annotated dict; found {len(rows)} rows. "
                "Annotate it with list or a frame."
            )
        return rows[0]
    if wanted is list:
        if kind == VALUES:
            return table.column(_VALUE_COLUMN).to_pylist()
        return _rows(table)
    raise FrameError(f"Expected an annotation of pandas, PyArrow, Polars, DuckDB, dict or list; found {wanted!r}.")


def duckdb_connection() -> duckdb.DuckDBPyConnection:
    """A connection that gives times with a zone back in UTC: DuckDB would use the zone of the machine it runs on."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _pandas_type(kind: pa.DataType) -> pd.ArrowDtype | None:
    """Arrow-backed columns; categoricals stay pandas' own, which alone have `.cat` and group by their categories."""
    import pandas as pd

    return None if pt.is_dictionary(kind) else pd.ArrowDtype(kind)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    if table.column_names == [""]:
        return [{} for _ in range(len(table))]
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def to_polars(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as a Polars frame, without copying where the memory layout allows it."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def plain_type(annotation: Any) -> Any:
    """The class behind an annotation: `list[dict]` is list, `pd.DataFrame | None` is DataFrame; None for Any."""
    if annotation is None or annotation is Any or annotation is object:
        return None
    origin = get_origin(annotation)
    if origin is Union or origin is types.UnionType:
        rest = [option for option in get_args(annotation) if option is not type(None)]
        return plain_type(rest[0]) if len(rest) == 1 else None
    if origin is not None:
        annotation = origin
    if annotation is Mapping:
        return dict
    if annotation is Sequence:
        return list
    return annotation


def by_partition(annotation: Any) -> Any | None:
    """The frame type of `dict[str, <frame>]`, the annotation for one frame a partition; None for others."""
    if plain_type(annotation) is dict and len(get_args(annotation)) == 2:
        frame = plain_type(get_args(annotation)[1])
        if frame in (pandas_frame(), pa.Table, pl.DataFrame, pl.LazyFrame, duckdb_relation()):
            return frame
    return None


def conform(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Bring a table to a schema: its columns, in its order, cast where no value can change.

    Raises:
        FrameError: columns are missing or not in the schema, a type is of another kind, or a value does not fit;
            the message shows each difference.
    """
    missing = [field.name for field in schema if field.name not in table.schema.names]
    unexpected = [column for column in table.schema.names if column not in schema.names]
    differences = [
        *(f"- {column}: {schema.field(column).type}   (missing)" for column in missing),
        *(f"+ {column}: {table.schema.field(column).type}   (not in the contract)" for column in unexpected),
    ]
    arrays = []
    for field in schema:
        if field.name in missing:
            continue
        column = table.column(field.name)
        try:
            array = _cast(column, field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, FrameError) as error:
            differences.append(f"! {field.name}: {field.type}   (found {column.type}: {error})")
            continue
        if not field.nullable and array.null_count:
            differences.append(f"! {field.name}: {field.type}   (found {array.null_count} missing values)")
        arrays.append(array)
    if differences:
        raise FrameError(
            f"The frame does not hold against the contract of {name}:\n  "
            + "\n  ".join(differences)
            + "\nReturn the columns of the contract, or change the contract first."
        )
    return pa.Table.from_arrays(arrays, schema=schema)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    found = column.type
    if found.equals(wanted):
        return column
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), wanted)])
    _check_cast(found, wanted)
    if pt.is_dictionary(found) and not pt.is_dictionary(wanted):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
        found = column.type
    if pt.is_dictionary(wanted):
        return column.cast(wanted.value_type).dictionary_encode().cast(wanted)
    if pt.is_decimal(wanted) and pt.is_integer(found):
        # Arrow asks for room for the type's largest value; what counts is room for the values that are there.
        return column.cast(pa.decimal256(76, wanted.scale)).cast(wanted)
    cast = column.cast(wanted)
    if pt.is_floating(found) and pt.is_floating(wanted) and wanted.bit_width < found.bit_width:
        again = cast.cast(found)
        same = pc.or_kleene(pc.equal(again, column), pc.is_nan(column))
        if not pc.all(same, min_count=0).as_py():
            raise FrameError(f"some values have more digits than {wanted} holds; round them in the asset")
    return cast


def _check_cast(found: pa.DataType, wanted: pa.DataType) -> None:
    """Refuse a cast that would interpret values instead of only storing them otherwise, at any depth."""
    found = found.value_type if pt.is_dictionary(found) else found
    wanted = wanted.value_type if pt.is_dictionary(wanted) else wanted
    if pt.is_null(found) or found.equals(wanted):
        return
    if _kind(found) not in _CASTS[_kind(wanted)]:
        raise FrameError(f"{_kind(found)} is not turned into {_kind(wanted)} silently")
    if pt.is_timestamp(wanted) and wanted.tz is not None and (pt.is_date(found) or found.tz is None):
        raise FrameError(f"a {_kind(found)} without a zone does not say which time it is; convert it in the asset")
    if pt.is_timestamp(wanted) and wanted.tz is None and pt.is_timestamp(found) and found.tz is not None:
        raise FrameError("a time with a zone and one without are not the same; convert it in the asset")
    if pt.is_struct(wanted):
        names = [field.name for field in found]
        if set(names) != {field.name for field in wanted}:
            raise FrameError(f"its fields are {', '.join(names)}")
        for field in wanted:
            _check_cast(found.field(field.name).type, field.type)
    elif pt.is_map(wanted):
        _check_cast(found.key_type, wanted.key_type)
        _check_cast(found.item_type, wanted.item_type)
    elif _kind(wanted) == "list":
        _check_cast(found.value_type, wanted.value_type)


def _kind(kind: pa.DataType) -> str:
    if pt.is_dictionary(kind):
        return _kind(kind.value_type)
    for name, test in _KINDS:
        if test(kind):
            return name
    return str(kind)


_KINDS = (
    ("null", pt.is_null),
    ("boolean", pt.is_boolean),
    ("integer", pt.is_integer),
    ("float", pt.is_floating),
    ("decimal", pt.is_decimal),
    ("text", lambda t: pt.is_string(t) or pt.is_large_string(t) or pt.is_string_view(t)),
    ("binary", lambda t: pt.is_binary(t) or pt.is_large_binary(t) or pt.is_fixed_size_binary(t)),
    ("date", pt.is_date),
    ("timestamp", pt.is_timestamp),
    ("time", pt.is_time),
    ("duration", pt.is_duration),
    ("list", lambda t: pt.is_list(t) or pt.is_large_list(t) or pt.is_fixed_size_list(t)),
    ("struct", pt.is_struct),
    ("map", pt.is_map),
)

# What may become what: a safe cast still refuses values that do not fit. Floats never become decimals (money would be
# rounded in silence), and text never becomes a number (that is parsing, an asset's work).
_CASTS: dict[str, set[str]] = defaultdict(set, {name: {name, "null"} for name, _ in _KINDS})
_CASTS["float"] |= {"integer"}
_CASTS["decimal"] |= {"integer"}
_CASTS["timestamp"] |= {"date"}
