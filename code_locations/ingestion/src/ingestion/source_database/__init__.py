"""Reading the tables of an application's database: whole tables by their changes, or day by day.

A `SourceTable` says what a table becomes; `SourceDatabase` reads it, from SQLite files or Postgres; `read_snapshot` and
`read_day` make what an asset returns; `changes_sensor` asks for what has changed. The component `DatabaseTables` puts
them together from a list in `defs.yaml`.
"""

from ingestion.source_database.database import SHOP_DATABASE, SourceDatabase
from ingestion.source_database.day import read_day
from ingestion.source_database.errors import (
    AddressError,
    ColumnsMissing,
    DatabaseUnreachable,
    SourceError,
    TableUnreadable,
    ValuesUnreadable,
)
from ingestion.source_database.sensor import changes_sensor
from ingestion.source_database.snapshot import previous_snapshot, read_snapshot
from ingestion.source_database.table import DeletePolicy, SourceTable

__all__ = [
    "SHOP_DATABASE",
    "AddressError",
    "ColumnsMissing",
    "DatabaseUnreachable",
    "DeletePolicy",
    "SourceDatabase",
    "SourceError",
    "SourceTable",
    "TableUnreadable",
    "ValuesUnreadable",
    "changes_sensor",
    "previous_snapshot",
    "read_day",
    "read_snapshot",
]
