"""The Dagster instance at DAGSTER_HOME, opened when it is first needed: its database may be away at the start."""

from __future__ import annotations

import threading

from dagster import DagsterInstance


class DagsterHome:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instance: DagsterInstance | None = None

    def __call__(self) -> DagsterInstance:
        with self._lock:
            if self._instance is None:
                self._instance = DagsterInstance.get()
            return self._instance
