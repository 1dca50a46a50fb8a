"""A token bucket: so many requests a second in the long run, a burst at once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from demo.errors import SettingsError


class RateLimit:
    """`per_second` tokens are added up to `burst`; a request takes one."""

    def __init__(
        self,
        per_second: float = 100,
        burst: int = 200,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if per_second <= 0 or burst < 1:
            raise SettingsError(
                f"The rate limit must allow something: expected more than 0 requests a second and "
                f"a burst of at least 1, found {per_second} and {burst}."
            )
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock()
        self._lock = threading.Lock()

    def take(self) -> int:
        """0 if the request may pass, else the whole seconds after which it may come again."""
        with self._lock:
            now = self._clock()
            added = (now - self._filled_at) * self._per_second
            self._tokens, self._filled_at = min(self._burst, self._tokens + added), now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0
            return math.ceil((1 - self._tokens) / self._per_second)
