"""The web orders of one day, each with the whole of its later life.

A day's orders depend on seed, day, products and customers alone, so any window of the timeline can
be computed by itself. An order has at most one fate, and what happens to it happens in the order
placed < changed < deleted; `ShopDatabase.advance` relies on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from demo.chance import Draws
from demo.database.customers import UNKNOWN_IDS, Customer
from demo.wholesale.catalogue import Product

LONGEST_LIFE = timedelta(days=6)
FEWEST, MOST = 40, 80
# Monday to Sunday: people order from their sofa on Sunday and least on Saturday.
_WEEKDAYS = (64, 60, 57, 56, 52, 46, 68)
_HOURS = (7, 8, 9, 10, 10, 11, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 20, 21, 22)
_PIECES = {"consumer": (1, 4), "small business": (2, 12), "trade": (6, 48)}
_TRADE_DISCOUNT = Decimal("0.9")
_MILS = Decimal("0.001")
_UNKNOWN_CUSTOMER, _UNKNOWN_SKU = 0.012, 0.005
_CORRECTED, _CANCELLED, _DELETED = 0.04, 0.03, 0.015


@dataclass(frozen=True, slots=True)
class OrderLine:
    line_no: int
    sku: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Correction:
    at: datetime
    line_no: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Order:
    order_id: int
    customer_id: int
    ordered_at: datetime
    lines: tuple[OrderLine, ...]
    correction: Correction | None = None
    cancelled_at: datetime | None = None
    deleted_at: datetime | None = None

    def row(self) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "customer_id": self.customer_id,
            "ordered_at": self.ordered_at,
            "status": "placed",
            "updated_at": self.ordered_at,
        }

    def line_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "order_id": self.order_id,
                "line_no": line.line_no,
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "ordered_at": self.ordered_at,
                "updated_at": self.ordered_at,
            }
            for line in self.lines
        ]


class Assortment:
    """The products on sale; what the wholesale files sell often is ordered often."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._products = products
        self._weights = list(accumulate(product.lines_sold for product in products))

    def choose(self, draws: Draws, count: int) -> list[Product]:
        """Up to `count` different products."""
        drawn = (draws.weighted(self._products, self._weights) for _ in range(count))
        return list({product.sku: product for product in drawn}.values())


def orders_of(day: date, seed: int, assortment: Assortment, customers: Sequence[Customer]) -> list[Order]:
    """The orders of a day by time, ids rising with it; `customers` as of that morning."""
    draws = Draws(seed, "orders", day)
    usual = _WEEKDAYS[day.weekday()]
    count = min(MOST, max(FEWEST, usual + draws.whole(-9, 9)))
    buyers = [customer for customer in customers if customer.status != "closed"]
    moments = sorted(_moment(draws, day) for _ in range(count))
    # 100 ids a day: unique by day without knowing how many orders the days before had.
    first_id = day.toordinal() * 100 + 1
    return [_order(draws, first_id + index, moment, assortment, buyers) for index, moment in enumerate(moments)]


def _moment(draws: Draws, day: date) -> datetime:
    hour = draws.pick(_HOURS)
    return datetime.combine(day, time(hour)) + timedelta(seconds=draws.whole(0, 3599))


def _order(
    draws: Draws,
    order_id: int,
    ordered_at: datetime,
    assortment: Assortment,
    buyers: Sequence[Customer],
) -> Order:
    # The square makes some customers regulars and others rare.
    buyer = buyers[int(draws.fraction() ** 2 * len(buyers))]
    known = not draws.chance(_UNKNOWN_CUSTOMER)
    products = assortment.choose(draws, draws.whole(1, 6))
    lines = tuple(_line(draws, no, product, buyer) for no, product in enumerate(products, 1))
    correction, cancelled_at, deleted_at = _fate(draws, ordered_at, lines)
    return Order(
        order_id,
        buyer.customer_id if known else draws.pick(UNKNOWN_IDS),
        ordered_at,
        lines,
        correction,
        cancelled_at,
        deleted_at,
    )


def _line(draws: Draws, line_no: int, product: Product, buyer: Customer) -> OrderLine:
    fewest, most = _PIECES[buyer.segment]
    price = product.unit_price
    if buyer.segment == "trade":
        price = max(_MILS, (price * _TRADE_DISCOUNT).quantize(_MILS))
    # Articles that the shop has sold once and has no record of any more.
    sku = f"OLD-{draws.whole(1, 20):03d}" if draws.chance(_UNKNOWN_SKU) else product.sku
    return OrderLine(line_no, sku, draws.whole(fewest, most), price)


def _fate(
    draws: Draws, ordered_at: datetime, lines: Sequence[OrderLine]
) -> tuple[Correction | None, datetime | None, datetime | None]:
    fate = draws.fraction()
    if fate < _CORRECTED:
        line = draws.pick(lines)
        at = _office_hours(draws, ordered_at.date() + timedelta(days=draws.whole(1, 3)))
        change = draws.whole(1, max(1, line.quantity - 1))
        smaller = line.quantity > 1 and draws.chance(0.6)
        quantity = line.quantity - change if smaller else line.quantity + change
        return Correction(at, line.line_no, quantity), None, None
    if fate < _CORRECTED + _CANCELLED:
        return None, ordered_at + timedelta(seconds=draws.whole(600, 36 * 3600)), None
    if fate < _CORRECTED + _CANCELLED + _DELETED:
        return (
            None,
            None,
            _office_hours(draws, ordered_at.date() + timedelta(days=draws.whole(2, 5))),
        )
    return None, None, None


def _office_hours(draws: Draws, day: date) -> datetime:
    return datetime.combine(day, time(9)) + timedelta(seconds=draws.whole(0, 8 * 3600))
