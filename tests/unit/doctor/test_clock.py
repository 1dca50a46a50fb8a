"""Clocks: a minute apart is a warning, five are a problem."""

from __future__ import annotations

import datetime as dt

import pytest

from slipway.doctor.clock import judge_clock, look_at_engine_clock
from slipway.doctor.finding import Level
from tests.unit.doctor.stack import is_problem, is_warning

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("ahead", "level"), [(0, "ok"), (60, "ok"), (-60, "ok"), (61, "warning"), (-300, "warning"), (301, "problem")]
)
def test_levels(ahead: float, level: str) -> None:
    assert judge_clock("clock", "the store", ahead).level == level


def test_what_it_says() -> None:
    is_warning(judge_clock("clock", "the store", -90), "the store is 0:01:30 behind this machine's", "NTP")
    is_problem(judge_clock("clock", "the store", 3600), "1:00:00 ahead of", "RequestTimeTooSkewed", "NTP")


def test_the_engine_s_own() -> None:
    assert look_at_engine_clock("2026-01-01T12:00:00.655678912Z", NOW).level == Level.OK
    assert look_at_engine_clock("2026-01-01T13:00:00.5+01:00", NOW).level == Level.OK
    is_problem(look_at_engine_clock("2026-01-01T11:00:00Z", NOW), "Docker is 1:00:00 behind")
    assert look_at_engine_clock("", NOW).level == Level.SKIPPED
