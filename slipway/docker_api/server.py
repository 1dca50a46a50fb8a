"""The edge: HTTP from clients, checked, and asked of the engine.

Why h11 on asyncio, and no web framework: h11 is a strict parser of HTTP/1.1 and nothing else, which is what a guard
needs; Python's http.server takes much that is no proper HTTP. Between h11 and the engine there is no text that a client
wrote: paths, queries and bodies are written anew (`paths`, `create`) and no header gets through, so that two parsers
cannot read one request in two ways. Memory of the imports, on Python 3.11: asyncio and h11 20 MB (bare Python 10),
uvicorn with starlette 29, httpx besides 35; they take 60, 110 and 155 ms.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from slipway.docker_api.client import Asked, Client, ClientGone
from slipway.docker_api.create import create_body, update_body
from slipway.docker_api.engine import ORDINARY, Engine, EngineError, answer_json
from slipway.docker_api.images import Image, asked_image, location_image
from slipway.docker_api.json_body import json_object
from slipway.docker_api.paths import CONTAINER_ID, Kind, Operation, operation
from slipway.docker_api.refused import Refused, shown
from slipway.docker_api.settings import LABEL_STACK, Settings

log = logging.getLogger("slipway.docker_api")

_MOST_CLIENTS = 256
_MOST_REMEMBERED = 4096
_INFO = ("MemTotal", "NCPU", "ServerVersion", "OSType", "Architecture")
_AT_END = 5.0


class Proxy:
    """Serves clients until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = Engine(settings.socket)
        self._clients: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._ending = False
        # Labels of a container and of an image id never change, so that each needs to be looked at only once.
        self._ours: set[str] = set()
        self._images: dict[str, Image] = {}

    async def serve(self, stop: asyncio.Event) -> None:
        """Raises: OSError: the address cannot be listened on."""
        server = await asyncio.start_server(self._accept, *self._settings.listen)
        for listening in server.sockets:
            host, port = listening.getsockname()[:2]
            log.info("listening on %s:%s for the stack %s", host, port, self._settings.stack)
        await stop.wait()
        self._ending = True
        server.close()
        if self._answering:
            await asyncio.wait(self._answering, timeout=_AT_END)
        for task in self._clients:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._clients) >= _MOST_CLIENTS:
            log.warning("more than %s clients at once: a connection is closed unread", _MOST_CLIENTS)
            writer.transport.abort()
            return
        self._clients.add(task)
        client = Client(reader, writer)
        try:
            while await self._one(client, task):
                pass
        except (ClientGone, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            client.close()

    async def _one(self, client: Client, task: asyncio.Task[None]) -> bool:
        """Read a request and answer it; False: there will be no other on this connection."""
        asked = None
        try:
            asked = await client.request()
            if asked is None:
                return False
            self._answering.add(task)
            todo = operation(asked.method, asked.target, self._settings.stack)
            body = json_object(await client.body()) if todo.route.has_body else await client.no_body(asked)
            await client.while_there(self._answer(client, todo, body))
        except Refused as refused:
            method, path = _told(asked)
            log.warning("refused %s %s from %s: %s", method, path, client.address, refused.sentence)
            await client.refuse(refused)
            return False
        except EngineError as error:
            method, path = _told(asked)
            log.error("no answer to %s %s from %s: %s", method, path, client.address, error)
            await client.say(502, {"message": str(error)})
        finally:
            self._answering.discard(task)
        return client.next_request() and not self._ending

    async def _answer(self, client: Client, todo: Operation, body: dict[str, Any]) -> None:
        kind, name, settings = todo.route.kind, todo.name, self._settings
        send: Mapping[str, Any] | None = None
        if kind is Kind.IMAGE:
            name = asked_image(name, settings)
            await self._relay_if(client, todo, lambda found: location_image(name, found, settings))
            return
        if kind is Kind.INSPECT:
            await self._relay_if(client, todo, lambda found: self._must_be_ours(name, found))
            return
        if kind is Kind.CREATE:
            image = await self._image(client, todo, asked_image(body.get("Image"), settings))
            if image is None:
                return
            send = create_body(body, image, settings)
        if kind is Kind.UPDATE:
            send = update_body(body)
        if kind in (Kind.CONTAINER, Kind.UPDATE):
            known = await self._container(client, todo)
            if known is None:
                return
            name = known
        patience = settings.longest_wait if todo.route.slow else ORDINARY
        async with self._engine.ask(todo.route.method, todo.target(name), send, patience) as answer:
            if kind is Kind.INFO and answer.status == 200:
                info = answer_json(await answer.read())
                await client.say(200, {field: info.get(field) for field in _INFO})
            elif todo.route.slow:
                # `wait` sends its head at once: an engine that keeps silent after that shall be a 502, too.
                await client.give(answer.status, answer.headers, await answer.read())
            else:
                await client.relay(answer.status, answer.headers, answer.chunks)

    async def _relay_if(self, client: Client, todo: Operation, check: Callable[[dict[str, Any]], object]) -> None:
        async with self._engine.ask("GET", todo.target()) as answer:
            body = await answer.read()
            if answer.status == 200:
                check(answer_json(body))
            await client.give(answer.status, answer.headers, body)

    async def _image(self, client: Client, todo: Operation, name: str) -> Image | None:
        """A location's image; None: the client has the engine's answer that it does not exist."""
        if name in self._images:
            return self._images[name]
        found = await self._inspected(client, todo.inspect_image(name))
        if found is None:
            return None
        image = location_image(name, found, self._settings)
        if len(self._images) >= _MOST_REMEMBERED:
            self._images.clear()
        self._images[image.id] = image
        return image

    async def _container(self, client: Client, todo: Operation) -> str | None:
        """The whole id of one of our containers; None: the client has the engine's answer that it does not exist."""
        if todo.name in self._ours:
            return todo.name
        found = await self._inspected(client, todo.inspect_container())
        return None if found is None else self._must_be_ours(todo.name, found)

    async def _inspected(self, client: Client, target: str) -> dict[str, Any] | None:
        async with self._engine.ask("GET", target) as answer:
            body = await answer.read()
            if answer.status != 200:
                await client.give(answer.status, answer.headers, body)
                return None
            return answer_json(body)

    def _must_be_ours(self, name: str, inspected: Mapping[str, Any]) -> str:
        labels = (inspected.get("Config") or {}).get("Labels") or {}
        if labels.get(LABEL_STACK) != self._settings.stack:
            raise Refused(
                f"The container {shown(name)}: expected the label {LABEL_STACK} to be {self._settings.stack}; "
                f"found {shown(labels.get(LABEL_STACK))}."
            )
        identity = str(inspected.get("Id"))
        if not CONTAINER_ID.fullmatch(identity):
            raise EngineError(f"The engine says that the container {shown(name)} has the id {shown(identity)}.")
        if len(self._ours) >= _MOST_REMEMBERED:
            self._ours.clear()
        self._ours.add(identity)
        return identity


def _told(asked: Asked | None) -> tuple[str, str]:
    """Method and path for the log; without the query, which may be long."""
    return (shown(asked.method), shown(asked.target.partition("?")[0])) if asked else ("-", "-")
