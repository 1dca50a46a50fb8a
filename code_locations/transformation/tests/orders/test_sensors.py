"""A changed customer or product rebuilds the days on which it was ordered, and no others."""

from __future__ import annotations

import polars as pl
import pytest

from code_locations.transformation.tests.silver import DAYS, Silver
from contracts.shop import ShopProducts
from transformation.defs.orders.sensors import outdated_days

D1, D2, D3, D4, D5 = DAYS[:5]


@pytest.fixture
def shop(silver: Silver) -> Silver:
    """Customer 1 ordered on D1 and D4, customer 2 on D2 and D4, product B alone on D5; D3 had no orders."""
    silver.customers(c1="consumer", c2="trade", c3="consumer")
    silver.products(A="lamps", B="bags", C="clocks")
    silver.orders(D1, (1, "A"))
    silver.orders(D2, (2, "A"), (2, "A"))
    silver.orders(D3)
    silver.orders(D4, (1, "A"), (2, "A"))
    silver.orders(D5, (None, "B"))
    silver.enrich(D1, D5)
    assert silver.tick() == []
    return silver


def test_nothing_changed_nothing_requested(shop: Silver) -> None:
    assert shop.tick() == []
    shop.customers(c1="consumer", c2="trade", c3="consumer")
    assert shop.tick() == [], "the same snapshot again"


def test_a_changed_customer_requests_the_days_on_which_it_ordered(shop: Silver) -> None:
    shop.customers(c1="small business", c2="trade", c3="consumer")
    assert shop.tick_and_run() == [(D4, D4), (D1, D1)]
    assert shop.segments(D1) == ["small business"]
    assert shop.segments(D4) == ["small business", "trade"]
    assert shop.tick() == []


def test_neighbouring_days_are_one_run(shop: Silver) -> None:
    shop.customers(c1="small business", c2="small business", c3="consumer")
    assert shop.tick() == [(D4, D4), (D1, D2)]


def test_a_customer_who_has_ordered_nothing_rebuilds_nothing(shop: Silver) -> None:
    shop.customers(c1="consumer", c2="trade", c3="small business")
    assert shop.tick() == []


def test_a_customer_who_is_gone_becomes_unknown(shop: Silver) -> None:
    shop.customers(c1="consumer", c3="consumer")
    assert shop.tick_and_run() == [(D4, D4), (D2, D2)]
    assert shop.segments(D2) == ["unknown", "unknown"]


def test_a_customer_who_turns_up_is_no_longer_unknown(shop: Silver) -> None:
    shop.orders(D3, (7, "A"))
    shop.enrich(D3, D3)
    assert shop.segments(D3) == ["unknown"]
    shop.customers(c1="consumer", c2="trade", c3="consumer", c7="trade")
    assert shop.tick_and_run() == [(D3, D3)]
    assert shop.segments(D3) == ["trade"]


def test_a_changed_product_requests_the_days_on_which_it_was_ordered(shop: Silver) -> None:
    shop.products(A="lamps", B="boxes", C="clocks")
    assert shop.tick_and_run() == [(D5, D5)]
    shop.products(A="lamps", B="boxes", C="time")
    assert shop.tick() == []


def test_a_change_of_anything_else_rebuilds_nothing(shop: Silver) -> None:
    """Another price or city: orders keep what they were sold at, and say nothing of cities."""
    shop.put(
        ShopProducts, *({"sku": s, "category": c, "description": "new"} for s, c in (("A", "lamps"), ("B", "bags")))
    )
    assert shop.tick() == []


def test_a_customer_who_changes_back_and_forth_is_followed_each_time(shop: Silver) -> None:
    for segment in ("small business", "consumer", "small business", "consumer"):
        shop.customers(c1=segment, c2="trade", c3="consumer")
        assert shop.tick_and_run() == [(D4, D4), (D1, D1)]
        assert shop.segments(D1) == [segment]


def test_a_lost_cursor_finds_the_same_days(shop: Silver) -> None:
    shop.customers(c1="small business", c2="trade", c3="consumer")
    shop.cursor = None
    assert shop.tick_and_run() == [(D4, D4), (D1, D1)]
    shop.cursor = None
    assert shop.tick() == []


def test_beyond_15_stretches_the_rest_waits_for_the_next_tick(silver: Silver) -> None:
    silver.customers(c1="consumer", c2="trade")
    silver.products(A="lamps")
    every_other = DAYS[:34:2]
    for day in DAYS[:34]:
        silver.orders(day, (1 if day in every_other else 2, "A"))
    silver.enrich(DAYS[0], DAYS[33])
    assert silver.tick() == []
    silver.customers(c1="small business", c2="trade")
    assert silver.tick_and_run() == [(day, day) for day in every_other[::-1][:15]]
    assert silver.tick_and_run() == [(day, day) for day in every_other[::-1][15:]]
    assert silver.tick() == []
    assert {silver.segments(day)[0] for day in every_other} == {"small business"}


def test_before_there_is_anything_it_waits(silver: Silver) -> None:
    assert silver.tick() == []
    silver.customers(c1="consumer")
    assert silver.tick() == []
    silver.products(A="lamps")
    assert silver.tick() == [], "there are no orders yet"
    silver.orders(D1, (1, "A"))
    silver.enrich(D1, D1)
    assert silver.tick() == []


# The rule, without a lake


def rows(*values: tuple[str, str | None, str, str, str]) -> pl.DataFrame:
    names = ("day", "customer", "segment", "sku", "category")
    return pl.DataFrame(values, schema=dict.fromkeys(names, pl.String), orient="row")


CUSTOMERS = pl.DataFrame({"customer": ["x", "y"], "segment": ["consumer", "trade"]})
PRODUCTS = pl.DataFrame({"sku": ["A", "B"], "category": ["lamps", "bags"]})


@pytest.mark.parametrize(
    ("row", "outdated"),
    [
        (("d", "x", "consumer", "A", "lamps"), False),
        (("d", "x", "trade", "A", "lamps"), True),
        (("d", "x", "consumer", "A", "bags"), True),
        (("d", "x", "unknown", "A", "lamps"), True),
        (("d", "z", "unknown", "A", "lamps"), False),
        (("d", "z", "consumer", "A", "lamps"), True),
        (("d", None, "unknown", "A", "lamps"), False),
        (("d", "x", "consumer", "Z", "unknown"), False),
    ],
)
def test_a_row_is_outdated_if_it_says_something_else(
    row: tuple[str, str | None, str, str, str], outdated: bool
) -> None:
    assert outdated_days(rows(row), CUSTOMERS, PRODUCTS) == (["d"] if outdated else [])


def test_no_rows_no_days() -> None:
    empty = pl.DataFrame(schema=dict.fromkeys(["day", "customer", "segment", "sku", "category"], pl.String))
    assert outdated_days(empty, CUSTOMERS, PRODUCTS) == []
    assert outdated_days(rows(("d", "x", "consumer", "A", "lamps")), CUSTOMERS.clear(), PRODUCTS.clear()) == ["d"]
