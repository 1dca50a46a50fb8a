"""Wanted partitions as stretches of neighbours: complete, disjoint, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.automation import contiguous, ranged_runs
from slipway.automation.ranges import RANGE_END, RANGE_START, rectangles
from slipway.calendar import Calendar

calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))
KEYS = calendar.days.get_partition_keys()
ASSET = dg.AssetKey(["bronze", "sales"])


def between(keys: Sequence[str], first: str, last: str) -> Sequence[str]:
    return keys[keys.index(first) : keys.index(last) + 1]


@given(wanted=st.sets(st.sampled_from(KEYS)))
def test_stretches_hold_what_is_wanted_once_and_nothing_else(wanted: set[str]) -> None:
    stretches = contiguous(KEYS, sorted(wanted))
    covered = [key for first, last in stretches for key in between(KEYS, first, last)]
    assert sorted(covered) == sorted(wanted)
    assert len(covered) == len(set(covered))


@given(wanted=st.sets(st.sampled_from(KEYS)))
def test_stretches_are_as_long_as_can_be_and_newest_first(wanted: set[str]) -> None:
    stretches = contiguous(KEYS, sorted(wanted))
    assert stretches == sorted(stretches, reverse=True)
    for (newer, _), (_, older) in pairwise(stretches):
        assert KEYS.index(newer) - KEYS.index(older) > 1, "neighbouring stretches are one"


def test_keys_that_do_not_exist_are_left_out() -> None:
    assert contiguous(KEYS, ["2009-01-01", "2010-12-03"]) == [("2010-12-03", "2010-12-03")]


def test_nothing_wanted_is_no_stretch() -> None:
    assert contiguous(KEYS, []) == []
    assert contiguous([], []) == []


def test_the_order_of_the_definition_counts_not_that_of_the_alphabet() -> None:
    assert contiguous(["b", "a", "c"], ["a", "b"]) == [("b", "a")]


# Two dimensions: a range is a product of two

SORTS = ["apples", "pears", "plums", "quinces"]
DAYS = KEYS[:6]
GRID = [f"{sort}|{day}" for sort in SORTS for day in DAYS]


@given(wanted=st.sets(st.sampled_from(GRID)))
def test_rectangles_hold_what_is_wanted_once_and_nothing_else(wanted: set[str]) -> None:
    covered = []
    for start, end in rectangles(GRID, sorted(wanted)):
        (sort_a, day_a), (sort_b, day_b) = start.split("|"), end.split("|")
        covered += [f"{sort}|{day}" for sort in between(SORTS, sort_a, sort_b) for day in between(DAYS, day_a, day_b)]
    assert sorted(covered) == sorted(wanted)


def test_all_sorts_of_neighbouring_days_are_one_rectangle() -> None:
    wanted = [key for key in GRID if DAYS[1] <= key.split("|")[1] <= DAYS[3]]
    assert rectangles(GRID, wanted) == [(f"apples|{DAYS[1]}", f"quinces|{DAYS[3]}")]


# Run requests


def test_a_stretch_is_one_run_and_a_day_is_a_stretch() -> None:
    requests, left = ranged_runs([ASSET], calendar.days, ["2010-12-01", "2010-12-02", "2010-12-06"])
    assert left == []
    assert [(r.tags[RANGE_START], r.tags[RANGE_END]) for r in requests] == [
        ("2010-12-06", "2010-12-06"),
        ("2010-12-01", "2010-12-02"),
    ]
    assert [r.asset_selection for r in requests] == [[ASSET], [ASSET]]
    assert [r.run_key for r in requests] == [None, None]


@given(wanted=st.sets(st.sampled_from(KEYS)), limit=st.integers(1, 20))
def test_what_is_beyond_the_limit_is_left_for_the_next_tick(wanted: set[str], limit: int) -> None:
    requests, left = ranged_runs([ASSET], calendar.days, sorted(wanted), limit=limit)
    requested = [key for r in requests for key in between(KEYS, r.tags[RANGE_START], r.tags[RANGE_END])]
    assert len(requests) <= limit
    assert sorted([*requested, *left]) == sorted(wanted)
    assert not left or max(left) < min(requested), "the newest come first"
    if left:
        again, _ = ranged_runs([ASSET], calendar.days, left, limit=100)
        assert len(again) == len(contiguous(KEYS, sorted(wanted))) - limit


@pytest.mark.parametrize("wanted", [["2010-12-01", "2010-12-02"], ["2011-01-31"]])
def test_the_run_key_is_made_of_the_stretch(wanted: list[str]) -> None:
    requests, _ = ranged_runs([ASSET], calendar.days, wanted, run_key=lambda first, last: f"{first}..{last}")
    assert [r.run_key for r in requests] == [f"{wanted[0]}..{wanted[-1]}"]
