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
_OUTSIDE_WAIT_SECONDS = 20
"""The stack's own Postgres is just being started; one outside is either there, or somebody has to be told."""


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
    """See that an outside Postgres lets Dagster's role in, and make tables.

    Raises:
        ProvisionError
    """
    user, database = settings.dagster_user, settings.dagster_database
    with _statements(settings, user, password, database) as cursor:
        cursor.execute("SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')")
        schema, may_create = cursor.fetchone()
    if not may_create:
        raise ProvisionError(
            f"{_where(settings)} lets {user} make no tables in the database {database}: as its owner, "
            f"`GRANT USAGE, CREATE ON SCHEMA {schema or 'public'} TO {user}`, or make {user} the owner."
        )
    say(f"postgres: {settings.postgres_host} lets {user} in")


def migrate(dagster_yaml: Path, passfile: Path, say: Callable[[str], None]) -> None:
    """Make Dagster's tables, or bring them to this version.

    Args:
        dagster_yaml: the instance's configuration, which makes no tables by itself.
        passfile: one with the password of Dagster's role.

    Raises:
        ProvisionError: the tables are newer than this version.
    """
    import dagster as dg  # two seconds, which only this step takes
    from alembic.util import CommandError

    config = yaml.safe_load(dagster_yaml.read_text())
    postgres = config["storage"]["custom"]["config"]
    postgres["should_autocreate_tables"] = True
    postgres["postgres_db"]["params"]["passfile"] = str(passfile)
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "dagster.yaml").write_text(yaml.safe_dump(config))
        try:
            with dg.DagsterInstance.from_config(home) as instance:
                instance.upgrade()
        except CommandError as error:
            raise ProvisionError(
                f"Dagster's tables are not of this version ({error}): start the images that made them "
                "(SLIPWAY_TAG), or give this version a database of its own (SLIPWAY_PG_DB)."
            ) from None
    say("postgres: Dagster's tables are up to date")


@contextmanager
def _statements(settings: ProvisionSettings, user: str, password: str, database: str) -> Iterator[Any]:
    """A cursor whose statements are each committed at once: a database is not made within a transaction."""
    with closing(_connect(settings, user, password, database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _connect(settings: ProvisionSettings, user: str, password: str, database: str) -> Any:
    deadline = time.monotonic() + (_WAIT_SECONDS if settings.own_postgres else _OUTSIDE_WAIT_SECONDS)
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
            told = reason(str(error))
            if sentence := refusal(told, user, database, settings):
                raise ProvisionError(sentence) from None
            # The name of the stack's own is known once its container is there.
            if time.monotonic() > deadline or (not settings.own_postgres and "could not translate" in told):
                raise ProvisionError(f"{_where(settings)} does not answer ({told}): {_look(settings)}.") from None
            time.sleep(0.2)


def reason(error: str) -> str:
    """The point of what libpq tells: of several lines, one for each address and way tried, the last that names it."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    named = [line for line in lines if "failed: " in line or "could not translate" in line]
    return (named or lines or ["it says nothing"])[-1].rpartition("failed: ")[2].removeprefix("FATAL:").strip()


def refusal(told: str, user: str, database: str, settings: ProvisionSettings) -> str | None:
    """What to do about an answer that will not change by waiting; None if it may."""
    where = _where(settings)
    if "authentication failed" in told or "no password supplied" in told:
        name = "postgres-password" if user == "postgres" else "dagster-password"
        return f"{where} does not let {user} in ({told}): give the right password as the secret {name}."
    if "pg_hba.conf" in told:
        return f"{where} does not let {user} in ({told}): allow this host there, in pg_hba.conf."
    if "role " in told and "does not exist" in told:
        return f"{where}: {told}. Make it, or correct SLIPWAY_PG_USER."
    if "permission denied for database" in told:
        return f"{where}: {told}. `GRANT CONNECT ON DATABASE {database} TO {user}` there, or correct SLIPWAY_PG_DB."
    if "does not exist" in told:
        return f"{where}: {told}. Make it, or correct SLIPWAY_PG_DB."
    return None


def _look(settings: ProvisionSettings) -> str:
    if settings.own_postgres:
        return "see `docker compose logs postgres`"
    return (
        "start it, or correct SLIPWAY_PG_HOST and SLIPWAY_PG_PORT; SLIPWAY_INTERNAL=false lets the stack's networks "
        "reach the outside"
    )


def _where(settings: ProvisionSettings) -> str:
    return f"Postgres at {settings.postgres_host}:{settings.postgres_port}"


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
