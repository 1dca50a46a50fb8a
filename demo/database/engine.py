"""One SQLAlchemy engine for the shop's schemas, on SQLite files or on Postgres."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from demo.database.tables import SHOP, SIMULATION, WAREHOUSE, metadata
from demo.errors import AddressError, SettingsError

_CONNECT_SECONDS = 10


def sqlite_files(home: Path) -> dict[str, Path]:
    """The file of each schema that readers know."""
    return {schema: home / f"{schema}.db" for schema in (SHOP, WAREHOUSE)}


def sqlite_engine(home: Path) -> Engine:
    """`shop.db` and `warehouse.db` in `home`, attached, so that `shop.orders` is a valid name.

    The main database is a third file with the simulation's own memory. It must be a file, and the
    journal must stay a rollback journal: only then is a commit over attached files atomic.
    """
    home.mkdir(parents=True, exist_ok=True)
    files = sqlite_files(home)
    engine = create_engine(
        f"sqlite:///{home / 'simulation.db'}",
        connect_args={"timeout": 30},
        execution_options={"schema_translate_map": {SIMULATION: None}},
    )

    @event.listens_for(engine, "connect")
    def attach(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        for schema, file in files.items():
            connection.execute(f"ATTACH DATABASE ? AS {schema}", (str(file),))
            # The order matters little: the shop can be built again from its seed in seconds, so
            # one fsync a file and commit is enough.
            connection.execute(f"PRAGMA {schema}.synchronous = NORMAL")

    metadata.create_all(engine)
    return engine


def postgres_engine(url: str) -> Engine:
    """The same schemas in a Postgres database; creates those that are missing."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "The database URL cannot be read: expected postgresql://user:password@host:port/database."
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise SettingsError(
            f"The database URL is for {parsed.get_backend_name()}: only postgresql:// is "
            "supported. Leave it out for SQLite files in the shop's home."
        )
    # psycopg2 otherwise sends one UPDATE a row: minutes instead of seconds for a year.
    driver = parsed.get_driver_name()
    fast = {"executemany_mode": "values_plus_batch"} if driver == "psycopg2" else {}
    # libpq's own patience with a host that does not answer is minutes.
    limit = driver.startswith("psycopg") and "connect_timeout" not in parsed.query
    given = {"connect_args": {"connect_timeout": _CONNECT_SECONDS}} if limit else {}
    engine = create_engine(parsed, pool_pre_ping=True, **fast, **given)
    try:
        with engine.begin() as connection:
            for schema in (SHOP, WAREHOUSE, SIMULATION):
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            metadata.create_all(connection)
    except OperationalError as error:
        raise AddressError(
            f"The database {parsed.render_as_string(hide_password=True)} cannot be used: {str(error.orig).strip()}."
        ) from error
    return engine
