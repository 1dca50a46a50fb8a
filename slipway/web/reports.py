"""Published pages, from the lake to people who have signed in: read, and never anything but pages."""

from __future__ import annotations

import posixpath
import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from slipway.lake import LakeUnavailable
from slipway.lake.layout import FILES
from slipway.lake.store import Store

_PAGE = re.compile(rf"[\w-]+/{FILES}/(?:[\w%=.,:@-]+/)*[\w%.,:@-]+\.html", re.ASCII)
_HEADERS = {
    # A page shows data that came from outside. In a sandbox it has no origin, so that nothing in it could ever act with
    # the rights of whoever reads it; and it fetches nothing.
    "Content-Security-Policy": (
        "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:; font-src data:"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The newest version, whenever it is opened: a corrected day makes a report anew.
    "Cache-Control": "no-cache",
}


class Reports:
    """The route `/reports/{path}`: `path` is that of an artifact in the lake, such as
    gold/_files/weekly_sales_report/week=2010-11-29/report.html.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, request: Request) -> Response:
        # As it was asked for: the lake's own names have percent signs in them.
        path = request.scope["raw_path"].decode("latin-1").partition("/reports/")[2].partition("?")[0]
        if not _PAGE.fullmatch(path) or posixpath.normpath(path) != path:
            return PlainTextResponse("Only published pages are served here.", 404)
        try:
            found = await run_in_threadpool(self._store.get, path)
        except LakeUnavailable as error:
            return PlainTextResponse(str(error), 502)
        if found is None:
            return PlainTextResponse("There is no such page: its partition was never made, or it was removed.", 404)
        return Response(found, media_type="text/html; charset=utf-8", headers=_HEADERS)
