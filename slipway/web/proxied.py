"""Only what the proxy sends is answered: it signs people in, and its word on who somebody is counts."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PROXY_HEADER = "X-Slipway-Proxy"
_REFUSED = "Sign in through the proxy: nothing else is answered here."


class ProxiedOnly:
    """Middleware that refuses requests and WebSockets without the token that the proxy and the webserver share.

    Code servers have a network with the webserver, because it asks them for their definitions: without a token, code
    of a location could launch runs, and in anybody's name.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._shown(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": _REFUSED})
        else:
            await PlainTextResponse(_REFUSED, 401)(scope, receive, send)

    def _shown(self, scope: Scope) -> bool:
        shown = Headers(scope=scope).getlist(PROXY_HEADER)
        return len(shown) == 1 and hmac.compare_digest(shown[0].encode("latin-1"), self._token)
