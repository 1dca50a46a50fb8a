"""Faults of the API: a few by chance, and any number by switch."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from demo.chance import Draws
from demo.errors import RequestError

FEEDBACK, EXCHANGE_RATES = "/api/feedback", "/api/exchange-rates"
KINDS = ("500", "429", "timeout", "invalid_json", "changed_schema")
RENAMED = {FEEDBACK: ("rating", "stars"), EXCHANGE_RATES: ("rate", "value")}
"""The column that `changed_schema` renames, by path: from, to."""


@dataclass
class Switch:
    """The next `times` requests to `path` fail (None: all, until cleared).

    `seconds` is how long `timeout` keeps the client waiting.
    """

    kind: str
    path: str
    times: int | None = 1
    seconds: float = 30

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RequestError(f"There is no fault {self.kind!r}: expected one of {', '.join(KINDS)}.")
        if self.path not in RENAMED:
            raise RequestError(f"Faults are for {' or '.join(RENAMED)}, found the path {self.path!r}.")
        if self.times is not None and not _number(self.times, int, at_least=1):
            raise RequestError(f"`times` must be a whole number from 1, found {self.times!r}.")
        if not _number(self.seconds, (int, float), at_least=0):
            raise RequestError(f"`seconds` must be a number from 0, found {self.seconds!r}.")


class Faults:
    """Which request fails, and how. Chance depends on the seed and the number of the request.

    A request that has failed by chance passes when it is repeated next.
    """

    def __init__(self, seed: int, share: float = 0.005) -> None:
        if not 0 <= share < 1:
            raise RequestError(f"The share of faults must be in [0, 1), found {share}.")
        self._seed = seed
        self._share = share
        self._requests = 0
        self._failed: set[str] = set()
        self._switches: list[Switch] = []
        self._lock = threading.Lock()

    def switch_on(self, kind: str, path: str = FEEDBACK, times: int | None = 1, seconds: float = 30) -> Switch:
        """Let the next `times` requests to `path` fail; RequestError if that makes no sense."""
        switch = Switch(kind, path, times, seconds)
        with self._lock:
            self._switches.append(switch)
        return switch

    def clear(self) -> None:
        """Switch all faults off; chance goes on."""
        with self._lock:
            self._switches.clear()

    def switched_on(self) -> list[dict[str, Any]]:
        """The switches that are still to act, the one that acts next first."""
        with self._lock:
            return [asdict(switch) for switch in self._switches]

    def switched(self, path: str) -> Switch | None:
        """The switch that this request to `path` meets, if any; counts it down."""
        with self._lock:
            switch = next((item for item in self._switches if item.path == path), None)
            if switch is not None and switch.times is not None:
                switch.times -= 1
                if switch.times == 0:
                    self._switches.remove(switch)
            return switch

    def by_chance(self, request: str) -> bool:
        """Whether this request (its path and query) fails by chance."""
        with self._lock:
            self._requests += 1
            if request in self._failed:
                self._failed.remove(request)
                return False
            if Draws(self._seed, "fault", self._requests).chance(self._share):
                self._failed.add(request)
                return True
            return False


def _number(value: object, kind: type | tuple[type, ...], at_least: int) -> bool:
    # bool is an int to isinstance, and JSON true is not a number of times. The comparison is
    # this way round because NaN, which Python's JSON reads, must not pass.
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return bool(value >= at_least)  # type: ignore[operator]
