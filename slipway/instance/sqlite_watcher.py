"""Live events of the watched runs, for the run page of the UI."""

from __future__ import annotations

import logging
import threading
from typing import NamedTuple

from dagster._core.event_api import EventHandlerFn, EventLogCursor, EventLogRecord
from dagster._core.storage.event_log.base import EventLogStorage

from slipway.instance.sqlite_database import Database

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 0.2
_EVENTS_A_PAGE = 1000


class _Watch(NamedTuple):
    run_id: str
    callback: EventHandlerFn


class _Place(NamedTuple):
    cursor: str | None
    version: int | None  # of the database, when the watch had caught up with it


class EventWatcher:
    """Calls back with each new event of the watched runs, in order, all from one thread.

    File events do not tell of them: a commit goes to the write-ahead log, and the database file
    changes at a checkpoint only. `PRAGMA data_version` does tell, in microseconds, so it can be
    asked all the time: Dagster's polling watcher slows down to one look in 16 seconds.
    """

    def __init__(self, log: EventLogStorage, database: Database) -> None:
        self._log = log
        self._database = database
        self._lock = threading.Lock()
        self._places: dict[_Watch, _Place] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back with the events of a run after `cursor`, or with all of them if it is None."""
        with self._lock:
            self._places[_Watch(run_id, callback)] = _Place(cursor, None)
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._thread = threading.Thread(target=self._follow, name="sqlite-event-watch", daemon=True)
                self._thread.start()

    def end_watch(self, run_id: str, callback: EventHandlerFn) -> None:
        """Stop calling back; unknown watches are ignored."""
        with self._lock:
            self._places.pop(_Watch(run_id, callback), None)

    def stop(self) -> None:
        """End all watches and wait for the thread; a callback may call it too."""
        with self._lock:
            self._places.clear()
            self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _follow(self) -> None:
        with self._database.engine.connect() as connection:
            while not self._stopping.wait(_SECONDS_BETWEEN_LOOKS):
                version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
                with self._lock:
                    places = dict(self._places)
                for watch, place in places.items():
                    if place.version != version:
                        self._catch_up(watch, place.cursor, version)

    def _catch_up(self, watch: _Watch, cursor: str | None, version: int) -> None:
        try:
            while True:
                page = self._log.get_records_for_run(watch.run_id, cursor, limit=_EVENTS_A_PAGE)
                for record in page.records:
                    if watch not in self._places:
                        return
                    _call_back(watch, record)
                cursor = page.cursor
                if not page.has_more:
                    break
        except Exception:
            # The watch goes on with the next change of the database.
            logger.exception("Could not read the events of the watched run %s.", watch.run_id)
        with self._lock:
            if watch in self._places:
                self._places[watch] = _Place(cursor, version)


def _call_back(watch: _Watch, record: EventLogRecord) -> None:
    cursor = EventLogCursor.from_storage_id(record.storage_id).to_string()
    try:
        watch.callback(record.event_log_entry, cursor)
    except Exception:
        logger.exception("The callback of the watched run %s failed.", watch.run_id)
