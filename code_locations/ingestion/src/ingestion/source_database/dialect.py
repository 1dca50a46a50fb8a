"""The little SQL that differs between SQLite and Postgres. Pure text.

Values in it are days, moments and whole numbers that we render ourselves, so literals are safe here; a Postgres query
without bound parameters can be copied out in binary, which is several times faster.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

Bound = dt.date | dt.datetime | int
"""What a cursor or day column is compared with."""


class Dialect(Protocol):
    """How one kind of database wants to be asked."""

    begin: str

    def table(self, name: str) -> str: ...
    def literal(self, value: Bound) -> str:
        """A value to compare a column with by `>=` or `<`; never larger than the value itself as a lower bound."""
        ...

    def day(self, column: str) -> str:
        """The day of a column, for grouping."""
        ...


class Sqlite:
    """Days and moments are ISO text there, which sorts as time does.

    A moment may be written with a blank or a `T` before the time, and with or without a fraction of a second. As a
    lower bound, the text with a blank and without a fraction is never past any other way of writing the same moment:
    at worst a few rows more are read.
    """

    begin = "BEGIN"

    def table(self, name: str) -> str:
        return _qualified(name)

    def literal(self, value: Bound) -> str:
        if isinstance(value, dt.datetime):
            return f"'{value.replace(tzinfo=None).isoformat(sep=' ', timespec='seconds')}'"
        return f"'{value.isoformat()}'" if isinstance(value, dt.date) else str(int(value))

    def day(self, column: str) -> str:
        return f"substr({quoted(column)}, 1, 10)"


class Postgres:
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def table(self, name: str) -> str:
        return _qualified(name)

    def literal(self, value: Bound) -> str:
        if isinstance(value, dt.datetime):
            kind = "timestamp" if value.tzinfo is None else "timestamptz"
            return f"{kind} '{value.isoformat(sep=' ')}'"
        return f"date '{value.isoformat()}'" if isinstance(value, dt.date) else str(int(value))

    def day(self, column: str) -> str:
        return f"{quoted(column)}::date"


def quoted(name: str) -> str:
    """A column, table or schema as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def columns(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def select(
    dialect: Dialect,
    table: str,
    names: Sequence[str],
    *,
    column: str | None = None,
    at_least: Bound | None = None,
    below: Bound | None = None,
) -> str:
    """Rows of a table whose `column` lies in a half-open range; plain comparisons, so that an index serves.

    With a lower bound alone, rows without a value are read too: nothing tells when they changed.
    """
    query = f"SELECT {columns(names)} FROM {dialect.table(table)}"
    return query + where(dialect, column, at_least, below)


def where(dialect: Dialect, column: str | None, at_least: Bound | None, below: Bound | None) -> str:
    if column is None:
        return ""
    conditions = []
    if at_least is not None:
        conditions.append(f"{quoted(column)} >= {dialect.literal(at_least)}")
    if below is not None:
        conditions.append(f"{quoted(column)} < {dialect.literal(below)}")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _qualified(name: str) -> str:
    return ".".join(quoted(part) for part in name.split(".", 1))
