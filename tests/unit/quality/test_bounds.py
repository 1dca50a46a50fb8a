"""Is a day like its kind? The same weekday's last eight weeks decide."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.quality.bounds import outside_bounds, same_weekday_keys


@given(day=st.dates(min_value=dt.date(1990, 1, 1)))
def test_the_keys_before_are_eight_and_a_week_apart(day: dt.date) -> None:
    keys = [dt.date.fromisoformat(key) for key in same_weekday_keys(day.isoformat())]
    assert [(day - key).days for key in keys] == [7, 14, 21, 28, 35, 42, 49, 56]


@pytest.mark.parametrize("key", ["books", "books|2010-12-01", "", "2010-13-01"])
def test_keys_that_are_no_days_have_none_before(key: str) -> None:
    assert same_weekday_keys(key) == []


def past(*values: float | None) -> list[tuple[str, dict[str, float]]]:
    return [(str(number), {} if value is None else {"revenue": value}) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("value", "values", "strange"),
    [
        (100.0, (90.0, 100.0, 110.0, 120.0), False),
        (30.0, (90.0, 100.0, 110.0, 120.0), False),
        (29.9, (90.0, 100.0, 110.0, 120.0), True),
        (360.0, (90.0, 100.0, 110.0, 120.0), False),
        (360.1, (90.0, 100.0, 110.0, 120.0), True),
        (0.0, (90.0, 100.0, 110.0, 120.0), True),
        (0.0, (90.0, 100.0, 110.0), False),
        (0.0, (90.0, 100.0, 110.0, 0.0), False),
        (0.0, (90.0, 100.0, 110.0, None), False),
        (0.0, (), False),
    ],
)
def test_a_third_of_the_least_to_three_times_the_most(value: float, values: tuple[float, ...], strange: bool) -> None:
    assert bool(outside_bounds({"revenue": value}, past(*values))) is strange


def test_the_sentence_gives_the_figures() -> None:
    [sentence] = outside_bounds({"revenue": 1000.0, "orders": 1.0}, past(90.0, 100.0, 110.0, 120.0))
    assert sentence == (
        "revenue is 1,000.00, outside 30.00 to 360.00 (the last 4 of the same weekday were between 90.00 and 120.00)"
    )


@given(values=st.lists(st.floats(1, 1e9), min_size=4, max_size=8))
def test_a_day_like_one_of_those_before_is_never_strange(values: list[float]) -> None:
    for value in values:
        assert outside_bounds({"revenue": value}, past(*values)) == []
