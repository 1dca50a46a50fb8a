"""The component `DatabaseTables`: the tables listed in `defs.yaml` become an asset each, with a sensor for changes.

    type: ingestion.components.database_tables.DatabaseTables
    attributes:
      tables:
        - table: shop.customers
          contract: contracts.shop.ShopCustomers
          cursor: updated_at
        - table: shop.orders
          contract: contracts.shop.ShopOrders
          cursor: updated_at
          day: ordered_at

An asset a table, so that one table can fail alone. A table whose contract has no partitions is taken as a snapshot:
what has changed is merged over the last one. A table that is partitioned by day is read day by day.
"""
# No `from __future__ import annotations` here: Dagster resolves the fields' annotations.

import datetime as dt
import importlib
from collections.abc import Sequence
from typing import Annotated

import dagster as dg

from ingestion.source_database import (
    DeletePolicy,
    SourceDatabase,
    SourceTable,
    changes_sensor,
    previous_snapshot,
    read_day,
    read_snapshot,
)
from slipway.quality import DeclarationError, Judged, Table, TableAsset

FULL_REFRESH = "slipway/full_refresh"
"""Run tag; `true` reads snapshots from the start instead of by their changes."""


def _declared_table(context: dg.ResolutionContext, path: str) -> type[Table]:
    """The table that an import path such as contracts.shop.ShopOrders names."""
    path = context.resolve_value(path, as_type=str)
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise DeclarationError(
            f"`contract` is {path!r}: expected the import path of a declared table, such as contracts.shop.ShopOrders "
            f"({error})."
        ) from error
    if not (isinstance(found, type) and issubclass(found, Table)):
        raise DeclarationError(f"`contract` is {path!r}: expected a declared table, found {found!r}.")
    return found


class TableEntry(dg.Model, dg.Resolvable):
    """One table of the list; see `SourceTable` for what its attributes mean."""

    table: str
    contract: Annotated[type[Table], dg.Resolver(_declared_table, model_field_type=str)]
    cursor: str
    day: str | None = None
    delete_policy: DeletePolicy = "compare_keys"


class DatabaseTables(dg.Component, dg.Model, dg.Resolvable):
    """Takes the tables of a database into the lake, and follows their changes.

    Attributes:
        tables: the list.
        resource: key of the `SourceDatabase` resource to read from.
        check_seconds: how often the sensor asks for changes.
        recent_days: how many of the newest days are compared key by key, to find deletions that leave no trace.
    """

    tables: Sequence[TableEntry]
    resource: str = "shop_database"
    check_seconds: int = 30
    recent_days: int = 14

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        return self.definitions()

    def definitions(self) -> dg.Definitions:
        """The assets and the sensor `<resource>_changes`.

        Raises:
            DeclarationError: an entry does not fit its contract, or a table stands there twice.
        """
        tables = [
            SourceTable(entry.table, entry.contract, entry.cursor, entry.day, entry.delete_policy)
            for entry in self.tables
        ]
        for what, names in (
            ("table", [table.name for table in tables]),
            ("contract", [table.contract.key_text for table in tables]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise DeclarationError(f"The {what} {twice[0]} stands twice in the list of tables; list it once.")
        return dg.Definitions(
            assets=[table_asset(table, self.resource) for table in tables],
            sensors=[
                changes_sensor(
                    f"{self.resource}_changes",
                    tables,
                    self.resource,
                    seconds=self.check_seconds,
                    recent_days=self.recent_days,
                )
            ],
        )


def table_asset(table: SourceTable, resource_key: str) -> TableAsset[..., Judged]:
    """The asset of one table: a function of (day, database) or, for a snapshot, of (context, database)."""

    def day_rows(day: dt.date, database: SourceDatabase) -> Judged:
        return read_day(database, table, day)

    def snapshot(context: dg.AssetExecutionContext, database: SourceDatabase) -> Judged:
        previous = previous_snapshot(context.resources.io_manager.lake, table, database.name)
        everything = context.run.tags.get(FULL_REFRESH, "").lower() == "true"
        return read_snapshot(database, table, previous, everything=everything)

    function = day_rows if table.day else snapshot
    function.__name__ = table.contract.key.to_python_identifier()
    asset: TableAsset[..., Judged] = table.table.asset(resource_keys={"database": resource_key})(function)
    return asset
