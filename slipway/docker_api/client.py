"""One client's connection: proper HTTP/1.1 requests in, answers out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import h11

from slipway.docker_api.engine import EngineError
from slipway.docker_api.refused import Refused

_CHUNK = 1 << 16
_MOST_HEAD = 16 << 10
MOST_BODY = 1 << 20
_IDLE = 300.0
_BODY = 10.0
_LINGER = 1.0
_PASSED_ON = ("content-type", "api-version", "ostype", "docker-experimental")


class ClientGone(Exception):
    """The client has closed the connection, or has said nothing for too long."""


@dataclass(frozen=True)
class Asked:
    """The head of a request; `length` in bytes is its body's."""

    method: str
    target: str
    length: int


class Client:
    """A connection from a client, for one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD)
        self._ahead: asyncio.Task[bytes] | None = None
        peer = writer.get_extra_info("peername")
        self.address: str = str(peer[0]) if peer else "-"

    async def request(self) -> Asked | None:
        """The next request; None: the client has no more.

        Raises:
            Refused: it is not a proper request.
            ClientGone
        """
        event = await self._event(_IDLE)
        if not isinstance(event, h11.Request):
            return None
        headers = dict(event.headers)
        if event.http_version != b"1.1":
            raise Refused("The request: expected HTTP/1.1; found an older version.", 400)
        if b"transfer-encoding" in headers:
            raise Refused("The request: expected a body with Content-Length; found Transfer-Encoding.", 400)
        if b"upgrade" in headers or b"upgrade" in headers.get(b"connection", b"").lower():
            raise Refused("The request asks for another protocol (Upgrade); nothing here needs one.")
        if b"expect" in headers:
            raise Refused("The request: expected the body at once; found Expect.", 400)
        length = int(headers.get(b"content-length", b"0"))
        if length > MOST_BODY:
            raise Refused(f"The body: expected at most {MOST_BODY} bytes; found {length}.", 400)
        return Asked(event.method.decode("ascii"), event.target.decode("ascii"), length)

    async def body(self) -> bytes:
        """Raises: Refused, ClientGone."""
        body = bytearray()
        while isinstance(event := await self._event(_BODY), h11.Data):
            body += event.data
        return bytes(body)

    async def no_body(self, asked: Asked) -> dict[str, Any]:
        """Raises: Refused: there is one."""
        if asked.length:
            raise Refused("The body: expected none for this path; found one.", 400)
        await self.body()
        return {}

    async def while_there(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, unless the client closes the connection first: nobody would hear what comes of it.

        Raises:
            ClientGone
        """
        task = asyncio.ensure_future(work)
        if self._ahead is None:
            self._ahead = asyncio.ensure_future(self._reader.read(_CHUNK))
        try:
            await asyncio.wait({task, self._ahead}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and (self._ahead.exception() or not self._ahead.result()):
                raise ClientGone
            await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def relay(self, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
        """The engine's answer, as it comes."""
        passed = [(name, headers[name]) for name in (*_PASSED_ON, "content-length") if name in headers]
        data = self._http.send(h11.Response(status_code=status, headers=passed)) or b""
        if "content-length" not in headers:
            await self._send(data)
            data = b""
        try:
            async for chunk in chunks:
                await self._send(data + (self._http.send(h11.Data(data=chunk)) or b""))
                data = b""
            await self._send(data + (self._http.send(h11.EndOfMessage()) or b""))
        except (EngineError, h11.ProtocolError):
            # Its head is sent, so that the client can only be told by an end that comes too early.
            raise ClientGone from None

    async def give(self, status: int, headers: Mapping[str, str], body: bytes, close: bool = False) -> None:
        """A whole answer."""
        passed = [(name, headers[name]) for name in _PASSED_ON if name in headers]
        passed += [("content-length", str(len(body)))] + ([("connection", "close")] if close else [])
        data = self._http.send(h11.Response(status_code=status, headers=passed)) or b""
        data += self._http.send(h11.Data(data=body)) or b""
        await self._send(data + (self._http.send(h11.EndOfMessage()) or b""))

    async def say(self, status: int, message: Mapping[str, Any], close: bool = False) -> None:
        """A whole answer of our own."""
        await self.give(status, {"content-type": "application/json"}, json.dumps(message).encode(), close)

    async def refuse(self, refused: Refused) -> None:
        """Say why, and read what the client still sends: unread bytes would end the connection before it is heard."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        await self.say(refused.status, {"message": refused.sentence}, close=True)
        with contextlib.suppress(OSError, TimeoutError, ClientGone):
            self._writer.write_eof()
            async with asyncio.timeout(_LINGER):
                while await self._read():
                    pass

    def next_request(self) -> bool:
        """Make ready for another request; False: this was the last."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        if self._ahead is not None:
            self._ahead.cancel()
        self._writer.close()

    async def _event(self, patience: float) -> Any:
        try:
            async with asyncio.timeout(patience):
                while (event := self._http.next_event()) is h11.NEED_DATA:
                    self._http.receive_data(await self._read())
                return event
        except h11.RemoteProtocolError as error:
            raise Refused(f"The request is not proper HTTP/1.1: {error}.", 400) from None
        except (OSError, TimeoutError):
            raise ClientGone from None

    async def _read(self) -> bytes:
        ahead, self._ahead = self._ahead, None
        return await (ahead or self._reader.read(_CHUNK))

    async def _send(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise ClientGone from None
