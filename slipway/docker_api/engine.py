"""The Docker engine behind its socket: one connection a request, so that no answer can be taken for another's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import h11

_CHUNK = 1 << 16
_CONNECT = 5.0
_MOST_READ = 16 << 20
ORDINARY = 120.0
"""Seconds for which the engine may say nothing; docker-py itself gives up after 60."""


class EngineError(Exception):
    """The engine is not there, or does not answer as it should; the message is a sentence."""


@dataclass(frozen=True)
class Answer:
    """The head of an answer; `chunks` is its body, to be read once."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """Raises: EngineError."""
        body = bytearray()
        async for chunk in self.chunks:
            body += chunk
            if len(body) > _MOST_READ:
                raise EngineError(f"The engine's answer is longer than {_MOST_READ >> 20} MiB.")
        return bytes(body)


def answer_json(body: bytes) -> dict[str, Any]:
    """Raises: EngineError: it is no JSON object."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EngineError("The engine's answer is not JSON as it should be.")
    return found


class Engine:
    """The engine that listens on a Unix socket."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    @asynccontextmanager
    async def ask(
        self, method: str, target: str, body: Mapping[str, Any] | None = None, patience: float = ORDINARY
    ) -> AsyncIterator[Answer]:
        """Send a request; the block has the answer's head, and may read its body.

        Args:
            patience: seconds for which the engine may say nothing.

        Raises:
            EngineError
        """
        reader, writer = await self._connect()
        try:
            connection = h11.Connection(h11.CLIENT)
            writer.write(_request(connection, method, target, body))
            head = await _event(connection, reader, patience)
            while isinstance(head, h11.InformationalResponse):
                head = await _event(connection, reader, patience)
            if not isinstance(head, h11.Response):
                raise EngineError("The engine's answer is not HTTP as it should be.")
            headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
            yield Answer(head.status_code, headers, _chunks(connection, reader, patience))
        except h11.RemoteProtocolError:
            raise EngineError("The engine broke its answer off, or it is not HTTP as it should be.") from None
        except OSError as error:
            raise EngineError(f"The engine broke the connection off: {error.strerror or error}.") from None
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(_CONNECT):
                return await asyncio.open_unix_connection(self._socket)
        except TimeoutError:
            raise EngineError(f"The Docker engine does not answer on {self._socket} within {_CONNECT:g} s.") from None
        except PermissionError:
            raise EngineError(
                f"This process may not open the Docker engine's socket {self._socket}: "
                "expected its user to be in the socket's group (group_add in the compose file)."
            ) from None
        except OSError as error:
            raise EngineError(f"The Docker engine does not answer on {self._socket}: {error.strerror}.") from None


def _request(connection: h11.Connection, method: str, target: str, body: Mapping[str, Any] | None) -> bytes:
    headers = [("Host", "docker"), ("Connection", "close")]
    data = b""
    if body is not None:
        data = json.dumps(body).encode("ascii")
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    elif method == "POST":
        headers.append(("Content-Length", "0"))
    sent = connection.send(h11.Request(method=method, target=target, headers=headers)) or b""
    if data:
        sent += connection.send(h11.Data(data=data)) or b""
    return sent + (connection.send(h11.EndOfMessage()) or b"")


async def _event(connection: h11.Connection, reader: asyncio.StreamReader, patience: float) -> Any:
    while (event := connection.next_event()) is h11.NEED_DATA:
        try:
            async with asyncio.timeout(patience):
                connection.receive_data(await reader.read(_CHUNK))
        except TimeoutError:
            raise EngineError(f"The Docker engine has not answered for {patience:g} s.") from None
    return event


async def _chunks(connection: h11.Connection, reader: asyncio.StreamReader, patience: float) -> AsyncIterator[bytes]:
    while isinstance(event := await _event(connection, reader, patience), h11.Data):
        yield bytes(event.data)
