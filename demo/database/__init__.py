"""The shop's application database: tables, what happens to them, and when.

`Timeline` is pure: settings and products in, what happens between two moments out. `ShopDatabase`
applies it to SQLite files or to Postgres; the same moments give the same rows on both.
"""

from demo.database.shop_database import Advanced, ShopDatabase
from demo.database.timeline import Happenings, Timeline

__all__ = ["Advanced", "Happenings", "ShopDatabase", "Timeline"]
