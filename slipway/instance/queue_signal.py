"""Postgres tells the daemon that a run was put into the queue, so that it need not wait for its next look.

A signal is a help, never needed: the queue is looked at every second all the same.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from typing import cast

import psycopg2
import sqlalchemy as db
from dagster import DagsterInstance
from dagster_postgres.run_storage import PostgresRunStorage

CHANNEL = "slipway_queue"
_AGAIN_SECONDS = 5.0
_STEP_SECONDS = 0.5

logger = logging.getLogger(__name__)


def signal_queue(instance: DagsterInstance) -> None:
    """Say that a run was put into the queue. It says nothing where the instance is not in Postgres."""
    storage = instance.run_storage
    if not isinstance(storage, PostgresRunStorage):
        return
    try:
        with storage.connect() as connection:
            connection.execute(db.text(f"NOTIFY {CHANNEL}"))
    except db.exc.SQLAlchemyError as error:
        logger.warning("The daemon was not told of a run in the queue, and will see it at its next look: %s", error)


class QueueSignal:
    """Waits for such signals, on a connection of its own, which is made anew when it is lost."""

    def __init__(self, instance: DagsterInstance) -> None:
        storage = instance.run_storage
        self._engine = storage._engine if isinstance(storage, PostgresRunStorage) else None
        self._connection: psycopg2.extensions.connection | None = None
        self._again_at = 0.0

    def wait(self, seconds: float, shutdown: threading.Event) -> bool:
        """Wait until somebody signals, for some seconds at most, or until shutdown; whether somebody did.

        Signals that came since the last wait count.
        """
        deadline = time.monotonic() + seconds
        while not shutdown.is_set() and (left := deadline - time.monotonic()) > 0:
            connection = self._connected()
            if connection is None:
                shutdown.wait(min(left, _STEP_SECONDS))
                continue
            try:
                # In steps, because a shutdown wakes no `select`.
                if not connection.notifies:
                    select.select([connection], [], [], min(left, _STEP_SECONDS))
                    connection.poll()
                if connection.notifies:
                    connection.notifies.clear()
                    return True
            except (psycopg2.Error, OSError, ValueError) as error:
                self._lost(error)
        return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg2.extensions.connection | None:
        if self._connection is None and self._engine and time.monotonic() >= self._again_at:
            try:
                pooled = self._engine.raw_connection()
                connection = cast("psycopg2.extensions.connection", pooled.dbapi_connection)
                pooled.detach()
                self._connection = connection
                with connection.cursor() as cursor:
                    cursor.execute(f"LISTEN {CHANNEL}")
            except (psycopg2.Error, db.exc.SQLAlchemyError) as error:
                self._lost(error)
        return self._connection

    def _lost(self, error: Exception) -> None:
        logger.warning("Signals of the queue are not heard for some seconds: %s", str(error).strip())
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        if self._connection is not None:
            self._connection.close()
        self._connection = None
