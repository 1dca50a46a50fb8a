"""The wholesale files that are due, into the landing; what has landed is never touched again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Event

from demo.live.landing import Landing
from demo.live.memory import give_back
from demo.live.timetable import Delivery, Timetable
from demo.wholesale import WholesaleFiles, moved

_AT_ONCE = 4


class Deliverer:
    """Delivers by a timetable into one landing. The landing is looked at only when something is due."""

    def __init__(self, timetable: Timetable, landing: Landing, stopped: Event | None = None) -> None:
        self._timetable = timetable
        self._landing = landing
        self._stopped = stopped or Event()
        self._files = WholesaleFiles()
        self._until: date | None = None

    @property
    def begun(self) -> bool:
        """Whether a round has ended with everything delivered that was due."""
        return self._until is not None

    def round(self, now: datetime) -> list[date]:
        """Deliver what is due by `now` and has not landed; returns the days that were delivered.

        Raises:
            AddressError: the landing does not answer. What has been delivered before that stays.
            SettingsError: the landing's credentials cannot be read.
        """
        newest = self._timetable.newest(now)
        if self._until is not None and newest <= self._until:
            return []
        landed = self._landing.names()
        missing = [item for item in self._timetable.due(now) if self._name(item) not in landed]
        try:
            self._deliver(missing)
        finally:
            give_back()
        if self._stopped.is_set():
            return []
        self._until = newest
        return [item.day for item in missing]

    def _deliver(self, missing: Sequence[Delivery]) -> None:
        if not missing:
            return
        self._files.days()  # unpacks the archive once, not in each thread
        with ThreadPoolExecutor(_AT_ONCE, "delivery") as pool:
            results = [pool.submit(self._put, item) for item in missing]
            try:
                for result in results:
                    result.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _put(self, item: Delivery) -> None:
        if not self._stopped.is_set():
            self._landing.put(self._name(item), moved(self._files.read(item.recorded), item.moved))

    def _name(self, item: Delivery) -> str:
        return self._files.pattern.file_name(item.day)
