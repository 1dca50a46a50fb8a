"""Something that is done again and again; after a failure sooner, and each new trouble is told once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from demo.errors import ShopError

log = logging.getLogger("demo.live")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
REMIND_AFTER = 300.0
"""Seconds: a trouble that goes on is told again as often."""


class Chore:
    """Does `act` every `every` seconds, and while it fails after pauses that grow from 0.5 s to 10 s.

    `troubles` are the errors that pass by waiting; any other one is raised.
    """

    def __init__(
        self,
        act: Callable[[], object],
        every: float,
        troubles: tuple[type[Exception], ...] = (ShopError, DBAPIError),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._act = act
        self._every = every
        self._troubles = troubles
        self._clock = clock
        self._due_at = clock()
        self._pause = FIRST_PAUSE
        self._told: tuple[str, float] | None = None

    def do(self) -> float:
        """Do it if it is due; returns the seconds until it is due next."""
        if (early := self._due_at - self._clock()) > 0:
            return early
        try:
            self._act()
        except self._troubles as error:
            self._tell(sentence(error))
            pause, self._pause = self._pause, min(LONGEST_PAUSE, 2 * self._pause)
        else:
            if self._told is not None:
                log.info("That is over: going on.")
            self._told, self._pause, pause = None, FIRST_PAUSE, self._every
        self._due_at = self._clock() + pause
        return pause

    def _tell(self, text: str) -> None:
        now = self._clock()
        if self._told is None or text != self._told[0] or now - self._told[1] >= REMIND_AFTER:
            log.warning("%s Waiting, and trying again.", text)
            self._told = (text, now)


def sentence(error: Exception) -> str:
    """What an error says, in one line."""
    if isinstance(error, DBAPIError):
        return f"The database cannot be used: {' '.join(str(error.orig).split()).rstrip('.')}."
    return " ".join(str(error).split())
