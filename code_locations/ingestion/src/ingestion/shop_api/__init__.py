"""The shop's HTTP API: a resource that asks it, page by page, and is patient with it.

`ShopApi` is the resource; what it gives back is an `Answer`, whose lists become tables in a contract's types.
"""

from ingestion.shop_api.answer import Answer
from ingestion.shop_api.api import SHOP_API, ShopApi
from ingestion.shop_api.errors import ApiChanged, ApiError, ApiRefused, ApiUnavailable
from ingestion.shop_api.transport import Patience

__all__ = [
    "SHOP_API",
    "Answer",
    "ApiChanged",
    "ApiError",
    "ApiRefused",
    "ApiUnavailable",
    "Patience",
    "ShopApi",
]
