"""What a change in the shop's database concerns, worked out from its rows before and after."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from demo import Shop

Row = dict[str, Any]


@dataclass(frozen=True)
class Shopped:
    """The rows of the shop's tables at a moment."""

    customers: dict[Any, Row]
    products: dict[Any, Row]
    orders: dict[Any, Row]
    lines: dict[Any, Row]

    @classmethod
    def of(cls, shop: Shop) -> Shopped:
        def rows(table: str, *key: str) -> dict[Any, Row]:
            return {tuple(row[name] for name in key): row for row in shop.database.rows(table)}

        return cls(
            rows("shop.customers", "customer_id"),
            rows("shop.products", "sku"),
            rows("shop.orders", "order_id"),
            rows("shop.order_lines", "order_id", "line_no"),
        )

    def days_of_customer(self, customer_id: int) -> list[str]:
        """Days on which a customer ordered."""
        return _days(row for row in self.orders.values() if row["customer_id"] == customer_id)

    def days_of_product(self, sku: str) -> list[str]:
        return _days(row for row in self.lines.values() if row["sku"] == sku)

    def days_of_other_orders(self, before: Shopped) -> list[str]:
        """Days of which an order or one of its lines is new, changed or gone."""
        return _days(_differing(before.orders, self.orders) + _differing(before.lines, self.lines))

    def days_of_other_customers(self, before: Shopped) -> list[str]:
        """Days on which a customer ordered whose segment is another one now."""
        customers = {row["customer_id"] for row in _differing(before.customers, self.customers, "segment")}
        return _days(row for row in self.orders.values() if row["customer_id"] in customers)


def _differing(before: dict[Any, Row], after: dict[Any, Row], *names: str) -> list[Row]:
    def seen(row: Row | None) -> Any:
        return row and tuple(row[name] for name in names or sorted(row))

    keys = before.keys() | after.keys()
    found = [(before.get(key), after.get(key)) for key in keys]
    return [new or old or {} for old, new in found if seen(old) != seen(new)]


def _days(rows: Any) -> list[str]:
    days: set[dt.date] = {row["ordered_at"].date() for row in rows}
    return sorted(day.isoformat() for day in days)
