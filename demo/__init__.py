"""The shop: a source system to try the platform on, deterministic by seed.

Real wholesale sales files and exchange rates, and around them a simulated web shop: an
application database that changes with simulated time, and an HTTP API that paginates, limits and
fails at times. It knows nothing of the platform. `python -m demo serve --home DIR` starts it for
people, `python -m demo live` as a service that goes with the real time, `Shop` in tests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demo.database import ShopDatabase
    from demo.errors import ShopError
    from demo.settings import Calendar, Settings
    from demo.shop import Shop
    from demo.wholesale import WholesaleFiles

__all__ = ["Calendar", "Settings", "Shop", "ShopDatabase", "ShopError", "WholesaleFiles"]

_HOMES = {
    "Calendar": "demo.settings",
    "Settings": "demo.settings",
    "Shop": "demo.shop",
    "ShopDatabase": "demo.database",
    "ShopError": "demo.errors",
    "WholesaleFiles": "demo.wholesale",
}


def __getattr__(name: str) -> Any:
    # On first use: a container's health check runs `python -m demo check` all the time, and must not import SQLAlchemy
    # and a web server for it (0.5 s of a processor against 0.06 s).
    if name not in _HOMES:
        raise AttributeError(f"module 'demo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
