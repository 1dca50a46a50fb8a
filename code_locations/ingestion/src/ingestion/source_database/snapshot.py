"""A whole source table as it is now: what has changed since the last snapshot, merged over it by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.source_database.database import Reading, SourceDatabase
from ingestion.source_database.day import judged
from ingestion.source_database.table import SourceTable
from slipway.lake import Lake
from slipway.lake.frames import to_polars
from slipway.quality import Judged


@dataclass(frozen=True)
class Merged:
    """A snapshot and how it came about.

    Attributes:
        rows: the snapshot.
        inserted, updated, deleted: rows that differ from the previous one.
        unseen: rows of the source that neither the previous snapshot nor the changes have: their cursor is older than
            the snapshot, as when a long transaction commits late.
    """

    rows: pl.DataFrame
    inserted: int
    updated: int
    deleted: int
    unseen: int = 0


def previous_snapshot(lake: Lake, table: SourceTable, database: str) -> pa.Table | None:
    """The last snapshot, if what changes since can be merged over it.

    None where there is none, where it was taken from another database or table, or under another contract: a column
    that the contract has gained would stay empty in rows that do not change.
    """
    contract = table.contract
    provenance = lake.provenance(contract.path, {})
    if provenance is None or provenance.contract != contract.version:
        return None
    if (provenance.source.get("database"), provenance.source.get("table")) != (database, table.name):
        return None
    return lake.load(contract.path, [(None, {})]).table(dimensions=False).cast(table.arrow_schema)


def read_snapshot(
    database: SourceDatabase, table: SourceTable, previous: pa.Table | None = None, *, everything: bool = False
) -> Judged:
    """The table as it is now, ordered by key.

    Rows whose cursor is at or after the largest one of the previous snapshot are read: at, because more rows may have
    got that very moment after it was read. Deleted rows are found by comparing keys.

    Args:
        everything: read all rows, though there is a previous snapshot; rows that `ignore` has kept go as well.

    Raises:
        DatabaseUnreachable, TableUnreadable, ColumnsMissing, ValuesUnreadable
    """
    since = pc.max(previous.column(table.cursor)).as_py() if previous is not None and len(previous) else None
    with database.reading(table) as reading:
        extra = reading.extra_columns
        if everything or previous is None or since is None:
            rows, metadata = _everything(reading, previous, table)
        else:
            rows, metadata = _changes(reading, previous, table, since)
    return judged(database, table, rows, extra, metadata)


def merge(previous: pl.DataFrame, changed: pl.DataFrame, keys: pl.DataFrame | None, by: tuple[str, ...]) -> Merged:
    """Lay changed rows over a snapshot, and drop rows whose key the source no longer has.

    Args:
        keys: every key of the source; None keeps rows that it has deleted.
        by: the key's columns.
    """
    on = list(by)
    new = changed.join(previous, on=on, how="anti")
    known = changed.join(previous, on=on, how="semi")
    updated = known.join(previous, on=known.columns, how="anti", nulls_equal=True)
    merged = pl.concat([previous.join(changed, on=on, how="anti"), changed])
    if keys is None:
        return Merged(merged, len(new), len(updated), deleted=0)
    kept = merged.join(keys, on=on, how="semi")
    unseen = keys.join(merged, on=on, how="anti")
    return Merged(kept, len(new), len(updated), deleted=len(merged) - len(kept), unseen=len(unseen))


def _everything(reading: Reading, previous: pa.Table | None, table: SourceTable) -> tuple[pa.Table, dict[str, Any]]:
    rows = reading.rows()
    before = to_polars(previous) if previous is not None else to_polars(table.arrow_schema.empty_table())
    now = to_polars(rows)
    merged = merge(before, now, now.select(table.keys), table.keys)
    return rows, _metadata(merged, len(rows), "everything")


def _changes(reading: Reading, previous: pa.Table, table: SourceTable, since: Any) -> tuple[pa.Table, dict[str, Any]]:
    changed = reading.changed(since)
    keys = to_polars(reading.rows(table.keys)) if table.delete_policy == "compare_keys" else None
    merged = merge(to_polars(previous), to_polars(changed), keys, table.keys)
    if merged.unseen:
        rows, metadata = _everything(reading, previous, table)
        return rows, {**metadata, "rows found by their key alone": merged.unseen}
    return _arrow(merged.rows, table), _metadata(merged, len(changed), f"changes since {since}")


def _metadata(merged: Merged, read: int, what: str) -> dict[str, Any]:
    return {
        "read": what,
        "rows read": read,
        "rows inserted": merged.inserted,
        "rows updated": merged.updated,
        "rows deleted": merged.deleted,
    }


def _arrow(rows: pl.DataFrame, table: SourceTable) -> pa.Table:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(table.arrow_schema)
