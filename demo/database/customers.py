"""The made-up customers of the web shop: who they are, who joins, and what changes about them."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from demo.chance import Draws
from demo.database.people import CITIES, COUNTRIES, FIRST_NAMES, LAST_NAMES
from demo.settings import Calendar

INITIAL = 400
# Above the ids of the wholesale files (12346 to 18287), so that the two are never confused.
FIRST_ID = 20001
UNKNOWN_IDS = range(990_001, 990_051)
SEGMENTS = ("consumer", "small business", "trade")
STATUSES = ("active", "dormant", "closed")
_SEGMENT_WEIGHTS = (60, 88, 100)
_STATUS_WEIGHTS = (87, 97, 100)


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: int
    name: str
    email: str
    segment: str
    city: str
    country: str
    status: str
    signed_up_at: datetime

    def row(self) -> dict[str, Any]:
        return {
            "customer_id": self.customer_id,
            "name": self.name,
            "email": self.email,
            "segment": self.segment,
            "city": self.city,
            "country": self.country,
            "status": self.status,
            "signed_up_on": self.signed_up_at.date(),
            "updated_at": self.signed_up_at,
        }


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """One column of one customer gets a new value."""

    at: datetime
    customer_id: int
    column: str
    value: str


def initial_customers(seed: int, first_day: date) -> list[Customer]:
    """Those who are there on the first day; all but the sign-up date depend on the seed alone."""
    customers = []
    for customer_id in range(FIRST_ID, FIRST_ID + INITIAL):
        draws = Draws(seed, "customer", customer_id)
        customer = _someone(draws, customer_id)
        days_ago = timedelta(days=draws.whole(1, 700))
        signed_up_at = _during(draws, first_day - days_ago)
        status = draws.weighted(STATUSES, _STATUS_WEIGHTS)
        customers.append(replace(customer, signed_up_at=signed_up_at, status=status))
    return customers


class CustomerBook:
    """What happens to customers from the first day of a calendar on, and who there was on each day.

    A change depends on what was before it, so the book is written day after day, as far as it is asked for: a calendar
    may be without end. A longer one only adds to it. It grows by some 2 to 4 MB a year.
    """

    def __init__(self, seed: int, calendar: Calendar) -> None:
        self.initial = initial_customers(seed, calendar.first_day)
        self.sign_ups: list[Customer] = []
        """Of the days that are written, as are the changes."""
        self.changes: list[CustomerChange] = []
        self._seed = seed
        self._calendar = calendar
        self._mornings: dict[date, Sequence[Customer]] = {}
        self._current = {customer.customer_id: customer for customer in self.initial}
        self._lock = threading.Lock()

    def write(self, until: date) -> None:
        """Write the days of the calendar up to `until`, if they are not written yet."""
        with self._lock:
            day = self._calendar.first_day + timedelta(days=len(self._mornings))
            while day <= min(until, self._calendar.last_day):
                self._write_day(day)
                day += timedelta(days=1)

    def on(self, day: date) -> Sequence[Customer]:
        """The customers as they were at the start of a day of the calendar."""
        self.write(day)
        return self._mornings[day]

    def _write_day(self, day: date) -> None:
        morning = tuple(self._current.values())
        draws = Draws(self._seed, "customers", day)
        changes = _changes(draws, day, morning)
        for change in changes:
            before = self._current[change.customer_id]
            changed: dict[str, Any] = {change.column: change.value}
            self._current[change.customer_id] = replace(before, **changed)
        self.changes += changes
        if draws.chance(0.5):
            newcomer = _newcomer(self._seed, day, FIRST_ID + len(self._current))
            self._current[newcomer.customer_id] = newcomer
            self.sign_ups.append(newcomer)
        self._mornings[day] = morning


def _changes(draws: Draws, day: date, customers: Sequence[Customer]) -> list[CustomerChange]:
    chosen = {draws.pick(customers).customer_id for _ in range(draws.whole(0, 3))}
    changes = []
    for customer in customers:
        if customer.customer_id in chosen:
            column = draws.pick(("segment", "city", "city", "status"))
            old = getattr(customer, column)
            choice = {
                "segment": SEGMENTS,
                "city": CITIES[customer.country],
                "status": STATUSES,
            }[column]
            value = draws.pick([item for item in choice if item != old])
            changes.append(CustomerChange(_during(draws, day), customer.customer_id, column, value))
    return sorted(changes, key=lambda change: (change.at, change.customer_id))


def _newcomer(seed: int, day: date, customer_id: int) -> Customer:
    draws = Draws(seed, "newcomer", day)
    return replace(_someone(draws, customer_id), signed_up_at=_during(draws, day))


def _someone(draws: Draws, customer_id: int) -> Customer:
    first, last = draws.pick(FIRST_NAMES), draws.pick(LAST_NAMES)
    country = draws.pick(COUNTRIES)
    return Customer(
        customer_id=customer_id,
        name=f"{first} {last}",
        email=f"{_plain(first)}.{_plain(last)}.{customer_id}@example.com",
        segment=draws.weighted(SEGMENTS, _SEGMENT_WEIGHTS),
        city=draws.pick(CITIES[country]),
        country=country,
        status="active",
        signed_up_at=datetime.min,
    )


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower().replace("ø", "o"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


def _during(draws: Draws, day: date) -> datetime:
    """A moment of the day between 8 and 20 o'clock."""
    return datetime.combine(day, time()) + timedelta(seconds=draws.whole(8 * 3600, 20 * 3600))
