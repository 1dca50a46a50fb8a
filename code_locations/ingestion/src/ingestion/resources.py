"""The resources of ingestion, configured from the environment."""

from collections.abc import Mapping
from typing import Any

from ingestion.landing import Landing
from ingestion.shop_api import ShopApi
from ingestion.source_database import SourceDatabase


def resources_from_environment(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Resources by key: `landing`, `shop_database`, `shop_api`.

    Raises:
        SettingError: a variable is unset or wrong; one sentence that names it.
    """
    return {
        "landing": Landing.from_environment(environ),
        "shop_database": SourceDatabase.from_environment(environ=environ),
        "shop_api": ShopApi.from_environment(environ),
    }
