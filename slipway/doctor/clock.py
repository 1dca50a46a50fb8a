"""Clocks that have to agree."""

from __future__ import annotations

import datetime as dt
import re

from slipway.doctor.finding import Finding, ok, problem, skipped, warning

_WARN_SECONDS = 60
_REFUSED_SECONDS = 300


def judge_clock(check: str, whose: str, ahead: float) -> Finding:
    """
    Args:
        ahead: seconds by which that clock is ahead of this machine's.
    """
    apart = abs(ahead)
    if apart <= _WARN_SECONDS:
        return ok(check, f"The clocks of {whose} and of this machine agree.")
    shown = dt.timedelta(seconds=round(apart))
    found = f"The clock of {whose} is {shown} {'ahead of' if ahead > 0 else 'behind'} this machine's"
    fix = "set both by NTP (`timedatectl set-ntp true`; Docker Desktop: restart it)"
    if apart <= _REFUSED_SECONDS:
        return warning(check, f"{found}: {fix}, before requests are refused.")
    return problem(
        check, f"{found}, and signed requests to an object store are then refused (RequestTimeTooSkewed): {fix}."
    )


def look_at_engine_clock(time: str, now: dt.datetime) -> Finding:
    """
    Args:
        time: the engine's, as ISO 8601 with nanoseconds; empty: not known.
    """
    # Python reads at most microseconds.
    text = re.sub(r"(\.\d{6})\d+", r"\1", time).replace("Z", "+00:00")
    try:
        there = dt.datetime.fromisoformat(text)
    except ValueError:
        return skipped("Docker's clock", "What time Docker has cannot be told before it answers.")
    return judge_clock("Docker's clock", "Docker", (there - now).total_seconds())
