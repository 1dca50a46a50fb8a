"""Dagster's webserver with one more route, and a cache of logs that does not grow for ever."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from slipway.lake.store import Store
from slipway.web.proxied import ProxiedOnly
from slipway.web.reports import Reports
from slipway.web.request_context import SignedInProcessContext


class Webserver(DagsterWebserver[SignedInProcessContext, Any]):
    """
    Args:
        pages: the store that published pages are read from; None: none are served.
        proxy_token: what a request must show to be answered, see ProxiedOnly.
    """

    def __init__(self, context: SignedInProcessContext, pages: Store | None, proxy_token: str) -> None:
        self._pages = pages
        self._proxy_token = proxy_token
        super().__init__(context)

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(ProxiedOnly, token=self._proxy_token), *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = super().build_routes()  # type: ignore[no-untyped-call]
        if self._pages is None:
            return routes
        # Before Dagster's own last route, which takes every path for a page of its UI.
        return [Route("/reports/{path:path}", Reports(self._pages).page), *routes]


def forget_old_logs(folder: Path, seconds: float, now: float | None = None) -> int:
    """Remove the copies of logs that Dagster keeps of all that was ever looked at; the number of files that went."""
    latest = (time.time() if now is None else now) - seconds
    removed = 0
    for file in folder.rglob("*"):
        if file.is_file() and file.stat().st_mtime < latest:
            file.unlink(missing_ok=True)
            removed += 1
    return removed
