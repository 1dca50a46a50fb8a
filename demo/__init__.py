"""The shop: a source system to try the platform on, deterministic by seed.

Real wholesale sales files and exchange rates, and around them a simulated web shop: an
application database that changes with simulated time, and an HTTP API that paginates, limits and
fails at times. It knows nothing of the platform. `python -m demo serve --home DIR` starts it for
people, `Shop` in tests.
"""

from demo.database import ShopDatabase
from demo.errors import ShopError
from demo.settings import Calendar, Settings
from demo.shop import Shop
from demo.wholesale import WholesaleFiles

__all__ = ["Calendar", "Settings", "Shop", "ShopDatabase", "ShopError", "WholesaleFiles"]
