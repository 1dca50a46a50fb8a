"""What lies in the warehouse: an opening count, and recounts of some products on working days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from demo.chance import Draws
from demo.wholesale.catalogue import Product


@dataclass(frozen=True, slots=True)
class Count:
    """`quantity` pieces of a product found at a moment."""

    sku: str
    quantity: int
    at: datetime

    def row(self, location: str) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "quantity": self.quantity,
            "location": location,
            "counted_at": self.at,
            "updated_at": self.at,
        }


def opening_stock(seed: int, products: Sequence[Product], first_day: date) -> list[dict[str, Any]]:
    """A row a product, counted in the evening before the first day."""
    evening = datetime.combine(first_day - timedelta(days=1), time(18))
    rows = []
    for product in products:
        draws = Draws(seed, "stock", product.sku)
        location = f"{draws.pick('ABCDEF')}-{draws.whole(1, 24):02d}-{draws.whole(1, 5)}"
        rows.append(Count(product.sku, draws.whole(0, 1200), evening).row(location))
    return rows


def recounts_of(day: date, seed: int, products: Sequence[Product]) -> list[Count]:
    """Recounts in the early morning, Monday to Friday, by time."""
    if day.weekday() > 4:
        return []
    draws = Draws(seed, "recounts", day)
    skus = dict.fromkeys(draws.pick(products).sku for _ in range(draws.whole(6, 18)))
    at = datetime.combine(day, time(6))
    counts = []
    for sku in skus:
        at += timedelta(seconds=draws.whole(20, 300))
        counts.append(Count(sku, draws.whole(0, 1200), at))
    return counts
