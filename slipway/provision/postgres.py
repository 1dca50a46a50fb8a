"""Roles and databases of the stack's own Postgres, and Dagster's tables in it or in an outside one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from psycopg2 import sql

from slipway.provision.errors import ProvisionError
from slipway.provision.settings import ProvisionSettings

_WAIT_SECONDS = 120


def provision(settings: ProvisionSettings, secret: Callable[[str], str], say: Callable[[str], None]) -> None:
    """Make roles and databases with their passwords; done again, it changes nothing.

    Raises:
        ProvisionError: Postgres does not come up, or does not know its superuser.
    """
    with _statements(settings, "postgres", secret("postgres-password"), "postgres") as cursor:
        _role(cursor, settings.dagster_user, secret("dagster-password"), say)
        _database(cursor, settings.dagster_database, settings.dagster_user, say)
        if settings.shop:
            _role(cursor, "shop", secret("shop-password"), say)
            _role(cursor, "shop_reader", secret("shop-reader-password"), say)
            _database(cursor, "shop", "shop", say)
            cursor.execute("GRANT CONNECT ON DATABASE shop TO shop_reader")
    if settings.shop:
        _let_read(settings, secret)


def set_superuser_password(settings: ProvisionSettings, old: str, new: str) -> None:
    """Give the superuser another password.

    Raises:
        ProvisionError
    """
    with _statements(settings, "postgres", old, "postgres") as cursor:
        cursor.execute("ALTER ROLE postgres PASSWORD %s", [new])


def check_outside(settings: ProvisionSettings, password: str, say: Callable[[str], None]) -> None:
    """See that an outside Postgres lets Dagster's role in.

    Raises:
        ProvisionError
    """
    _connect(settings, settings.dagster_user, password, settings.dagster_database).close()
    say(f"postgres: {settings.postgres_host} lets {settings.dagster_user} in")


def migrate(dagster_yaml: Path, passfile: Path, say: Callable[[str], None]) -> None:
    """Make Dagster's tables, or bring them to this version.

    Args:
        dagster_yaml: the instance's configuration, which makes no tables by itself.
        passfile: one with the password of Dagster's role.

    Raises:
        ProvisionError: the tables are newer than this version.
    """
    import dagster as dg  # two seconds, which only this step takes

    config = yaml.safe_load(dagster_yaml.read_text())
    postgres = config["storage"]["custom"]["config"]
    postgres["should_autocreate_tables"] = True
    postgres["postgres_db"]["params"]["passfile"] = str(passfile)
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "dagster.yaml").write_text(yaml.safe_dump(config))
        with dg.DagsterInstance.from_config(home) as instance:
            instance.upgrade()
    say("postgres: Dagster's tables are up to date")


@contextmanager
def _statements(settings: ProvisionSettings, user: str, password: str, database: str) -> Iterator[Any]:
    """A cursor whose statements are each committed at once: a database is not made within a transaction."""
    with closing(_connect(settings, user, password, database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _connect(settings: ProvisionSettings, user: str, password: str, database: str) -> Any:
    deadline = time.monotonic() + _WAIT_SECONDS
    where = f"Postgres at {settings.postgres_host}:{settings.postgres_port}"
    while True:
        try:
            return psycopg2.connect(
                host=settings.postgres_host,
                port=settings.postgres_port,
                user=user,
                password=password,
                dbname=database,
                connect_timeout=5,
            )
        except psycopg2.OperationalError as error:
            told = str(error).strip().splitlines()[-1]
            if "authentication failed" in told or "no pg_hba.conf entry" in told:
                raise ProvisionError(
                    f"{where} does not let {user} in ({told}): give the right password as "
                    f"{'postgres' if user == 'postgres' else 'dagster'}-password."
                ) from None
            if "does not exist" in told:
                raise ProvisionError(f"{where}: {told}. Make it, or correct SLIPWAY_PG_DB.") from None
            if time.monotonic() > deadline or (not settings.own_postgres and "could not translate" in told):
                raise ProvisionError(
                    f"{where} does not answer ({told}): start it, or correct SLIPWAY_PG_HOST and SLIPWAY_PG_PORT."
                ) from None
            time.sleep(0.2)


def _role(cursor: Any, name: str, password: str, say: Callable[[str], None]) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        say(f"postgres: role {name}")
    cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(name)), [password])


def _database(cursor: Any, name: str, owner: str, say: Callable[[str], None]) -> None:
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
        # The shop is a source system: its roles have nothing to look for in Dagster's tables.
        cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        say(f"postgres: database {name}")


def _let_read(settings: ProvisionSettings, secret: Callable[[str], str]) -> None:
    """Ingestion only reads: whatever the shop will make, its reader may see."""
    with _statements(settings, "shop", secret("shop-password"), "shop") as cursor:
        cursor.execute("ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO shop_reader")
        cursor.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_reader")
