"""A file that says when each task ended its last round, and who reads it: the container's health check.

Times are the machine's monotonic clock, which all its processes share; the wall clock may be set.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

TOLERANCE = 30.0
"""Seconds beyond three intervals after which a round counts as overdue."""


class Heartbeat:
    def __init__(self, file: Path, intervals: dict[str, float]) -> None:
        self._file = file
        self._lock = threading.Lock()
        now = time.monotonic()
        self._rounds = {name: {"at": now, "interval": interval} for name, interval in intervals.items()}
        self._write()

    def beat(self, task: str) -> None:
        with self._lock:
            self._rounds[task]["at"] = time.monotonic()
            self._write()

    def _write(self) -> None:
        beside = self._file.with_name(f"{self._file.name}.new")
        beside.write_text(json.dumps(self._rounds))
        beside.replace(self._file)


def overdue(file: Path, now: float | None = None) -> list[str]:
    """One sentence for each task whose last round is older than it should be; empty if all is well."""
    try:
        rounds: dict[str, dict[str, float]] = json.loads(file.read_text())
    except FileNotFoundError:
        return [
            f"{file} is not there: the steward has not started, or SLIPWAY_HEARTBEAT_FILE is not what it was given."
        ]
    except (OSError, ValueError) as error:
        return [f"{file} cannot be read ({error}): expected what the steward writes there."]
    now = time.monotonic() if now is None else now
    return [
        f"The task {name} ended its last round {now - last['at']:.0f} s ago: expected one every {last['interval']:g} s."
        for name, last in rounds.items()
        if now - last["at"] > 3 * last["interval"] + TOLERANCE
    ]
