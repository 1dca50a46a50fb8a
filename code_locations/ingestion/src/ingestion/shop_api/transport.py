"""GET, with patience: one client a process, repeated where that helps, and 304 for what is known already."""

from __future__ import annotations

import datetime as dt
import functools
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import stamina

from ingestion.shop_api.errors import ApiRefused, ApiUnavailable
from ingestion.shop_api.retry_after import seconds_to_wait

_REMEMBERED = 64
_LARGEST_REMEMBERED = 1_000_000
_GIVEN_UP_OFTEN = 3
_SHOWN = 200


@dataclass(frozen=True)
class Patience:
    """How long to wait for an answer.

    Attributes:
        timeout_seconds: for one attempt: to connect, and between two pieces of the answer.
        attempts: how often a call is made at most.
        backoff_seconds: before the second attempt; doubled each time, with as much jitter.
        longest_wait_seconds: never longer between two attempts. A server that asks for more is not asked again.
    """

    timeout_seconds: float = 10.0
    attempts: int = 5
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 60.0


class _TryAgain(Exception):
    """An attempt that failed in a way that may pass; `after` is what the server asks to wait."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Transport:
    """Calls to one API. Use `transport`, which keeps one a process, so that connections are used again."""

    def __init__(self, base_url: str, patience: Patience) -> None:
        self.base_url = base_url.rstrip("/")
        self.patience = patience
        self._client = httpx.Client(
            timeout=patience.timeout_seconds, headers={"User-Agent": "slipway-ingestion", "Accept": "application/json"}
        )
        self._known: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._given_up = 0
        self._lock = threading.Lock()

    def call(self, path: str, parameters: Mapping[str, str | int]) -> str:
        """A call as errors and provenance name it."""
        return str(httpx.URL(f"{self.base_url}{path}", params=dict(parameters)))

    def get(self, path: str, parameters: Mapping[str, str | int]) -> Any:
        """The answer's JSON; numbers with a point are decimals.

        Raises:
            ApiUnavailable: attempts, or the server's patience with us, are used up.
            ApiRefused: 3xx or 4xx; repeating would not help.
        """
        url = self.call(path, parameters)
        started, attempts = time.monotonic(), 0
        try:
            for attempt in stamina.retry_context(
                on=self._wait,
                # While the API is down, patience is spent on a few calls, not on each day of a year.
                attempts=1 if self._given_up >= _GIVEN_UP_OFTEN else self.patience.attempts,
                timeout=None,
                wait_initial=self.patience.backoff_seconds,
                wait_max=self.patience.longest_wait_seconds,
                wait_jitter=self.patience.backoff_seconds,
            ):
                with attempt:
                    attempts = attempt.num
                    answer = self._attempt(url)
        except _TryAgain as error:
            self._given_up += 1
            asks = (
                f" It asks to wait {error.after:g} s, more than {self.patience.longest_wait_seconds:g} s."
                if error.after is not None and error.after > self.patience.longest_wait_seconds
                else ""
            )
            raise ApiUnavailable(
                f"GET {url}: {error}. Given up after {attempts} attempt{'s' if attempts > 1 else ''} "
                f"in {time.monotonic() - started:.1f} s.{asks}"
            ) from None
        self._given_up = 0
        return answer

    def _wait(self, error: Exception) -> bool | float:
        """Whether an attempt is repeated, and when: as the server asks, or by stamina's backoff."""
        if not isinstance(error, _TryAgain):
            return False
        if error.after is None:
            return True
        return error.after if error.after <= self.patience.longest_wait_seconds else False

    def _attempt(self, url: str) -> Any:
        known = self._recall(url)
        try:
            response = self._client.get(url, headers={"If-None-Match": known[0]} if known else {})
        except httpx.TimeoutException as error:
            raise _TryAgain(
                f"expected an answer within {self.patience.timeout_seconds:g} s, found none ({type(error).__name__})"
            ) from error
        except httpx.TransportError as error:
            raise _TryAgain(f"expected an answer, found none ({str(error) or type(error).__name__})") from error
        if response.status_code == httpx.codes.NOT_MODIFIED and known:
            return _decoded(known[1])
        if not response.is_success:
            raise self._failure(url, response)
        answer = _decoded(response.content)
        self._remember(url, response)
        return answer

    def _failure(self, url: str, response: httpx.Response) -> Exception:
        found = f"expected status 200, found {response.status_code} {response.reason_phrase}".rstrip()
        text = " ".join(response.text.split())[:_SHOWN]
        why = f"{found} ({text})" if text else found
        if response.status_code in (408, 425, 429) or response.is_server_error:
            return _TryAgain(why, seconds_to_wait(response.headers.get("Retry-After"), dt.datetime.now(dt.UTC)))
        return ApiRefused(f"GET {url}: {why}. It was not repeated, because the API would refuse it again.")

    def _recall(self, url: str) -> tuple[str, bytes] | None:
        with self._lock:
            known = self._known.get(url)
            if known:
                self._known.move_to_end(url)
            return known

    def _remember(self, url: str, response: httpx.Response) -> None:
        etag = response.headers.get("ETag")
        if etag is None or len(response.content) > _LARGEST_REMEMBERED:
            return
        with self._lock:
            self._known[url] = (etag, response.content)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


@functools.lru_cache(maxsize=8)
def transport(base_url: str, patience: Patience) -> Transport:
    """The process's transport to an API."""
    return Transport(base_url, patience)


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content, parse_float=Decimal)
    # Bytes that are no UTF-8 raise UnicodeDecodeError, which is a ValueError too.
    except ValueError as error:
        raise _TryAgain(f"expected JSON, found {len(content)} bytes that are none ({error})") from error
