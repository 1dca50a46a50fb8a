"""A day's rows of a source table, as they are now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ingestion.source_database.database import SourceDatabase
from ingestion.source_database.signature import Signature
from ingestion.source_database.table import SourceTable
from slipway.quality import Judged

_ONE_DAY = dt.timedelta(days=1)


def read_day(database: SourceDatabase, table: SourceTable, day: dt.date) -> Judged:
    """All rows whose day it is, ordered by key. They replace the day, and so follow corrections and deletions.

    Raises:
        DatabaseUnreachable, TableUnreadable, ColumnsMissing, ValuesUnreadable
    """
    with database.reading(table) as reading:
        rows = reading.rows(column=table.day, at_least=day, below=day + _ONE_DAY)
        extra = reading.extra_columns
    return judged(database, table, rows, extra, {})


def judged(
    database: SourceDatabase, table: SourceTable, rows: pa.Table, extra: Sequence[str], metadata: dict[str, Any]
) -> Judged:
    """Rows in the order of their keys, with where they came from."""
    ordered = rows.sort_by([(name, "ascending") for name in table.keys])
    if extra:
        metadata["columns not in the contract"] = ", ".join(extra)
    return Judged(
        ordered,
        metadata=metadata,
        source={"database": database.name, "table": table.name, **Signature.of(ordered, table).as_source()},
    )
