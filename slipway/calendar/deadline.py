"""When a partition is due, and by that, when it is late."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """A partition is due this long after its window has ended."""

    after_end: dt.timedelta

    def __str__(self) -> str:
        hours = self.after_end.total_seconds() / 3600
        return f"{hours:g} h after the end of the partition"

    def due(self, window_end: dt.datetime) -> dt.datetime:
        return window_end + self.after_end


def next_morning(hour: int) -> Deadline:
    """Due at this hour of the morning after the partition's last day."""
    return Deadline(dt.timedelta(hours=hour))
