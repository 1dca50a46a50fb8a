"""The steward's settings: defaults, what is read, and the sentence for what cannot be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from slipway.steward import Settings, SettingsError
from slipway.steward.settings import Retention


def test_the_stack_is_enough() -> None:
    assert Settings.from_environment({"SLIPWAY_STACK": "shop"}) == Settings("shop")


def test_everything_can_be_said() -> None:
    found = Settings.from_environment(
        {
            "SLIPWAY_STACK": "shop",
            "SLIPWAY_WATCH_SECONDS": "0.5",
            "SLIPWAY_REAP_SECONDS": "10",
            "SLIPWAY_KEEP_CONTAINERS_HOURS": "0",
            "SLIPWAY_KEEP_FAILED_CONTAINERS_HOURS": "1.5",
            "SLIPWAY_KEEP_CONTAINERS": "0",
            "SLIPWAY_KEEP_FAILED_CONTAINERS": "7",
            "SLIPWAY_LOGS_BUCKET": "team-logs",
            "SLIPWAY_KEEP_LOGS_DAYS": "1.5",
            "SLIPWAY_HEARTBEAT_FILE": "/run/beat",
        }
    )
    keep_logs = dt.timedelta(days=1.5)
    assert found == Settings("shop", 0.5, 10, Retention(0, 1.5, 0, 7), "s3://team-logs", keep_logs, Path("/run/beat"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLIPWAY_WATCH_SECONDS", "0"),
        ("SLIPWAY_WATCH_SECONDS", "often"),
        ("SLIPWAY_REAP_SECONDS", "inf"),
        ("SLIPWAY_KEEP_CONTAINERS_HOURS", "-1"),
        ("SLIPWAY_KEEP_FAILED_CONTAINERS_HOURS", "nan"),
        ("SLIPWAY_KEEP_CONTAINERS", "2.5"),
        ("SLIPWAY_KEEP_FAILED_CONTAINERS", "-3"),
        ("SLIPWAY_KEEP_LOGS_DAYS", "for ever"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{variable} is '{value}': expected a .+\.$"):
        Settings.from_environment({"SLIPWAY_STACK": "shop", variable: value})


def test_without_a_stack() -> None:
    with pytest.raises(SettingsError, match=r"^SLIPWAY_STACK is not set: expected"):
        Settings.from_environment({})
