"""What happens in the shop between two moments, as rows and changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from demo.database.customers import CustomerBook
from demo.database.orders import LONGEST_LIFE, Assortment, Order, orders_of
from demo.database.stock import opening_stock, recounts_of
from demo.settings import Calendar
from demo.wholesale.catalogue import Product

Row = dict[str, Any]


@dataclass
class Happenings:
    """Rows to insert and changes to make, a row a dictionary.

    Recounts are by time, because a product may be counted twice; any other row occurs once a list.
    """

    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    order_lines: list[Row] = field(default_factory=list)
    customer_changes: list[Row] = field(default_factory=list)
    cancellations: list[Row] = field(default_factory=list)
    corrections: list[Row] = field(default_factory=list)
    deletions: list[Row] = field(default_factory=list)
    recounts: list[Row] = field(default_factory=list)


class Timeline:
    """The shop's history by seed, calendar and products.

    Applying `between(a, b)` and then `between(b, c)` is the same as applying `between(a, c)`.
    """

    def __init__(self, seed: int, calendar: Calendar, products: Sequence[Product]) -> None:
        self.seed = seed
        self.calendar = calendar
        self.products = tuple(products)
        self._assortment = Assortment(self.products)
        self._book = CustomerBook(seed, calendar)

    def opening(self) -> dict[str, list[Row]]:
        """The rows of each table before anything has happened."""
        products = [
            {
                "sku": product.sku,
                "description": product.description,
                "category": product.category,
                "unit_price": product.unit_price,
                "updated_at": self.calendar.opening,
            }
            for product in self.products
        ]
        return {
            "shop.customers": [customer.row() for customer in self._book.initial],
            "shop.products": products,
            "warehouse.stock": opening_stock(self.seed, self.products, self.calendar.first_day),
        }

    def between(self, after: datetime, until: datetime) -> Happenings:
        """Everything that happens later than `after` and not later than `until`."""
        found = Happenings()
        self._book.write(until.date())
        for order in self._orders_alive(after, until):
            _life(order, after, until, found)
        for sign_up in self._book.sign_ups:
            if after < sign_up.signed_up_at <= until:
                found.customers.append(sign_up.row())
        found.customer_changes = self._customer_changes(after, until)
        for day in self._days(after.date(), until.date()):
            for count in recounts_of(day, self.seed, self.products):
                if after < count.at <= until:
                    counted = {"quantity": count.quantity, "counted_at": count.at}
                    found.recounts.append({"sku": count.sku, **counted, "updated_at": count.at})
        return found

    def _days(self, first: date, last: date) -> Iterator[date]:
        day = max(first, self.calendar.first_day)
        while day <= min(last, self.calendar.last_day):
            yield day
            day += timedelta(days=1)

    def _orders_alive(self, after: datetime, until: datetime) -> Iterator[Order]:
        for day in self._days((after - LONGEST_LIFE).date(), until.date()):
            yield from orders_of(day, self.seed, self._assortment, self._book.on(day))

    def _customer_changes(self, after: datetime, until: datetime) -> list[Row]:
        # One row a customer, its latest time winning: changes of different columns can then be
        # applied in any order.
        merged: dict[int, Row] = {}
        for change in self._book.changes:
            if after < change.at <= until:
                row = merged.setdefault(change.customer_id, {"customer_id": change.customer_id})
                row |= {change.column: change.value, "updated_at": change.at}
        return list(merged.values())


def _life(order: Order, after: datetime, until: datetime, found: Happenings) -> None:
    if after < order.ordered_at <= until:
        found.orders.append(order.row())
        found.order_lines += order.line_rows()
    key = {"order_id": order.order_id}
    if order.cancelled_at is not None and after < order.cancelled_at <= until:
        found.cancellations.append({**key, "status": "cancelled", "updated_at": order.cancelled_at})
    if order.correction is not None and after < order.correction.at <= until:
        fix = order.correction
        found.corrections.append({**key, "line_no": fix.line_no, "quantity": fix.quantity, "updated_at": fix.at})
    if order.deleted_at is not None and after < order.deleted_at <= until:
        found.deletions.append(key)
