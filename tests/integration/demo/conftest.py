"""A shop's database on SQLite and on a real Postgres, and a shop on a real socket.

Postgres is the server at SLIPWAY_TEST_POSTGRES_URL (a role that may create databases), else a container.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from demo import Calendar, Settings, ShopDatabase, WholesaleFiles
from demo.wholesale import Product, most_sold
from tests.servers import container, wait_until

IMAGE = "postgres:17-trixie"
OpenDatabase = Callable[..., ShopDatabase]


def answers(url: str) -> None:
    engine = create_engine(url)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases can be created."""
    given = os.environ.get("SLIPWAY_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    password = uuid.uuid4().hex
    command = ["postgres", "-c", "fsync=off"]
    with container(IMAGE, 5432, command, {"POSTGRES_PASSWORD": password}, ["/var/lib/postgresql/data"]) as port:
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        wait_until(lambda: answers(url), (OperationalError,), 60)
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"shop_test_{uuid.uuid4().hex[:12]}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def products() -> list[Product]:
    """The real products, from one day's file, which is enough."""
    files, day = WholesaleFiles(), date(2010, 12, 1)
    return most_sold([("one day", files.read(day))])


@pytest.fixture
def settings() -> Settings:
    return Settings(Calendar(date(2010, 12, 1), date(2010, 12, 14)), seed=11)


@pytest.fixture(params=["sqlite", "postgres"])
def open_database(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    settings: Settings,
    products: list[Product],
) -> Iterator[OpenDatabase]:
    """Opens the same database again on each call, with other settings if they are given."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    opened: list[ShopDatabase] = []

    def opener(changed: Settings | None = None) -> ShopDatabase:
        database = ShopDatabase.open(tmp_path / "home", changed or settings, lambda: products, url)
        opened.append(database)
        return database

    yield opener
    for database in opened:
        database.close()
