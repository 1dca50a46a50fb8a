"""The tables, equal on SQLite and Postgres, and how money and time are stored.

    type        Postgres                      SQLite
    money       numeric(12,3), GBP            TEXT, always three decimals: `2.950`
    timestamp   timestamp without time zone   TEXT: `2010-12-01 08:26:00`
    date        date                          TEXT: `2010-12-01`

There are no foreign keys on purpose: some orders name a customer or a product that does not exist. Indexes are on what
readers look for changes by: `updated_at`, and the day of an order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

SHOP, WAREHOUSE, SIMULATION = "shop", "warehouse", "simulation"

_MILS = Decimal("0.001")


class Money(TypeDecorator[Decimal]):
    """Exact decimals: SQLite's own NUMERIC would make floats of them."""

    impl = Numeric(12, 3)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = Text() if dialect.name == "sqlite" else Numeric(12, 3)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return str(value.quantize(_MILS))

    def process_result_value(self, value: Any, _: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


_SQLITE_DATETIME = sqlite.DATETIME(truncate_microseconds=True)  # type: ignore[no-untyped-call]
Timestamp = DateTime().with_variant(_SQLITE_DATETIME, "sqlite")

metadata = MetaData()


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


def _moment(name: str, *, index: bool = False) -> Column[Any]:
    return Column(name, Timestamp, nullable=False, index=index)


def _money(name: str) -> Column[Decimal]:
    return Column(name, Money, nullable=False)


customers = Table(
    "customers",
    metadata,
    _number("customer_id", key=True),
    _text("name"),
    _text("email"),
    _text("segment"),
    _text("city"),
    _text("country"),
    _text("status"),
    Column("signed_up_on", Date, nullable=False),
    _moment("updated_at", index=True),
    schema=SHOP,
)
products = Table(
    "products",
    metadata,
    _text("sku", key=True),
    _text("description"),
    _text("category"),
    _money("unit_price"),
    _moment("updated_at", index=True),
    schema=SHOP,
)
orders = Table(
    "orders",
    metadata,
    _number("order_id", key=True),
    _number("customer_id"),
    _moment("ordered_at", index=True),
    _text("status"),
    _moment("updated_at", index=True),
    schema=SHOP,
)
order_lines = Table(
    "order_lines",
    metadata,
    _number("order_id", key=True),
    _number("line_no", key=True),
    _text("sku"),
    _number("quantity"),
    _money("unit_price"),
    _moment("ordered_at", index=True),
    _moment("updated_at", index=True),
    schema=SHOP,
)
stock = Table(
    "stock",
    metadata,
    _text("sku", key=True),
    _number("quantity"),
    _text("location"),
    _moment("counted_at"),
    _moment("updated_at", index=True),
    schema=WAREHOUSE,
)

# What the simulation itself has to remember, so that a home can be gone on with: not part of the
# source system, and not for readers.
clock = Table("clock", metadata, _moment("now"), schema=SIMULATION)
settings = Table("settings", metadata, _text("name", key=True), _text("value"), schema=SIMULATION)
catalogue = Table(
    "catalogue",
    metadata,
    _number("rank", key=True),
    _text("sku"),
    _text("description"),
    _text("category"),
    _money("unit_price"),
    _number("lines_sold"),
    schema=SIMULATION,
)

PUBLIC = {table.fullname: table for table in (customers, products, orders, order_lines, stock)}
