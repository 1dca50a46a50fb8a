"""One partition as Parquet bytes, with its provenance in the footer, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slipway.lake.errors import LakeUnavailable
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


def encode(table: pa.Table, provenance: Provenance | None = None) -> bytes:
    """A table as Parquet bytes: zstd, statistics, one footer entry `slipway` with the provenance as JSON."""
    metadata = dict(table.schema.metadata or {})
    if provenance:
        metadata[_FOOTER_KEY] = provenance.to_json().encode()
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(metadata or None),
        sink,
        compression="zstd",
        compression_level=1,
    )
    return sink.getvalue().to_pybytes()


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
    """
    file = pq.ParquetFile(pa.BufferReader(data))
    present = file.schema_arrow.names
    wanted = list(columns) if columns is not None else None
    if schema is not None:
        wanted = [name for name in (wanted or schema.names) if name in present]
    elif wanted is not None:
        absent = [name for name in wanted if name not in present]
        if absent:
            raise KeyError(f"Expected the columns {absent}, found only {present}.")
    if rows:
        table = pq.read_table(
            pa.BufferReader(data),
            columns=wanted,
            filters=list(rows),
            partitioning=None,
            use_threads=False,
        )
    else:
        table = file.read(columns=wanted, use_threads=False)
    if schema is not None:
        table = _as_schema(table, schema, columns)
    return table, _provenance(file.metadata.metadata)


def _as_schema(table: pa.Table, schema: pa.Schema, columns: Sequence[str] | None) -> pa.Table:
    fields = [schema.field(name) for name in columns] if columns is not None else list(schema)
    arrays = [
        table.column(field.name).cast(field.type)
        if field.name in table.schema.names
        else pa.nulls(len(table), field.type)
        for field in fields
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def read_provenance(store: Store, path: str) -> Provenance | None:
    """Read just the footer of an object; None where there is no object, or none of ours."""
    tail = store.get_tail(path, _TAIL)
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
        longer = store.get_tail(path, footer)
        if longer is None:
            return None
        data = longer[0]
    # The footer alone is a valid input for the metadata reader when the leading magic bytes are there.
    return _provenance(pq.read_metadata(pa.BufferReader(b"PAR1" + data)).metadata)


def _provenance(metadata: dict[bytes, bytes] | None) -> Provenance | None:
    text = (metadata or {}).get(_FOOTER_KEY)
    return Provenance.from_json(text) if text else None
