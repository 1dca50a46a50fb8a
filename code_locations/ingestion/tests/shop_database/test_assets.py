"""The component's assets in real runs: what lands in the lake, and what stays when something fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from code_locations.ingestion.tests.bronze import Bronze, failures, metadata_of
from code_locations.ingestion.tests.shop_database.conftest import (
    CUSTOMERS,
    FIRST,
    LAST,
    ORDER_LINES,
    ORDERS,
    TABLES,
    component,
)
from contracts.shop import ShopCustomers
from demo import Shop
from ingestion.components.database_tables import FULL_REFRESH
from ingestion.source_database import SourceDatabase, SourceTable
from slipway.quality import Table
from slipway.quality.types import Category, Date, Int32, Text, Timestamp
from tests.servers import free_port

SPAN = (FIRST.isoformat(), LAST.isoformat())


@pytest.fixture
def assets() -> Sequence[Any]:
    return list(component().definitions().assets or [])


def asset(assets: Sequence[Any], table: SourceTable) -> Any:
    [found] = [one for one in assets if one.key == table.contract.key]
    return found


def change(shop: Shop, statement: str) -> None:
    with shop.database.engine.begin() as connection:
        connection.execute(text(statement))


def in_contract(shop: Shop, table: SourceTable, day: str | None = None) -> list[dict[str, Any]]:
    return [
        {name: row[name] for name in table.columns}
        for row in shop.database.rows(table.name)
        if day is None or str(row[table.day or ""])[:10] == day
    ]


def test_all_tables_by_one_run_over_all_days(shop: Shop, bronze: Bronze, assets: Sequence[Any]) -> None:
    assert bronze.materialize(assets, span=SPAN).success

    for table in TABLES:
        key = table.contract.key_text
        if table.day is None:
            assert bronze.rows(key) == in_contract(shop, table)
            continue
        assert bronze.days(key) == [f"2010-12-{day:02d}" for day in range(1, 15)]
        for day in bronze.days(key):
            assert bronze.rows(key, day) == in_contract(shop, table, day)


def test_a_job_for_one_day_takes_snapshots_along(sqlite_shop: Shop, bronze: Bronze, assets: Sequence[Any]) -> None:
    assert bronze.materialize(assets, partition="2010-12-05").success

    assert bronze.days("bronze/shop/orders") == ["2010-12-05"]
    assert bronze.rows("bronze/shop/customers") == in_contract(sqlite_shop, CUSTOMERS)


def test_the_asset_is_the_plain_function(sqlite_shop: Shop, database: SourceDatabase, assets: Sequence[Any]) -> None:
    judged = asset(assets, ORDERS)(FIRST, database)

    assert judged.frame.to_pylist() == in_contract(sqlite_shop, ORDERS, FIRST.isoformat())


def test_snapshots_follow_the_source(shop: Shop, bronze: Bronze, assets: Sequence[Any]) -> None:
    customers = asset(assets, CUSTOMERS)
    first = bronze.materialize([customers])
    count = shop.database.count("shop.customers")
    assert metadata_of(first, "bronze/shop/customers")["rows inserted"] == count

    shop.database.change_customer(20001, segment="trade")
    change(shop, "DELETE FROM shop.customers WHERE customer_id = 20002")
    second = metadata_of(bronze.materialize([customers]), "bronze/shop/customers")

    assert bronze.rows("bronze/shop/customers") == in_contract(shop, CUSTOMERS)
    assert (second["rows inserted"], second["rows updated"], second["rows deleted"]) == (0, 1, 1)
    assert second["rows read"] < 10

    refreshed = metadata_of(bronze.materialize([customers], tags={FULL_REFRESH: "true"}), "bronze/shop/customers")
    assert (refreshed["read"], refreshed["rows read"]) == ("everything", count - 1)


def test_unchanged_content_keeps_its_data_version(shop: Shop, bronze: Bronze, assets: Sequence[Any]) -> None:
    some = [asset(assets, CUSTOMERS), asset(assets, ORDERS)]
    versions = []
    for _ in range(2):
        assert bronze.materialize(some, partition="2010-12-05").success
        versions.append(
            (
                bronze.provenance("bronze/shop/customers").data_version,
                bronze.provenance("bronze/shop/orders", "2010-12-05").data_version,
            )
        )
    assert versions[0] == versions[1]


def test_another_database_is_not_merged_over(
    sqlite_shop: Shop, bronze: Bronze, assets: Sequence[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = asset(assets, CUSTOMERS)
    bronze.materialize([customers])
    with Shop(tmp_path / "other", FIRST, LAST, seed=5) as other:
        monkeypatch.setenv("SLIPWAY_SHOP_DATABASE_URL", other.database_urls["shop"])
        result = bronze.materialize([customers])

        assert metadata_of(result, "bronze/shop/customers")["read"] == "everything"
        assert bronze.rows("bronze/shop/customers") == in_contract(other, CUSTOMERS)


def test_a_contract_that_has_gained_a_column_reads_everything(sqlite_shop: Shop, bronze: Bronze) -> None:
    class Before(Table):
        """Customers, narrowly."""

        key, unique = "bronze/gaining/customers", ("customer_id",)
        customer_id: Int32
        updated_at: Timestamp

    [narrow] = component([SourceTable("shop.customers", Before, "updated_at")]).definitions().assets or []
    assert bronze.materialize([narrow]).success

    class After(Table):
        """Customers with what was always there in the source."""

        key, unique = "bronze/gaining/customers", ("customer_id",)
        customer_id: Int32
        segment: Category
        signed_up_on: Date
        name: Text | None
        updated_at: Timestamp

    table = SourceTable("shop.customers", After, "updated_at")
    [wide] = component([table]).definitions().assets or []
    for read in ("everything", "changes since 2010-12-14 12:43:00"):
        result = bronze.materialize([wide])
        assert result.success, failures(result)
        assert bronze.rows("bronze/gaining/customers") == in_contract(sqlite_shop, table)
        assert metadata_of(result, "bronze/gaining/customers")["read"] == read


class TestFailures:
    """One table, or one day, fails alone; what was in the lake stays."""

    def test_a_dropped_table(self, shop: Shop, bronze: Bronze, assets: Sequence[Any]) -> None:
        assert bronze.materialize(assets, span=SPAN).success
        before = bronze.provenance("bronze/shop/orders", "2010-12-03")
        change(shop, "DROP TABLE shop.orders")
        shop.database.change_customer(20001, segment="trade")

        result = bronze.materialize(assets, span=SPAN)

        [(step, message)] = failures(result).items()
        assert step == "bronze__shop__orders"
        assert message.count("shop.orders") >= 14
        assert "Expected a table with the columns order_id" in message
        assert bronze.provenance("bronze/shop/orders", "2010-12-03") == before
        assert bronze.provenance("bronze/shop/order_lines", "2010-12-03").run_id == result.run_id
        assert bronze.rows("bronze/shop/customers") == in_contract(shop, CUSTOMERS)

    def test_a_database_that_is_gone(
        self, sqlite_shop: Shop, bronze: Bronze, assets: Sequence[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert bronze.materialize(assets, span=SPAN).success
        port = free_port()
        monkeypatch.setenv("SLIPWAY_SHOP_DATABASE_URL", f"postgresql://ann:s3cret@127.0.0.1:{port}/shop")

        result = bronze.materialize(assets, span=("2010-12-03", "2010-12-04"))

        found = failures(result)
        assert len(found) == len(TABLES)
        for message in found.values():
            assert f"the Postgres database shop at 127.0.0.1:{port} does not let us in" in message
            assert "s3cret" not in message
        assert bronze.rows("bronze/shop/orders", "2010-12-03") == in_contract(sqlite_shop, ORDERS, "2010-12-03")

    def test_one_bad_day_of_a_range(self, sqlite_shop: Shop, bronze: Bronze, assets: Sequence[Any]) -> None:
        lines = asset(assets, ORDER_LINES)
        change(
            sqlite_shop,
            "UPDATE shop.order_lines SET unit_price = 'free' WHERE rowid = "
            "(SELECT min(rowid) FROM shop.order_lines WHERE ordered_at >= '2010-12-20')",
        )
        change(
            sqlite_shop,
            "UPDATE shop.order_lines SET ordered_at = '2010-12-20' || substr(ordered_at, 11), "
            "unit_price = 'free' WHERE ordered_at >= '2010-12-14'",
        )

        result = bronze.materialize([lines], span=("2010-12-01", "2011-01-31"))

        [message] = failures(result).values()
        assert "1 partition of bronze/shop/order_lines failed; 61 other partitions are written" in message
        assert "2010-12-20: ValuesUnreadable: Expected decimal128(12, 3) in the column 'unit_price'" in message
        assert len(bronze.days("bronze/shop/order_lines")) == 61
        assert "2010-12-20" not in bronze.days("bronze/shop/order_lines")
        assert bronze.rows("bronze/shop/order_lines", "2011-01-31") == []

    def test_rows_that_break_the_contract_are_not_published(
        self, sqlite_shop: Shop, bronze: Bronze, assets: Sequence[Any]
    ) -> None:
        change(sqlite_shop, "UPDATE shop.products SET unit_price = '-1.000' WHERE sku = '22423'")
        result = bronze.materialize([asset(assets, SourceTable("shop.products", TABLES[1].table, "updated_at"))])

        [message] = failures(result).values()
        assert "1 of" in message
        assert "unit_price" in message


def test_specs_come_from_the_contract(assets: Sequence[Any]) -> None:
    customers = asset(assets, CUSTOMERS)

    assert customers.key == dg.AssetKey(["bronze", "shop", "customers"])
    [spec] = customers.specs
    assert spec.group_name == "bronze"
    assert spec.owners == ["team:ingestion"]
    assert {"sql", "parquet"} <= spec.kinds
    assert customers.required_resource_keys == {"io_manager", "shop_database"}
    assert {check.name for check in customers.check_specs} == {"contract"}
    assert ShopCustomers.contract.personal == {"name", "email"}
