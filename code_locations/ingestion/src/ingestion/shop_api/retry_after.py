"""How long a server asks to wait."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime


def seconds_to_wait(header: str | None, now: dt.datetime) -> float | None:
    """Retry-After in seconds, from a number or a date; None where there is none, or none that can be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
