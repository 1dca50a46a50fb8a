"""One request to an ASGI application, its path as in the request's first line: clients would tidy it up.

It shows the proxy's token, as all that is answered does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

TOKEN = "the-token-that-the-proxy-shows"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Get:
    app: Any

    def __call__(self, raw_path: str | bytes, method: str = "GET") -> Answer:
        raw = raw_path.encode() if isinstance(raw_path, str) else raw_path
        path, _, query = raw.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            # As uvicorn has it.
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"localhost"), (b"x-slipway-proxy", TOKEN.encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 3000),
        }
        return asyncio.run(self._answer(scope))

    async def _answer(self, scope: dict[str, Any]) -> Answer:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:]))
