"""Which URLs are understood, and that no error gives a password away."""

from __future__ import annotations

from pathlib import Path

import pytest

from code_locations.ingestion.tests.shop_database.conftest import ORDERS, STOCK
from demo import Shop
from ingestion.source_database import SHOP_DATABASE, AddressError, DatabaseUnreachable, SourceDatabase, read_snapshot
from ingestion.source_database.address import PostgresAddress, SqliteAddress, parse
from slipway.location import SettingError
from tests.servers import free_port


def test_sqlite_schemas_are_files_in_one_folder() -> None:
    address = parse("sqlite:////data/shop.db")

    assert isinstance(address, SqliteAddress)
    assert address.file_of("warehouse") == Path("/data/warehouse.db")
    assert address.name == "the SQLite files in /data"
    assert parse("sqlite:///data/a%20b.db") == SqliteAddress(Path("data/a b.db"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_postgres(scheme: str) -> None:
    address = parse(f"{scheme}://ann:s%40fe@db:5433/shop?sslmode=require")

    assert isinstance(address, PostgresAddress)
    assert address.name == "the Postgres database shop at db:5433"
    assert address.uri == "postgresql://ann:s%40fe@db:5433/shop?connect_timeout=10&sslmode=require"
    assert "s%40fe" not in repr(address)


def test_a_connect_timeout_of_ones_own_stays() -> None:
    address = parse("postgresql://db/shop?connect_timeout=3")
    assert isinstance(address, PostgresAddress)
    assert address.uri.endswith("connect_timeout=3")


def test_a_postgres_socket() -> None:
    assert parse("postgresql:///shop?host=/run/postgresql").name == "the Postgres database shop at /run/postgresql"


@pytest.mark.parametrize(
    "url",
    [
        "shop.db",
        "sqlite://",
        "sqlite:///",
        "sqlite://shop.db",
        "mysql://ann:s3cret@db/shop",
        "postgresql+psycopg2://ann:s3cret@db/shop",
        "postgresql://ann:s3cret@db",
        "postgresql://ann:s3cret@db:many/shop",
        "postgresql://ann:s3/cret@db/shop",
        "postgresql://ann:s3cret",
    ],
)
def test_what_is_no_database_url(url: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse(url)
    assert "cret" not in str(caught.value)

    with pytest.raises(SettingError) as told:
        SourceDatabase.from_environment(environ={SHOP_DATABASE: url})
    assert SHOP_DATABASE in str(told.value)
    assert "sqlite:////<folder>/shop.db" in str(told.value)
    assert "cret" not in str(told.value)


def test_no_url_at_all() -> None:
    with pytest.raises(SettingError, match=f"^{SHOP_DATABASE} is not set: expected sqlite:////<folder>"):
        SourceDatabase.from_environment(environ={})


def test_a_url_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://ann:s3cret@db/shop\n")
    SourceDatabase.from_environment(environ={f"{SHOP_DATABASE}_FILE": str(secret)})


def test_the_url_is_no_part_of_the_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHOP_DATABASE, "postgresql://ann:s3cret@db/shop")
    database = SourceDatabase.from_environment()

    assert database.name == "the Postgres database shop at db"
    assert "s3cret" not in repr(database) + str(database.model_dump())


def test_a_server_that_is_gone(monkeypatch: pytest.MonkeyPatch, database: SourceDatabase) -> None:
    port = free_port()
    monkeypatch.setenv(SHOP_DATABASE, f"postgresql://ann:s3cret@127.0.0.1:{port}/shop")

    with pytest.raises(DatabaseUnreachable) as caught:
        read_snapshot(database, STOCK)

    sentence = str(caught.value)
    assert f"Cannot read warehouse.stock: the Postgres database shop at 127.0.0.1:{port} does not let us in" in sentence
    assert "Connection refused" in sentence
    assert SHOP_DATABASE in sentence
    assert "s3cret" not in sentence


@pytest.mark.docker
def test_a_wrong_password(postgres_url: str, monkeypatch: pytest.MonkeyPatch, database: SourceDatabase) -> None:
    monkeypatch.setenv(SHOP_DATABASE, postgres_url.replace("se%3Acr%40t%2Fx", "guess"))

    with pytest.raises(DatabaseUnreachable, match="password authentication failed") as caught:
        read_snapshot(database, STOCK)

    assert "guess" not in str(caught.value)


@pytest.mark.docker
def test_a_table_that_may_not_be_read(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, database: SourceDatabase
) -> None:
    monkeypatch.setenv(SHOP_DATABASE, f"{postgres_url}?options=-c%20role%3Dpg_monitor")

    with pytest.raises(Exception, match="permission denied for schema warehouse"):
        read_snapshot(database, STOCK)


def test_a_schemas_file_that_is_gone_stops_its_tables_only(sqlite_shop: Shop, database: SourceDatabase) -> None:
    (sqlite_shop.home / "warehouse.db").unlink()

    with pytest.raises(
        DatabaseUnreachable, match=r"Expected the schema 'warehouse' .*warehouse\.db, found no such file"
    ):
        read_snapshot(database, STOCK)

    assert not (sqlite_shop.home / "warehouse.db").exists()
    with database.reading(ORDERS) as reading:
        assert reading.count_and_newest()[0] > 0
