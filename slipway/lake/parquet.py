"""One partition as Parquet bytes, with its provenance in the footer, and back."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from slipway.lake.errors import FrameError, LakeUnavailable
from slipway.lake.store import Store

_FOOTER_KEY = b"slipway"
# Most footers fit; a larger one costs a second read.
_TAIL = 32 * 1024

Rows = Sequence[tuple[str, str, Any]]
"""Conditions on rows, all of which must hold, such as [("channel", "==", "web")]."""


@dataclass(frozen=True)
class Provenance:
    """Who made an object, from what. Kept in the object itself, so that it travels with every copy.

    Attributes:
        asset: the asset key as a path.
        partition: the partition key; None for an unpartitioned asset.
        run_id: the Dagster run that wrote it.
        code_version: the asset's declared code version, if any.
        contract: the version of the table's contract, if it has one.
        rows: number of rows.
        data_version: content hash without volatile columns.
        inputs: data version read of each upstream asset, by its key as a path.
        measures: the table's business figures.
        kind: how the value is given back to a reader without annotation (see `frames`).
        source: where it came from outside the lake, such as a file's name and version.
    """

    asset: str
    partition: str | None
    run_id: str
    rows: int
    data_version: str
    code_version: str | None = None
    contract: str | None = None
    kind: str = "frame"
    written_at: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Provenance:
        known = cls.__dataclass_fields__
        # A later release may add fields; an older reader must still understand the rest.
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


def storable(table: pa.Table) -> pa.Table:
    """A table in the types that Parquet gives back as they are, so that what is read hashes like what was written.

    Seconds become milliseconds and 64-bit dates 32-bit ones, as Parquet has no others; fixed-size lists become lists,
    because Arrow cannot read back one with a null in it.
    """
    columns, fields = [], []
    for one, column in zip(table.schema, table.columns, strict=True):
        if pt.is_run_end_encoded(one.type):
            column = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], one.type.value_type)
        wanted = _storable_type(column.type)
        columns.append(column if wanted.equals(column.type) else column.cast(wanted))
        fields.append(one.with_type(wanted))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=table.schema.metadata))


def _storable_type(kind: pa.DataType) -> pa.DataType:
    if pt.is_interval(kind):
        raise FrameError(f"Parquet knows no {kind}. Store a duration, or text.")
    if pt.is_date64(kind):
        return pa.date32()
    if pt.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    if pt.is_time32(kind) and kind.unit == "s":
        return pa.time32("ms")
    if pt.is_struct(kind):
        return pa.struct([field.with_type(_storable_type(field.type)) for field in kind])
    if pt.is_list(kind) or pt.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(_storable_type(kind.value_type)))
    if pt.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_storable_type(kind.value_type)))
    return kind


def encode(table: pa.Table, provenance: Provenance | None = None) -> bytes:
    """A table as Parquet bytes: zstd, statistics, one footer entry `slipway` with the provenance as JSON.

    Raises:
        FrameError: a column has a type that Parquet does not know, such as a struct without fields.
    """
    metadata = dict(table.schema.metadata or {})
    if provenance:
        metadata[_FOOTER_KEY] = provenance.to_json().encode()
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(
            storable(table).replace_schema_metadata(metadata or None),
            sink,
            compression="zstd",
            compression_level=1,
            # Checked on reading: a disk that gives back other bytes must not pass for other figures.
            write_page_checksum=True,
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise FrameError(
            f"The frame cannot be stored as Parquet: {error}. Give the column another type, such as text."
        ) from error
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode(
    data: bytes,
    columns: Sequence[str] | None = None,
    rows: Rows | None = None,
    schema: pa.Schema | None = None,
) -> tuple[pa.Table, Provenance | None]:
    """Parquet bytes as a table; only these columns and rows are decoded.

    Args:
        schema: the contract's schema, to which the columns are cast; a column that an older object does not have
            yet reads as null.

    Raises:
        FrameError: a column that is asked for is neither in the object nor in the schema.
        LakeUnavailable: the bytes are not Parquet.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise LakeUnavailable(
            f"expected a Parquet object, found {len(data)} bytes that are not one. "
            "Something else wrote there; move it away and materialize the partition again."
        ) from error
    present = file.schema_arrow.names
    known = present if schema is None else schema.names
    asked = [*(columns or ()), *(condition[0] for condition in rows or ())]
    if absent := [name for name in dict.fromkeys(asked) if name not in known]:
        raise FrameError(f"Expected the column {', '.join(map(repr, absent))}; found only {', '.join(known)}.")
    wanted = list(columns) if columns is not None else None
    if schema is not None:
        wanted = [name for name in (schema.names if wanted is None else wanted) if name in present]
    if rows and not all(condition[0] in present for condition in rows):
        # An older object: what it does not have yet is null, and a condition does not hold for null.
        table = file.schema_arrow.empty_table()
        table = table.select(wanted) if wanted is not None else table
    else:
        try:
            table = _read(data, file, wanted, rows)
        except OSError as error:
            raise LakeUnavailable(
                f"the object is damaged: {error}. Bring back an earlier version of it, or materialize it again."
            ) from error
    if schema is not None:
        table = _as_schema(table, schema, columns)
    # The provenance is the object's, not the frame's: it must not travel into what is made from it.
    kept = {name: value for name, value in (table.schema.metadata or {}).items() if name != _FOOTER_KEY}
    return table.replace_schema_metadata(kept or None), _provenance(file.metadata.metadata)


