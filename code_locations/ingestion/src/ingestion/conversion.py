"""From what a source gives to the contract's types: exactly, or not at all.

contract     taken from
decimal      text, whole numbers, decimals; never from a floating point number
timestamp    ISO text, timestamps; with a zone only from such with a zone, and the other way round
date         ISO text, dates, midnights
whole number whole numbers
text         text, whole numbers (SQLite keeps digits as numbers in a column without a type)
boolean      booleans, 0 and 1
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt


class ValueUnreadable(ValueError):
    """A column holds what cannot be turned into the contract's type without loss."""


def converted(rows: pa.Table, schema: pa.Schema, where: str, hidden: Collection[str] = ()) -> pa.Table:
    """Bring rows to a schema, column by column, in its order.

    Args:
        where: the table and its source, for errors.
        hidden: columns whose values no error may repeat.

    Raises:
        ValueUnreadable: a column's type or one of its values does not fit.
    """
    arrays = []
    for field in schema:
        column = _plain(rows.column(field.name))
        try:
            arrays.append(_cast(column, field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            reason = "" if field.name in hidden else f" ({str(error).splitlines()[0][:200]})"
            raise ValueUnreadable(
                f"Expected {field.type} in the column {field.name!r} of {where}, found {column.type} "
                f"that cannot be turned into it exactly{reason}. Correct the source, or the contract."
            ) from error
    return pa.Table.from_arrays(arrays, names=schema.names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without the driver's own types, such as Postgres' numeric, which is text underneath."""
    if isinstance(column.type, pa.BaseExtensionType):
        return pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return column


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    found = column.type
    if found.equals(wanted):
        return column
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), wanted)], wanted)
    if not _fits(column, wanted):
        raise pa.ArrowTypeError("types of different kinds")
    if pt.is_decimal(wanted) and pt.is_integer(found):
        # Directly, Arrow asks for room for the largest number of the integer's type.
        column = pc.cast(column, pa.string())
    cast = pc.cast(column, wanted)
    if pt.is_date(wanted) and pt.is_timestamp(found) and not pc.cast(cast, found).equals(column):
        raise pa.ArrowInvalid("a time of day would be lost")  # Arrow drops it without a word
    return cast


def _fits(column: pa.ChunkedArray, wanted: pa.DataType) -> bool:
    found = column.type
    text = pt.is_string(found) or pt.is_large_string(found)
    if pt.is_decimal(wanted):
        return bool(text or pt.is_integer(found) or pt.is_decimal(found))
    if pt.is_timestamp(wanted):
        return bool(text or (pt.is_timestamp(found) and (found.tz is None) == (wanted.tz is None)))
    if pt.is_date(wanted):
        return bool(text or pt.is_date(found) or (pt.is_timestamp(found) and found.tz is None))
    if pt.is_integer(wanted):
        return bool(pt.is_integer(found) or pt.is_decimal(found))
    if pt.is_string(wanted) or pt.is_large_string(wanted):
        return bool(text or pt.is_integer(found))
    if pt.is_boolean(wanted):
        return bool(pt.is_integer(found) and pc.all(pc.is_in(column.drop_null(), pa.array([0, 1], found))).as_py())
    if pt.is_floating(wanted):
        return bool(pt.is_floating(found) or pt.is_integer(found))
    return True
