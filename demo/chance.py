"""Chance by seed: the same key gives the same draws on every machine and Python version."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """A stream of draws that depends on its key alone.

    Only `Random.random()` is used: it is the one method whose sequence Python promises to keep
    between versions, and the shop is built on 3.11 outside and on 3.13 in images.
    """

    def __init__(self, *key: object) -> None:
        self._random = random.Random(":".join(str(part) for part in key)).random

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._random()

    def chance(self, share: float) -> bool:
        """True in `share` of the draws."""
        return self._random() < share

    def whole(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely as the other."""
        return items[int(self._random() * len(items))]

    def weighted(self, items: Sequence[T], cumulative: Sequence[int]) -> T:
        """One of the items; `cumulative` are running totals of their weights."""
        return items[bisect(cumulative, int(self._random() * cumulative[-1]))]
