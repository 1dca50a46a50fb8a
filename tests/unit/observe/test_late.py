"""Late is a matter of the newest expected partition alone."""

from __future__ import annotations

from typing import Any

import dagster as dg
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.observe import AssetStatus, Expected, State, problems
from slipway.observe.status import late_and_missing

DAYS = tuple(f"2010-12-{day:02d}" for day in range(1, 11))
CALENDAR = Expected(DAYS, DAYS, DAYS, newest=DAYS[-1:])


def test_a_backfill_of_old_days_does_not_make_a_missing_today_look_fresh() -> None:
    assert late_and_missing(CALENDAR, set(DAYS[:-1])) == (("2010-12-10",), ())


def test_today_does_not_hide_older_gaps() -> None:
    assert late_and_missing(CALENDAR, {DAYS[0], DAYS[-1]}) == ((), DAYS[1:-1])


@settings(deadline=None)
@given(there=st.sets(st.sampled_from(DAYS)))
def test_every_absent_partition_is_told_once(there: set[str]) -> None:
    late, missing = late_and_missing(CALENDAR, there)
    assert {*late, *missing} == set(DAYS) - there
    assert bool(late) == (DAYS[-1] not in there)
    assert not set(late) & set(missing)


def test_the_worst_state_is_the_one_that_is_told() -> None:
    key = dg.AssetKey("a")
    everything: dict[str, Any] = {"late": ("d",), "missing": ("c",), "failing": ("b",), "stale": ("a",)}
    states = []
    while everything:
        states.append(AssetStatus(key, "x", **everything).state)
        everything.pop(str(states[-1]))
    assert states == [State.FAILING, State.LATE, State.MISSING, State.STALE]
    assert AssetStatus(key, "x").state == State.UP_TO_DATE


def test_a_stale_asset_is_no_problem_to_get_up_for() -> None:
    stale, late = (
        AssetStatus(dg.AssetKey("a"), "x", stale=("1",)),
        AssetStatus(dg.AssetKey("b"), "x", late=("1",)),
    )
    assert problems([stale, late]) == [late]
