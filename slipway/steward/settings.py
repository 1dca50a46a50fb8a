"""Settings of the steward, read once from the environment."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

LOGS_BUCKET = "SLIPWAY_LOGS_BUCKET"


class SettingsError(ValueError):
    """A variable is unset or malformed; the message names it, and what it should be."""


@dataclass(frozen=True)
class Retention:
    """How long containers of finished runs are kept, and how many at most; the newest stay.

    Attributes:
        hours: after the end of a run that succeeded.
        failed_hours: after the end of one that failed or was canceled.
    """

    hours: float = 1
    failed_hours: float = 72
    most: int = 20
    most_failed: int = 50


@dataclass(frozen=True)
class Settings:
    """Attributes:
    stack: the deployment whose containers these are: the launcher's `stack`.
    logs: address of the compute logs, such as s3://logs; empty: they are nothing of the steward's.
    heartbeat: the file by which `check` knows that all tasks go on.
    """

    stack: str
    watch_seconds: float = 1.5
    reap_seconds: float = 60
    retention: Retention = field(default_factory=Retention)
    logs: str = ""
    keep_logs: dt.timedelta = dt.timedelta(days=30)
    heartbeat: Path = Path("/tmp/slipway-steward.json")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Raises:
        SettingsError
        """
        environ = os.environ if environ is None else environ
        if not (stack := environ.get("SLIPWAY_STACK", "")):
            raise SettingsError("SLIPWAY_STACK is not set: expected the name of the deployment, such as slipway.")

        def read(variable: str, expected: str, parse: Callable[[str], T], default: T) -> T:
            return _read(environ, variable, expected, parse, default)

        hours = "a number of hours, such as 24; 0 removes at once"
        number = "a whole number, such as 20; 0 keeps none"
        seconds = "a number of seconds above 0, such as 1.5"
        keep = Retention()
        return cls(
            stack=stack,
            watch_seconds=read("SLIPWAY_WATCH_SECONDS", seconds, _positive, cls.watch_seconds),
            reap_seconds=read("SLIPWAY_REAP_SECONDS", seconds, _positive, cls.reap_seconds),
            retention=Retention(
                read("SLIPWAY_KEEP_CONTAINERS_HOURS", hours, _not_negative, keep.hours),
                read("SLIPWAY_KEEP_FAILED_CONTAINERS_HOURS", hours, _not_negative, keep.failed_hours),
                read("SLIPWAY_KEEP_CONTAINERS", number, _count, keep.most),
                read("SLIPWAY_KEEP_FAILED_CONTAINERS", number, _count, keep.most_failed),
            ),
            logs=f"s3://{bucket}" if (bucket := environ.get(LOGS_BUCKET, "").strip()) else "",
            keep_logs=read("SLIPWAY_KEEP_LOGS_DAYS", "a number of days, such as 30", _days, cls.keep_logs),
            heartbeat=heartbeat_file(environ),
        )


def heartbeat_file(environ: Mapping[str, str] | None = None) -> Path:
    environ = os.environ if environ is None else environ
    return Path(environ.get("SLIPWAY_HEARTBEAT_FILE") or Settings.heartbeat)


def _read(environ: Mapping[str, str], variable: str, expected: str, parse: Callable[[str], T], default: Any) -> T:
    text = environ.get(variable, "").strip()
    if not text:
        return default  # type: ignore[no-any-return]
    try:
        return parse(text)
    except ValueError:
        raise SettingsError(f"{variable} is {text!r}: expected {expected}.") from None


def _positive(text: str) -> float:
    if not 0 < (number := float(text)) < math.inf:
        raise ValueError
    return number


def _not_negative(text: str) -> float:
    if not 0 <= (number := float(text)) < math.inf:
        raise ValueError
    return number


def _days(text: str) -> dt.timedelta:
    days = _not_negative(text)
    if days > 36500:
        raise ValueError
    return dt.timedelta(days=days)


def _count(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError
    return number
