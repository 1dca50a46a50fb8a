"""The ASGI application: routes, pages, ETags, and the manners in front of them.

GET  /api/feedback?date=2010-12-01&page=1&per_page=50
GET  /api/exchange-rates?start=2010-12-01&end=2010-12-31&page=1&per_page=500
GET  /health
GET  /admin/faults      POST /admin/faults      DELETE /admin/faults
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.api.exchange_rates import rates_between
from demo.api.faults import EXCHANGE_RATES, FEEDBACK, RENAMED, Faults, Switch
from demo.api.feedback import Feedback
from demo.api.rate_limit import RateLimit
from demo.errors import RequestError

LONGEST_SPAN_DAYS = 3660
LARGEST_PAGE = 1000

Payload = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """What the routes answer with, without HTTP: the bodies, and the state of limits and faults."""

    def __init__(
        self,
        feedback: Feedback,
        faults: Faults,
        limit: RateLimit,
        instance: str = "",
        *,
        rates_moved: timedelta = timedelta(),
        problem: Callable[[], str | None] | None = None,
    ) -> None:
        """`rates_moved`: as in `rates_between`. `problem`: why the shop as a whole is not well, in a sentence."""
        self.faults = faults
        self.limit = limit
        self.instance = instance
        self.problem = problem
        self._rates_moved = rates_moved
        self._feedback = lru_cache(maxsize=64)(feedback.of)

    def feedback(self, day: date, page: int, per_page: int) -> Payload:
        """Page `page` of each of the three lists; a post and its comments may lie pages apart."""
        lists = self._feedback(day)
        pages = _pages(max(len(rows) for rows in lists.values()), per_page)
        start = (page - 1) * per_page
        parts = {name: rows[start : start + per_page] for name, rows in lists.items()}
        return {"date": day.isoformat(), "page": page, "pages": pages, **parts}

    def exchange_rates(self, start: date, end: date, page: int, per_page: int) -> Payload:
        rows = rates_between(start, end, self._rates_moved)
        first = (page - 1) * per_page
        return {
            "base": "EUR",
            "page": page,
            "pages": _pages(len(rows), per_page),
            "rates": rows[first : first + per_page],
        }


def create_app(api: Api) -> Starlette:
    """The application for one shop."""

    async def health(_: Request) -> Response:
        # In a thread, because it asks the database.
        problem = None if api.problem is None else await run_in_threadpool(api.problem)
        if problem is not None:
            return JSONResponse({"status": "unwell", "instance": api.instance, "problem": problem}, 503)
        return JSONResponse({"status": "ok", "instance": api.instance})

    def feedback(request: Request) -> Payload:
        return api.feedback(_day(request, "date"), *_page(request, 50))

    def exchange_rates(request: Request) -> Payload:
        start, end = _day(request, "start"), _day(request, "end")
        if not 0 <= (end - start).days < LONGEST_SPAN_DAYS:
            raise RequestError(
                f"`end` must lie 0 to {LONGEST_SPAN_DAYS - 1} days after `start`, found {start} to {end}."
            )
        return api.exchange_rates(start, end, *_page(request, 500))

    async def list_faults(_: Request) -> Response:
        return JSONResponse({"faults": api.faults.switched_on()})

    async def add_fault(request: Request) -> Response:
        switch = api.faults.switch_on(**await _fault(request))
        return JSONResponse({"kind": switch.kind, "path": switch.path, "times": switch.times}, 201)

    async def clear_faults(_: Request) -> Response:
        api.faults.clear()
        return Response(status_code=204)

    async def on_request_error(_: Request, error: Exception) -> Response:
        return _refusal(400, str(error))

    return Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            Route(FEEDBACK, _with_manners(api, feedback), methods=["GET"]),
            Route(EXCHANGE_RATES, _with_manners(api, exchange_rates), methods=["GET"]),
            Route("/admin/faults", list_faults, methods=["GET"]),
            Route("/admin/faults", add_fault, methods=["POST"]),
            Route("/admin/faults", clear_faults, methods=["DELETE"]),
        ],
        exception_handlers={RequestError: on_request_error},
    )


def _with_manners(api: Api, payload: Callable[[Request], Payload]) -> Handler:
    """Limit, faults and ETag around a function that knows the answer."""

    async def answer(request: Request) -> Response:
        wait = api.limit.take()
        if wait:
            return _refusal(429, "Too many requests.", {"Retry-After": str(wait)})
        switch = api.faults.switched(request.url.path)
        if switch is None and api.faults.by_chance(f"{request.url.path}?{request.url.query}"):
            return _refusal(503, "The shop is busy for a moment: try again.")
        if switch is not None and switch.kind in ("500", "429", "timeout"):
            return await _failure(switch)
        body = payload(request)
        if switch is not None and switch.kind == "changed_schema":
            body = renamed(body, *RENAMED[request.url.path])
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        if switch is not None and switch.kind == "invalid_json":
            return Response(content[: len(content) // 2], media_type="application/json")
        return _with_etag(request, content)

    return answer


async def _failure(switch: Switch) -> Response:
    if switch.kind == "429":
        return _refusal(429, "Too many requests.", {"Retry-After": "1"})
    if switch.kind == "timeout":
        await asyncio.sleep(switch.seconds)
        return _refusal(504, f"The shop has thought about it for {switch.seconds} s.")
    return _refusal(500, "Something went wrong in the shop.")


def _with_etag(request: Request, content: bytes) -> Response:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def renamed(value: Any, old: str, new: str) -> Any:
    """The same JSON with the key `old` called `new`, at any depth."""
    if isinstance(value, dict):
        return {(new if key == old else key): renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, old, new) for item in value]
    return value


async def _fault(request: Request) -> Payload:
    # A page of another origin cannot send this content type without asking first, so it cannot
    # switch faults on behind somebody's back.
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RequestError("Send the fault as JSON, with Content-Type: application/json.")
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise RequestError(f"The body is not JSON: {error}.") from error
    known = {"kind", "path", "times", "seconds"}
    if not isinstance(body, dict) or "kind" not in body or not set(body) <= known:
        raise RequestError(f"Expected an object with `kind` and optionally `path`, `times`, `seconds`, found {body!r}.")
    return {**body, "kind": str(body["kind"])}


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers)


def _day(request: Request, name: str) -> date:
    text = request.query_params.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestError(f"`{name}` must be a day such as 2010-12-01, found {text!r}.") from None


def _page(request: Request, per_page: int) -> tuple[int, int]:
    page = _whole(request, "page", 1, 1_000_000)
    return page, _whole(request, "per_page", per_page, LARGEST_PAGE)


def _whole(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    # By length first: Python refuses to read thousands of digits, with an error of its own.
    digits = text.isascii() and text.isdigit() and len(text) <= 9
    if not (digits and 1 <= int(text) <= most):
        raise RequestError(f"`{name}` must be a whole number from 1 to {most}, found {text[:40]!r}.")
    return int(text)


def _pages(rows: int, per_page: int) -> int:
    return max(1, -(-rows // per_page))
