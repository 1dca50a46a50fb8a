"""The resource `ShopApi`: what the shop's HTTP API can be asked."""

import calendar
import datetime as dt
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.shop_api.answer import Answer, Record
from ingestion.shop_api.errors import ApiChanged
from ingestion.shop_api.transport import Patience, Transport, transport
from slipway.location import setting

SHOP_API = "SLIPWAY_SHOP_API_URL"
TIMEOUT = "SLIPWAY_SHOP_API_TIMEOUT_SECONDS"
ATTEMPTS = "SLIPWAY_SHOP_API_ATTEMPTS"

FEEDBACK, EXCHANGE_RATES = "/api/feedback", "/api/exchange-rates"
_LISTS = ("users", "posts", "comments")
_RATES = pa.schema([("date", pa.date32()), ("currency", pa.string()), ("rate", pa.decimal128(18, 6))])
_MOST_PAGES = 10_000


class ShopApi(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Calls the shop's API; see `Patience` for what the numbers mean.

    Attributes:
        base_url: such as http://shop:8000, without user and password.
        per_page: records of each list that a call asks for.
        keep_rates_seconds: how long a month of exchange rates is taken from memory instead of asking again, which
            makes a run over a year a dozen calls.
    """

    base_url: str
    timeout_seconds: float = 10.0
    attempts: int = 5
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    per_page: int = 500
    keep_rates_seconds: float = 300.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "ShopApi":
        """Read SLIPWAY_SHOP_API_URL, and optionally its timeout and attempts.

        Raises:
            SettingError
        """
        environ = os.environ if environ is None else environ
        return cls(
            base_url=setting(
                # What is found is not repeated: people do put passwords into URLs.
                SHOP_API,
                "the URL of the shop's API, such as http://shop:8000",
                _base_url,
                environ=environ,
                secret=True,
            ),
            timeout_seconds=setting(TIMEOUT, "a number of seconds, such as 10", _positive, "10", environ),
            attempts=setting(ATTEMPTS, "how often to try, such as 5", _count, "5", environ),
        )

    def feedback(self, day: dt.date) -> Answer:
        """`users`, `posts` and `comments` of a day, in all pages.

        Raises:
            ApiUnavailable, ApiRefused, ApiChanged
        """
        return self._all_pages(FEEDBACK, {"date": day.isoformat()}, _LISTS)

    def exchange_rates(self, first: dt.date, last: dt.date) -> pa.Table:
        """`date`, `currency`, `rate` (units for 1 EUR) of the days from first to last that have a published rate.

        Asks for whole months and keeps them for a while, so that neighbouring days share a call.

        Raises:
            ApiUnavailable, ApiRefused, ApiChanged
        """
        return _between(pa.concat_tables([self._month(month, last) for month in _months(first, last)]), first, last)

    @property
    def _transport(self) -> Transport:
        patience = Patience(self.timeout_seconds, self.attempts, self.backoff_seconds, self.longest_wait_seconds)
        return transport(self.base_url, patience)

    def _month(self, first: dt.date, asked_until: dt.date) -> pa.Table:
        end = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        # Days to come have no rate; the API is asked for them only if the caller does.
        last = min(end, max(asked_until, dt.datetime.now(dt.UTC).date()))
        kept = (self.base_url, first, last)
        with _kept_lock:
            found = _kept_months.get(kept)
            if found is not None and time.monotonic() - found[0] < self.keep_rates_seconds:
                return found[1]
        answer = self._all_pages(EXCHANGE_RATES, {"start": first.isoformat(), "end": last.isoformat()}, ("rates",))
        rates = _between(answer.table("rates", _RATES), first, last)
        with _kept_lock:
            while len(_kept_months) >= _MOST_MONTHS:
                _kept_months.pop(next(iter(_kept_months)))
            _kept_months[kept] = (time.monotonic(), rates)
        return rates

    def _all_pages(self, path: str, parameters: Mapping[str, str], lists: Sequence[str]) -> Answer:
        client = self._transport
        call = client.call(path, parameters)
        gathered: dict[str, list[Record]] = {name: [] for name in lists}
        page, pages = 1, 1
        while page <= pages:
            paged: dict[str, str | int] = {**parameters, "page": page, "per_page": self.per_page}
            answer = client.get(path, paged)
            pages = _checked(answer, client.call(path, paged), page, lists)
            for name in lists:
                gathered[name] += answer[name]
            page += 1
        return Answer(call, gathered)


_MOST_MONTHS = 48
_kept_months: dict[tuple[str, dt.date, dt.date], tuple[float, pa.Table]] = {}
_kept_lock = threading.Lock()


def _checked(answer: Any, call: str, page: int, lists: Sequence[str]) -> int:
    """The number of pages, if the answer is what a page should be."""
    expected = f"GET {call}: expected an object with page, pages and {', '.join(lists)}"
    if not isinstance(answer, dict):
        raise ApiChanged(f"{expected}; found {_kind(answer)}.")
    missing = [name for name in ("page", "pages", *lists) if name not in answer]
    if missing:
        raise ApiChanged(f"{expected}; found {', '.join(map(str, answer))}: {', '.join(missing)} missing.")
    for name in lists:
        if not (isinstance(answer[name], list) and all(isinstance(record, dict) for record in answer[name])):
            raise ApiChanged(f"GET {call}: expected a list of objects in {name}, found {_kind(answer[name])}.")
    pages = answer["pages"]
    if answer["page"] != page or not isinstance(pages, int) or not page <= pages <= _MOST_PAGES:
        raise ApiChanged(
            f"GET {call}: expected page {page} of {page} to {_MOST_PAGES} pages, "
            f"found page {answer['page']!r} of {pages!r}."
        )
    return pages


def _between(rates: pa.Table, first: dt.date, last: dt.date) -> pa.Table:
    dates = rates.column("date")
    return rates.filter(pc.and_(pc.greater_equal(dates, first), pc.less_equal(dates, last)))


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _months(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The first day of each month that the span touches."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + dt.timedelta(days=31)).replace(day=1)


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("it may not hold a user or password")
    if parts.scheme not in ("http", "https"):
        raise ValueError("it must begin with http:// or https://")
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must name a host and hold neither ? nor #")
    _ = parts.port
    return text.rstrip("/")


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 3600:
        raise ValueError("it must be more than 0 and less than an hour")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise ValueError("it must be 1 to 100")
    return number
