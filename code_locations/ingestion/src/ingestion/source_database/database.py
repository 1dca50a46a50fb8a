"""The resource that reads a source database, through ADBC: rows come as Arrow, without a Python object a value."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import adbc_driver_manager
import dagster as dg
import pyarrow as pa
from pydantic import PrivateAttr

from ingestion.conversion import ValueUnreadable, converted
from ingestion.source_database import dialect
from ingestion.source_database.address import EXPECTED, Address, parse
from ingestion.source_database.dialect import Bound
from ingestion.source_database.errors import (
    ColumnsMissing,
    DatabaseUnreachable,
    TableUnreadable,
    ValuesUnreadable,
)
from ingestion.source_database.table import SourceTable
from slipway.location import setting

SHOP_DATABASE = "SLIPWAY_SHOP_DATABASE_URL"


class SourceDatabase(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Reads the tables of the database whose URL stands in an environment variable.

    Attributes:
        variable: the variable's name (`<variable>_FILE` may name a file with the URL instead). The URL itself, with its
            password, is no part of the resource's configuration, which Dagster stores and shows.
    """

    variable: str = SHOP_DATABASE

    _connections: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def from_environment(
        cls, variable: str = SHOP_DATABASE, environ: Mapping[str, str] | None = None
    ) -> "SourceDatabase":
        """Check that the variable holds a database URL; nothing is connected to.

        Raises:
            SettingError
        """
        _address(variable, os.environ if environ is None else environ)
        return cls(variable=variable)

    @cached_property
    def address(self) -> Address:
        return _address(self.variable, os.environ)

    @property
    def name(self) -> str:
        """The database in words, without user and password."""
        return self.address.name

    @contextmanager
    def reading(self, table: SourceTable) -> Iterator["Reading"]:
        """Read a table within one transaction, so that several questions are answered from one moment.

        Raises:
            DatabaseUnreachable, TableUnreadable, ColumnsMissing, ValuesUnreadable
        """
        connection = self._connection(table)
        reading = Reading(self, table, connection)
        try:
            reading.query(self.address.dialect.begin)
            yield reading
            reading.query("ROLLBACK")
        except BaseException:
            # After a failed query the connection may be of no use; the next table begins with a new one.
            self._drop(table)
            raise

    def close(self) -> None:
        """Close all connections; the next question opens one again."""
        for key in list(self._connections):
            with suppress(Exception):
                self._connections.pop(key).close()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        self.close()

    def _connection(self, table: SourceTable) -> Any:
        key = self.address.connection_key(table.schema_name)
        if key not in self._connections:
            try:
                self._connections[key] = self.address.connect(table.schema_name)
            except adbc_driver_manager.Error as error:
                raise DatabaseUnreachable(
                    f"Cannot read {table.name}: {self.name} does not let us in ({_reason(error)}). "
                    f"Start it, or correct {self.variable}."
                ) from None
        return self._connections[key]

    def _drop(self, table: SourceTable) -> None:
        with suppress(KeyError, adbc_driver_manager.Error, RuntimeError):
            self._connections.pop(self.address.connection_key(table.schema_name)).close()


