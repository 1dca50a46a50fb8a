"""A shop's database on SQLite and on a real Postgres, and a shop on a real socket.

Postgres is the server at SLIPWAY_TEST_POSTGRES_URL (a role that may create databases), else a
container of postgres:17-trixie if Docker and that image are here, else those tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from demo import Calendar, Settings, ShopDatabase, WholesaleFiles
from demo.wholesale import Product, most_sold

IMAGE = "postgres:17-trixie"
OpenDatabase = Callable[..., ShopDatabase]


def docker(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def why_no_container() -> str | None:
    try:
        if docker("image", "inspect", IMAGE).returncode == 0:
            return None
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return f"Docker does not answer ({error})"
    return f"Docker does not answer or has no image {IMAGE}"


def wait_until_up(url: str) -> None:
    engine = create_engine(url)
    give_up_at = time.monotonic() + 60
    while True:
        try:
            with engine.connect():
                engine.dispose()
                return
        except OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases can be created."""
    given = os.environ.get("SLIPWAY_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    reason = why_no_container()
    if reason:
        pytest.skip(f"no Postgres: SLIPWAY_TEST_POSTGRES_URL is not set and {reason}")
    password = uuid.uuid4().hex
    started = docker(
        *("run", "--detach", "--publish", "127.0.0.1::5432"),
        *("--env", f"POSTGRES_PASSWORD={password}", "--tmpfs", "/var/lib/postgresql/data"),
        *(IMAGE, "postgres", "-c", "fsync=off"),
    )
    assert started.returncode == 0, started.stderr
    container = started.stdout.strip()
    try:
        published = docker("port", container, "5432/tcp").stdout.splitlines()
        assert published, f"Postgres did not start: {docker('logs', container).stderr}"
        address = published[0]
        url = f"postgresql://postgres:{password}@{address}/postgres"
        wait_until_up(url)
        yield url
    finally:
        docker("rm", "--force", "--volumes", container)


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
