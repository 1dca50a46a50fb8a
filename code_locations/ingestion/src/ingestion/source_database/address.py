"""Where a source database is: SQLite files in a folder, or a Postgres server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ingestion.source_database.dialect import Dialect, Postgres, Sqlite, quoted
from ingestion.source_database.errors import AddressError, DatabaseUnreachable

EXPECTED = (
    "sqlite:////<folder>/shop.db (each schema is a file in that folder) or "
    "postgresql://<user>:<password>@<host>:<port>/<database>"
)
CONNECT_SECONDS = 10
_BUSY_MILLISECONDS = 30_000


@dataclass(frozen=True)
class SqliteAddress:
    """A folder in which every schema is a file: `shop.orders` is the table `orders` in `shop.db`."""

    file: Path

    dialect: ClassVar[Dialect] = Sqlite()

    @property
    def name(self) -> str:
        return f"the SQLite files in {self.file.parent}"

    def file_of(self, schema: str) -> Path:
        return self.file.with_name(f"{schema}{self.file.suffix}")

    def connection_key(self, schema: str) -> str:
        """One connection a schema: a file that is gone then stops its own tables only."""
        return schema

    def connect(self, schema: str) -> Any:
        file = self.file_of(schema)
        if not file.is_file():
            raise DatabaseUnreachable(
                f"Expected the schema {schema!r} of {self.name} in {file}, found no such file. "
                "Start the database, or correct its URL."
            )
        import adbc_driver_sqlite.dbapi  # brings pandas along, which a code server does not need

        connection = adbc_driver_sqlite.dbapi.connect(":memory:", autocommit=True)
        try:
            # mode=rw, not ro: a journal that a killed writer has left behind must be rolled back before reading.
            # It does not create a file, and query_only keeps us from changing one.
            uri = f"{file.resolve().as_uri()}?mode=rw".replace("'", "''")
            for statement in (
                f"ATTACH DATABASE '{uri}' AS {quoted(schema)}",
                f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}",
                "PRAGMA query_only = ON",
            ):
                with connection.cursor() as cursor:
                    cursor.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def prepare(self, cursor: Any) -> None:
        # The driver takes a column's type from its first batch of rows: a column that begins with 1,024 nulls would be
        # one of numbers. One batch for all rows; they are all wanted in memory anyway.
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "100000000"})


@dataclass(frozen=True)
class PostgresAddress:
    """A Postgres database; `uri` holds the password and is shown nowhere."""

    uri: str = field(repr=False)
    host: str
    database: str

    dialect: ClassVar[Dialect] = Postgres()

    @property
    def name(self) -> str:
        return f"the Postgres database {self.database} at {self.host}"

    def connection_key(self, schema: str) -> str:  # noqa: ARG002
        return ""

    def connect(self, schema: str) -> Any:  # noqa: ARG002
        import adbc_driver_postgresql.dbapi  # as above

        return adbc_driver_postgresql.dbapi.connect(self.uri, autocommit=True)

    def prepare(self, cursor: Any) -> None:
        pass


Address = SqliteAddress | PostgresAddress


def parse(url: str) -> Address:
    """Read a database URL.

    Raises:
        AddressError: it is none; the message does not repeat it.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise AddressError("it has no '://'")
    if scheme == "sqlite":
        # As SQLAlchemy writes it: three slashes before a relative path, four before an absolute one.
        path = unquote(rest.partition("?")[0])
        if not path.startswith("/") or not path.strip("/"):
            raise AddressError("a file must follow sqlite:///")
        return SqliteAddress(Path(path[1:]))
    if scheme in ("postgresql", "postgres"):
        return _postgres(url)
    raise AddressError(f"it begins with {scheme[:20]}://")


def _postgres(url: str) -> PostgresAddress:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError("host or port cannot be read; write @ : / in a password as %40 %3A %2F") from error
    options: Mapping[str, str] = {"connect_timeout": str(CONNECT_SECONDS), **dict(parse_qsl(parts.query))}
    host = parts.hostname or options.get("host")
    if not host or not parts.path.strip("/") or "@" in parts.path:
        raise AddressError("host or database is missing; write @ : / in a password as %40 %3A %2F")
    return PostgresAddress(
        uri=parts._replace(scheme="postgresql", query=urlencode(options, quote_via=quote), fragment="").geturl(),
        host=f"{host}:{port}" if port else host,
        database=unquote(parts.path.strip("/")),
    )