class Reading:
    """Questions about one table within one transaction."""

    def __init__(self, database: SourceDatabase, table: SourceTable, connection: Any) -> None:
        self._database = database
        self._table = table
        self._connection = connection

    @cached_property
    def extra_columns(self) -> list[str]:
        """Columns that the table has and the contract has not; they are left out.

        Raises:
            TableUnreadable, ColumnsMissing
        """
        table = self._table
        try:
            found = self.query(f"SELECT * FROM {self._dialect.table(table.name)} LIMIT 0").schema.names
        except TableUnreadable as error:
            raise TableUnreadable(
                f"{error} Expected a table with the columns {', '.join(table.columns)}: restore it, or take it out of "
                "the list of tables."
            ) from None
        if missing := [name for name in table.columns if name not in found]:
            raise ColumnsMissing(
                f"Expected the columns {', '.join(table.columns)} in {table.name} of {self._database.name}; "
                f"found {', '.join(found)}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
                f"Restore {'it' if len(missing) == 1 else 'them'}, or change the contract of {table.contract.key_text}."
            )
        return [name for name in found if name not in table.columns]

    def rows(
        self,
        names: Collection[str] | None = None,
        *,
        column: str | None = None,
        at_least: Bound | None = None,
        below: Bound | None = None,
    ) -> pa.Table:
        """Columns in the contract's types and order, of rows whose `column` lies in [at_least, below)."""
        _ = self.extra_columns
        wanted = [name for name in self._table.columns if names is None or name in names]
        found = self.query(
            dialect.select(self._dialect, self._table.name, wanted, column=column, at_least=at_least, below=below)
        )
        return self._converted(found, pa.schema([self._table.arrow_schema.field(name) for name in wanted]))

    def changed(self, since: Bound) -> pa.Table:
        """Rows whose cursor is `since` or later, and those without one: nothing tells when these changed."""
        cursor = self._table.cursor
        changed = self.rows(column=cursor, at_least=since)
        if not self._table.contract.arrow_schema.field(cursor).nullable:
            return changed
        unknown = self.query(
            dialect.select(self._dialect, self._table.name, self._table.columns)
            + f" WHERE {dialect.quoted(cursor)} IS NULL"
        )
        return pa.concat_tables([changed, self._converted(unknown, self._table.arrow_schema)])

    def count_and_newest(self) -> tuple[int, Any]:
        """The number of rows, and the largest cursor."""
        _ = self.extra_columns
        cursor = dialect.quoted(self._table.cursor)
        found = self.query(
            f"SELECT count(*) AS n, max({cursor}) AS newest FROM {self._dialect.table(self._table.name)}"
        )
        kind = self._table.arrow_schema.field(self._table.cursor).type
        newest = self._converted(found, pa.schema([("newest", kind)]))
        return found.column("n")[0].as_py(), newest.column("newest")[0].as_py()

    def newest_day(self) -> Any:
        """The largest value of the day column."""
        assert self._table.day is not None
        _ = self.extra_columns
        found = self.query(
            f"SELECT max({dialect.quoted(self._table.day)}) AS newest FROM {self._dialect.table(self._table.name)}"
        )
        kind = self._table.arrow_schema.field(self._table.day).type
        return self._converted(found, pa.schema([("newest", kind)])).column("newest")[0].as_py()

    def days(self, at_least: Bound, below: Bound, changed_since: Bound | None = None) -> pa.Table:
        """`day`, `rows` and the `newest` cursor of each day in [at_least, below): all days, or those with a change."""
        table, sql = self._table, self._dialect
        assert table.day is not None
        _ = self.extra_columns
        day, source = sql.day(table.day), sql.table(table.name)
        inside = dialect.where(sql, table.day, at_least, below)
        changed = ""
        if changed_since is not None:
            cursor = f"{dialect.quoted(table.cursor)} >= {sql.literal(changed_since)}"
            changed = f" AND {day} IN (SELECT {day} FROM {source}{inside} AND {cursor})"
        found = self.query(
            f"SELECT {day} AS day, count(*) AS rows, max({dialect.quoted(table.cursor)}) AS newest "
            f"FROM {source}{inside}{changed} GROUP BY 1"
        )
        kind = table.arrow_schema.field(table.cursor).type
        return self._converted(found, pa.schema([("day", pa.date32()), ("rows", pa.int64()), ("newest", kind)]))

    @property
    def _dialect(self) -> dialect.Dialect:
        return self._database.address.dialect

    def query(self, statement: str) -> pa.Table:
        """Rows as the driver gives them.

        Raises:
            DatabaseUnreachable, TableUnreadable
        """
        table, database = self._table, self._database
        try:
            with self._connection.cursor() as cursor:
                database.address.prepare(cursor)
                cursor.execute(statement)
                return cursor.fetch_arrow_table()
        # Arrow's stream raises its own errors for what the driver finds while rows are fetched.
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            reason = _reason(error)
            if any(sign in reason for sign in _LOST):
                raise DatabaseUnreachable(f"Cannot read {table.name}: {database.name} is gone ({reason}).") from None
            raise TableUnreadable(f"Cannot read {table.name} of {database.name}: {reason}.") from None

    def _converted(self, rows: pa.Table, schema: pa.Schema) -> pa.Table:
        where = f"{self._table.name} of {self._database.name}"
        try:
            return converted(rows, schema, where, self._table.contract.personal)
        except ValueUnreadable as error:
            raise ValuesUnreadable(str(error)) from error


def _address(variable: str, environ: Mapping[str, str]) -> Address:
    return setting(variable, EXPECTED, parse, environ=environ, secret=True)


_LOST = ("server closed the connection", "connection to server", "terminating connection", "no connection to the")
_WRAPPINGS = ("Failed to prepare query: ", "Failed to step query: ", "Failed to connect: ", "Failed to execute query ")


def _reason(error: BaseException) -> str:
    """A driver's message without its wrapping and without the statement, on one line."""
    text = str(error).partition("\nquery: ")[0].partition("\nQuery was: ")[0].partition("\nLINE ")[0]
    for wrapping in _WRAPPINGS:
        text = text.rpartition(wrapping)[2]
    return " ".join(text.replace("ERROR:", "").split())[:300].rstrip(".")