def _read(data: bytes, file: pq.ParquetFile, columns: Sequence[str] | None, rows: Rows | None) -> pa.Table:
    if not rows:
        return file.read(columns=columns, use_threads=False)
    # PyArrow lets a null pass `not in`, as the only condition.
    valid = [pc.field(name).is_valid() for name, sign, _value in rows if sign == "not in"]
    return pq.read_table(
        pa.BufferReader(data),
        columns=columns,
        filters=functools.reduce(operator.and_, valid, pq.filters_to_expression(list(rows))),
        partitioning=None,
        use_threads=False,
        page_checksum_verification=True,
    )


def _as_schema(table: pa.Table, schema: pa.Schema, columns: Sequence[str] | None) -> pa.Table:
    wanted = [schema.field(name) for name in columns] if columns is not None else list(schema)
    arrays = []
    for one in wanted:
        if one.name not in table.schema.names:
            arrays.append(pa.nulls(len(table), one.type))
            continue
        column = table.column(one.name)
        try:
            arrays.append(column.cast(one.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise FrameError(
                f"The column {one.name!r} was written as {column.type} and does not read as the contract's "
                f"{one.type}: {error}. Materialize the partition again under the new contract."
            ) from error
    return pa.Table.from_arrays(arrays, schema=pa.schema(wanted))


def read_provenance(store: Store, path: str, version: str | None = None) -> Provenance | None:
    """Read just the footer of an object, or of an earlier version; None where there is no object, or none of ours."""
    footer = _footer(store, path, version)
    return _provenance(footer.metadata) if footer else None


def read_schema(store: Store, path: str) -> pa.Schema | None:
    """An object's columns and types, from its footer alone; None where there is no object."""
    footer = _footer(store, path)
    return footer.schema.to_arrow_schema() if footer else None


def _footer(store: Store, path: str, version: str | None = None) -> pq.FileMetaData | None:
    tail = store.get_tail(path, _TAIL, version)
    if tail is None:
        return None
    data, size = tail
    footer = int.from_bytes(data[-8:-4], "little") + 8
    if data[-4:] != b"PAR1" or footer > size:
        raise LakeUnavailable(
            f"Expected a Parquet object at {store.location(path)}, found {size} bytes that are not one. "
            "Something else wrote there; move it away and materialize the partition again."
        )
    if footer > len(data):
        longer = store.get_tail(path, footer, version)
        if longer is None:
            return None
        data = longer[0]
    # The footer alone is a valid input for the metadata reader when the leading magic bytes are there.
    return pq.read_metadata(pa.BufferReader(b"PAR1" + data))


def _provenance(metadata: dict[bytes, bytes] | None) -> Provenance | None:
    text = (metadata or {}).get(_FOOTER_KEY)
    return Provenance.from_json(text) if text else None
