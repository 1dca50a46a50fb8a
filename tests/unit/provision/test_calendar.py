"""The calendar: shifted to recent days, settled by the first start."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.live import first_day_for
from slipway.provision.calendar import RECORDED_FIRST, RECORDED_LAST, settle, shifted_first_day
from slipway.provision.errors import ProvisionError
from tests.unit.provision.environment import settings

TODAY = dt.date(2026, 11, 21)
LATER = dt.date(2027, 3, 1)
DAYS = st.dates(dt.date(2011, 2, 1), dt.date(2100, 1, 1))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "calendar.env"


@given(DAYS)
def test_the_shop_comes_to_the_same_day(today: dt.date) -> None:
    assert shifted_first_day(today) == first_day_for(today)


@given(DAYS)
def test_the_recorded_days_become_recent_by_whole_weeks(today: dt.date) -> None:
    shift = shifted_first_day(today) - RECORDED_FIRST
    assert shift.days % 7 == 0
    assert 1 <= (RECORDED_LAST + shift - (today - dt.timedelta(days=1))).days <= 7


def test_every_day_of_a_week() -> None:
    monday = dt.date(2026, 11, 16)
    firsts = [shifted_first_day(monday + dt.timedelta(days=day)) for day in range(8)]
    assert firsts == [dt.date(2026, 9, 16)] + [dt.date(2026, 9, 23)] * 7


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {"SLIPWAY_FIRST_DAY": "2026-09-23"}),
        ({"SHOP_DATES": "original"}, {"SLIPWAY_FIRST_DAY": "2010-12-01", "SLIPWAY_LAST_DAY": "2011-01-31"}),
        ({"SLIPWAY_SHOP": "0"}, {"SLIPWAY_FIRST_DAY": "2026-11-21"}),
        ({"SLIPWAY_SHOP": "0", "SHOP_DATES": "original"}, {"SLIPWAY_FIRST_DAY": "2026-11-21"}),
        ({"SLIPWAY_FIRST_DAY": "2020-02-29"}, {"SLIPWAY_FIRST_DAY": "2020-02-29"}),
        (
            {"SLIPWAY_FIRST_DAY": "2020-01-01", "SLIPWAY_LAST_DAY": "2020-12-31"},
            {"SLIPWAY_FIRST_DAY": "2020-01-01", "SLIPWAY_LAST_DAY": "2020-12-31"},
        ),
    ],
)
def test_the_first_start_settles_it(record: Path, changed: dict[str, str], expected: dict[str, str]) -> None:
    assert settle(settings(**changed), record, TODAY) == expected
    before = record.read_text()
    assert settle(settings(**changed), record, LATER) == expected, "whatever day it is by then"
    assert record.read_text() == before
    assert [path.name for path in record.parent.iterdir()] == [record.name]


def test_a_later_start_may_leave_the_wish_out(record: Path) -> None:
    asked = settle(settings(SLIPWAY_FIRST_DAY="2020-01-01"), record, TODAY)
    assert settle(settings(), record, LATER) == asked


def test_another_first_day_is_refused(record: Path) -> None:
    settle(settings(), record, TODAY)
    before = record.read_text()
    with pytest.raises(ProvisionError, match=r"SLIPWAY_FIRST_DAY=2026-09-23, and now 2020-01-01 .*down --volumes"):
        settle(settings(SLIPWAY_FIRST_DAY="2020-01-01"), record, LATER)
    assert record.read_text() == before


def test_the_last_day_may_move(record: Path) -> None:
    settle(settings(SLIPWAY_FIRST_DAY="2020-01-01", SLIPWAY_LAST_DAY="2020-12-31"), record, TODAY)
    longer = settle(settings(SLIPWAY_FIRST_DAY="2020-01-01", SLIPWAY_LAST_DAY="2021-12-31"), record, TODAY)
    assert longer["SLIPWAY_LAST_DAY"] == "2021-12-31"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLIPWAY_FIRST_DAY", "yesterday"),
        ("SLIPWAY_FIRST_DAY", "2026-02-29"),
        ("SLIPWAY_FIRST_DAY", "20260101"),
        ("SLIPWAY_FIRST_DAY", "2026-W01-1"),
        ("SLIPWAY_FIRST_DAY", "2026-01-01T00:00"),
        ("SLIPWAY_LAST_DAY", "31.12.2026"),
        ("SLIPWAY_LAST_DAY", "2019-12-31"),
    ],
)
def test_what_is_no_day_is_one_sentence(record: Path, variable: str, value: str) -> None:
    with pytest.raises(ProvisionError, match=rf"^{variable} is .*{value}.*: expected a day .*\.$"):
        settle(settings(**{"SLIPWAY_FIRST_DAY": "2020-01-01", variable: value}), record, TODAY)
    assert not record.exists()
