"""Declarations that do not fit are refused when the location loads, in a sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from code_locations.ingestion.tests.shop_database.conftest import CUSTOMERS, ORDERS, component
from contracts.shop import ShopCustomers, ShopOrders
from ingestion.components.database_tables import DatabaseTables
from ingestion.source_database import SourceTable
from slipway.calendar import Calendar
from slipway.quality import DeclarationError, Table
from slipway.quality.types import Int32, Text, TimestampUTC


class Keyless(Table):
    """No `unique`."""

    key = "test/keyless"
    name: Text
    changed: Int32


class Zoned(Table):
    """A day that depends on a zone."""

    key, partitions, unique = "test/zoned", Calendar(dt.date(2010, 12, 1)).days, ("id",)
    id: Int32
    at: TimestampUTC


class Weekly(Table):
    """Not by day."""

    key, partitions, unique = "test/weekly", Calendar(dt.date(2010, 12, 1)).weeks, ("id",)
    id: Int32
    at: Int32


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("orders", ShopOrders, "updated_at", "ordered_at"), "expected `table` as schema.table, such as shop.orders"),
        (
            ("shop.orders", ShopOrders, "changed_at", "ordered_at"),
            "expected `cursor` to be one of order_id, customer_id",
        ),
        (("shop.orders", ShopOrders, "status", "ordered_at"), "the cursor 'status' must be a timestamp"),
        (("shop.orders", ShopOrders, "updated_at"), "needs `day`"),
        (
            ("shop.orders", ShopOrders, "updated_at", "status"),
            "`day` must name a date, or a timestamp without time zone",
        ),
        (("shop.customers", ShopCustomers, "updated_at", "signed_up_on"), "a table without partitions has no `day`"),
        (("a.keyless", Keyless, "changed"), "must declare `unique`"),
        (("a.zoned", Zoned, "at", "at"), "`day` must name a date, or a timestamp without time zone; found 'at'"),
        (("a.weekly", Weekly, "at", "at"), "partitioned by day or not at all"),
    ],
)
def test_what_does_not_fit(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        SourceTable(*arguments)
    assert sentence in str(caught.value)


def test_a_table_stands_in_the_list_once() -> None:
    with pytest.raises(DeclarationError, match=r"The table shop\.orders stands twice"):
        component([ORDERS, ORDERS]).definitions()
    twin = SourceTable("shop.clients", ShopCustomers, "updated_at")
    with pytest.raises(DeclarationError, match="The contract bronze/shop/customers stands twice"):
        component([CUSTOMERS, twin]).definitions()


@pytest.mark.parametrize("path", ["contracts.shop.Nothing", "nowhere.Table", "Table", "contracts.shop.UNKNOWN"])
def test_a_contract_that_is_none(path: str) -> None:
    entry = {"table": "shop.orders", "contract": path, "cursor": "updated_at"}
    with pytest.raises(Exception, match=r"expected (the import path of a|a) declared table"):
        DatabaseTables.resolve_from_dict({"tables": [entry]})


def test_the_list_as_it_is_written_in_yaml() -> None:
    tables = DatabaseTables.resolve_from_yaml(
        """
        recent_days: 7
        tables:
          - table: shop.orders
            contract: contracts.shop.ShopOrders
            cursor: updated_at
            day: ordered_at
            delete_policy: ignore
        """
    )
    definitions = tables.definitions()

    [asset] = definitions.assets or []
    assert isinstance(asset, dg.AssetsDefinition)
    assert asset.key == ShopOrders.contract.key
    assert asset.partitions_def == ShopOrders.contract.partitions
    assert [sensor.name for sensor in definitions.sensors or []] == ["shop_database_changes"]
