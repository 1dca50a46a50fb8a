"""The wholesale side: one CSV of invoice lines a day, and the products that occur in them."""

from demo.wholesale.catalogue import Product, most_sold
from demo.wholesale.day_pattern import DEFAULT_PATTERN, DayPattern
from demo.wholesale.files import WholesaleFiles, forget_archive, recorded_days
from demo.wholesale.moving import moved

__all__ = [
    "DEFAULT_PATTERN",
    "DayPattern",
    "Product",
    "WholesaleFiles",
    "forget_archive",
    "most_sold",
    "moved",
    "recorded_days",
]
