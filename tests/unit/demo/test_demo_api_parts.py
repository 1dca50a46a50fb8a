"""Feedback, exchange rates, limits and faults as pure parts, without HTTP."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.api import Faults, RateLimit
from demo.api.app import renamed
from demo.api.exchange_rates import SHIFT, published, rates_between, recorded_day
from demo.api.feedback import Feedback
from demo.errors import RequestError, SettingsError
from demo.wholesale import Product

PRODUCTS = [Product(f"{20000 + n}", f"THING {n}", "other", Decimal("1.250"), 9) for n in range(30)]
FIRST, LAST = date(2010, 11, 1), date(2011, 12, 30)
days = st.dates(date(1990, 1, 1), date(2080, 12, 31))


# --- feedback


@given(day=days)
def test_feedback_is_whole_in_itself(day: date) -> None:
    feedback = Feedback(7, PRODUCTS).of(day)
    users = {user["id"] for user in feedback["users"]}
    posts = {post["id"]: post for post in feedback["posts"]}
    comments = feedback["comments"]
    assert 20 <= len(posts) <= 60
    assert {row["user_id"] for row in [*posts.values(), *comments]} == users
    assert len({comment["id"] for comment in comments}) == len(comments)
    assert all(1 <= post["rating"] <= 5 for post in posts.values())
    assert {post["sku"] for post in posts.values()} <= {product.sku for product in PRODUCTS}
    for comment in comments:
        assert posts[comment["post_id"]]["created_at"] < comment["created_at"]
        assert comment["created_at"].startswith(f"{day}T")


def test_feedback_depends_on_seed_and_day_alone() -> None:
    day = date(2010, 12, 1)
    one, other = Feedback(7, PRODUCTS), Feedback(7, PRODUCTS)
    other.of(day + timedelta(days=1))
    assert one.of(day) == other.of(day)
    assert one.of(day) != Feedback(8, PRODUCTS).of(day)
    tomorrow = one.of(day + timedelta(days=1))
    assert not {row["id"] for row in one.of(day)["posts"]} & {r["id"] for r in tomorrow["posts"]}


# --- exchange rates


def test_rates_are_the_published_text() -> None:
    rows = rates_between(date(2010, 12, 1), date(2010, 12, 1))
    rates = {row["currency"]: row["rate"] for row in rows}
    assert rates["GBP"] == "0.8393"
    assert set(rates) == {"GBP", "USD", "CHF", "SEK", "JPY"}
    assert not any("shifted" in row for row in rows)
    assert Decimal("58776.790") / Decimal(rates["GBP"]) == pytest.approx(Decimal("70030.73"), abs=1)


def test_days_without_a_published_rate_have_no_rows() -> None:
    assert rates_between(date(2010, 12, 4), date(2010, 12, 5)) == []


@given(day=days)
def test_other_days_take_the_nearest_recorded_same_weekday(day: date) -> None:
    recorded = recorded_day(day, FIRST, LAST)
    assert FIRST <= recorded <= LAST
    assert (recorded - day) % SHIFT == timedelta(0)
    if FIRST <= day <= LAST:
        assert recorded == day
    else:
        nearer = recorded - SHIFT if day < recorded else recorded + SHIFT
        assert not FIRST <= nearer <= LAST


@given(day=days)
def test_shifted_rows_say_so(day: date) -> None:
    rows = rates_between(day, day)
    outside = not FIRST <= day <= LAST
    assert all(row.get("shifted", False) == outside for row in rows)
    assert bool(rows) == (recorded_day(day, FIRST, LAST) in published())
    if day.weekday() > 4:
        assert rows == []


# --- limit


def test_a_burst_passes_then_the_rate_holds() -> None:
    now = [0.0]
    limit = RateLimit(per_second=2, burst=3, clock=lambda: now[0])
    assert [limit.take() for _ in range(4)] == [0, 0, 0, 1]
    now[0] = 0.5
    assert [limit.take(), limit.take()] == [0, 1]
    now[0] = 1000
    assert [limit.take() for _ in range(4)] == [0, 0, 0, 1]


def test_retry_after_is_long_enough() -> None:
    now = [0.0]
    limit = RateLimit(per_second=0.1, burst=1, clock=lambda: now[0])
    limit.take()
    wait = limit.take()
    assert wait == 10
    now[0] = wait
    assert limit.take() == 0


def test_a_limit_that_allows_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="must allow something"):
        RateLimit(per_second=0)


# --- faults


def test_chance_is_the_same_by_seed_and_about_its_share() -> None:
    def outcomes(seed: int) -> list[bool]:
        faults = Faults(seed, share=0.05)
        return [faults.by_chance(f"/api/feedback?date={number}") for number in range(4000)]

    assert outcomes(1) == outcomes(1) != outcomes(2)
    assert 140 <= sum(outcomes(1)) <= 260


def test_a_request_that_failed_by_chance_passes_when_repeated() -> None:
    faults = Faults(1, share=0.99)
    for number in range(200):
        request = f"/api/feedback?page={number}"
        if faults.by_chance(request):
            assert not faults.by_chance(request)


def test_no_share_no_faults() -> None:
    faults = Faults(1, share=0)
    assert not any(faults.by_chance("/api/feedback") for _ in range(1000))


def test_switches_count_down_in_order_and_by_path() -> None:
    faults = Faults(1)
    faults.switch_on("500", times=2)
    faults.switch_on("429", "/api/exchange-rates")
    faults.switch_on("invalid_json", times=None)
    kinds = [switch and switch.kind for switch in map(faults.switched, ["/api/feedback"] * 4)]
    assert kinds == ["500", "500", "invalid_json", "invalid_json"]
    other = faults.switched("/api/exchange-rates")
    assert other is not None
    assert other.kind == "429"
    assert faults.switched("/api/exchange-rates") is None
    faults.clear()
    assert faults.switched_on() == []
    assert faults.switched("/api/feedback") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "418"},
        {"kind": "500", "path": "/health"},
        {"kind": "500", "times": 0},
        {"kind": "500", "times": True},
        {"kind": "500", "times": "3"},
        {"kind": "timeout", "seconds": -1},
        {"kind": "timeout", "seconds": float("nan")},
    ],
)
def test_switches_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    faults = Faults(1)
    with pytest.raises(RequestError):
        faults.switch_on(**wrong)
    assert faults.switched_on() == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rating", "a", "b"]), inner, max_size=3)
    ),
)


@given(value=json_values)
def test_renaming_a_column_keeps_everything_else(value: Any) -> None:
    changed = renamed(value, "rating", "stars")
    assert '"rating":' not in json.dumps(changed)
    assert renamed(changed, "stars", "rating") == value
