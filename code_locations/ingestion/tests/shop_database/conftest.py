"""The shop's database on SQLite and on a real Postgres, and the assets of its tables."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pytest

from code_locations.ingestion.tests.bronze import Bronze
from contracts.shop import ShopCustomers, ShopOrderLines, ShopOrders, ShopProducts, Stock
from demo import Shop
from ingestion.components.database_tables import DatabaseTables, TableEntry
from ingestion.source_database import SHOP_DATABASE, SourceDatabase, SourceTable
from tests.servers import container, wait_until

FIRST, LAST = date(2010, 12, 1), date(2010, 12, 14)
PASSWORD = "se:cr@t/x"
"""With every sign that a URL reads as something else."""

CUSTOMERS = SourceTable("shop.customers", ShopCustomers, "updated_at")
PRODUCTS = SourceTable("shop.products", ShopProducts, "updated_at")
STOCK = SourceTable("warehouse.stock", Stock, "updated_at")
ORDERS = SourceTable("shop.orders", ShopOrders, "updated_at", "ordered_at")
ORDER_LINES = SourceTable("shop.order_lines", ShopOrderLines, "updated_at", "ordered_at")
TABLES = [CUSTOMERS, PRODUCTS, STOCK, ORDERS, ORDER_LINES]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases can be created, without a database."""
    environment = {"POSTGRES_PASSWORD": PASSWORD}
    command = ["postgres", "-c", "fsync=off"]
    with container("postgres:17-trixie", 5432, command, environment, ["/var/lib/postgresql/data"]) as port:
        url = f"postgresql://postgres:se%3Acr%40t%2Fx@127.0.0.1:{port}"
        wait_until(lambda: execute(f"{url}/postgres", "SELECT 1"), (adbc_driver_manager.Error,), 60)
        yield url


def execute(url: str, statement: str) -> None:
    """Run a statement on Postgres."""
    with adbc_driver_postgresql.dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's home, to be copied: building one anew takes a second."""
    home = tmp_path_factory.mktemp("template") / "shop"
    with Shop(home, FIRST, LAST, fault_share=0):
        return home


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a shop's database, to be copied."""
    execute(f"{postgres_server}/postgres", "CREATE DATABASE template_shop")
    home = tmp_path_factory.mktemp("template_postgres")
    with Shop(home, FIRST, LAST, fault_share=0, database_url=f"{postgres_server}/template_shop"):
        return "template_shop"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A shop's database of this test's own."""
    name = f"shop_{uuid.uuid4().hex[:12]}"
    execute(f"{postgres_server}/postgres", f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield f"{postgres_server}/{name}"
    execute(f"{postgres_server}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite_shop", pytest.param("postgres_shop", marks=pytest.mark.docker)])
def shop(request: pytest.FixtureRequest) -> Shop:
    """A shop of this test's own, whose database the environment names."""
    shop: Shop = request.getfixturevalue(request.param)
    return shop


@pytest.fixture
def postgres_shop(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with Shop(tmp_path / "shop", fault_share=0, database_url=postgres_url) as shop:
        monkeypatch.setenv(SHOP_DATABASE, shop.database_urls["shop"])
        yield shop


@pytest.fixture
def sqlite_shop(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """For tests that are not about the kind of database."""
    home = tmp_path / "shop"
    shutil.copytree(sqlite_template, home)
    with Shop(home, fault_share=0) as shop:
        monkeypatch.setenv(SHOP_DATABASE, shop.database_urls["shop"])
        yield shop


@pytest.fixture
def database() -> Iterator[SourceDatabase]:
    database = SourceDatabase()
    yield database
    database.close()


@pytest.fixture
def bronze(bronze: Bronze) -> Bronze:
    bronze.resources["shop_database"] = SourceDatabase()
    return bronze


def component(tables: list[SourceTable] = TABLES, **attributes: Any) -> DatabaseTables:
    entries = [
        TableEntry(
            table=table.name,
            contract=table.table,
            cursor=table.cursor,
            day=table.day,
            delete_policy=table.delete_policy,
        )
        for table in tables
    ]
    return DatabaseTables(tables=entries, **attributes)
