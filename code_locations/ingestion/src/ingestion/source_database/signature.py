"""What a day, or a snapshot, of a source table looks like: enough to tell whether the lake holds it already.

The asset writes the signature of what it read into the partition's provenance; the sensor works out that of the source
and compares. So the lake itself remembers what was taken, and a lost cursor starts nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.source_database.table import DeletePolicy, SourceTable
from slipway.lake.hashing import content_hash


@dataclass(frozen=True)
class Signature:
    """Attributes:
    rows: the number of rows.
    newest: the largest cursor, as text; empty where there is no row.
    keys: a hash of the keys; empty where only counts were asked for.
    """

    rows: int
    newest: str = ""
    keys: str = ""

    @classmethod
    def of(cls, rows: pa.Table, table: SourceTable) -> Signature:
        """The signature of rows; key and cursor columns are enough."""
        newest = pc.max(rows.column(table.cursor)).as_py() if len(rows) else None
        return cls(len(rows), cursor_text(newest), key_hash(rows, table))

    @classmethod
    def from_source(cls, source: Mapping[str, Any]) -> Signature | None:
        """As a partition's provenance has it; None for one that was not made from a source table."""
        if "rows" not in source or "newest" not in source:
            return None
        return cls(int(source["rows"]), str(source["newest"]), str(source.get("keys", "")))

    @classmethod
    def unreadable(cls, why: str) -> Signature:
        """What stands for rows that could not be read."""
        return cls(-1, why)

    @property
    def readable(self) -> bool:
        return self.rows >= 0

    def as_source(self) -> dict[str, Any]:
        return {"rows": self.rows, "newest": self.newest, "keys": self.keys}

    def __str__(self) -> str:
        return f"{self.rows} {self.newest} {self.keys}".rstrip()

    def same(self, other: Signature) -> bool:
        """Whether both may be of the same rows; keys count where both know them."""
        same_keys = self.keys == other.keys or not self.keys or not other.keys
        return self.rows == other.rows and self.newest == other.newest and same_keys

    def held_by(self, lake: Signature | None, policy: DeletePolicy) -> bool:
        """Whether what the lake holds is what the source has.

        With `ignore` the lake may hold more rows than the source, and newer ones.
        """
        if lake is None:
            return False
        if policy == "ignore":
            return self.rows <= lake.rows and self.newest <= lake.newest
        return self.same(lake)


def cursor_text(value: dt.date | int | None) -> str:
    """A cursor as text that sorts as the cursor does."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, dt.date) else f"{value:020d}"


def cursor_value(text: str, kind: pa.DataType) -> Any:
    """The inverse of `cursor_text`; None for an empty text."""
    if not text:
        return None
    if pa.types.is_timestamp(kind):
        return dt.datetime.fromisoformat(text)
    return dt.date.fromisoformat(text) if pa.types.is_date(kind) else int(text)


def key_hash(rows: pa.Table, table: SourceTable) -> str:
    keys = rows.select(list(table.keys)).sort_by([(name, "ascending") for name in table.keys])
    return content_hash(keys.combine_chunks())[:16]
