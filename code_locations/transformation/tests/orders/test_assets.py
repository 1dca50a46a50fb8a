"""silver/orders_enriched: what has no match is unknown, and never dropped."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_locations.transformation.tests.silver import Silver, rows
from contracts.shop import OrdersEnriched, ShopCustomers, ShopOrderLines, ShopOrders, ShopProducts
from slipway.quality import Judged
from transformation.defs.customers.assets import customers
from transformation.defs.orders.assets import orders_enriched
from transformation.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms()
CUSTOMERS = customers(
    rows(ShopCustomers, {"customer_id": 1, "segment": "consumer"}, {"customer_id": 2, "segment": "trade"}), PSEUDONYMS
).select("customer", "segment")
PRODUCTS = rows(ShopProducts, {"sku": "A", "category": "lamps"}, {"sku": "B", "category": "bags"}).select(
    "sku", "category"
)


def enriched(orders: pl.DataFrame, order_lines: pl.DataFrame) -> Judged:
    return orders_enriched(orders, order_lines, CUSTOMERS, PRODUCTS, PSEUDONYMS)


def test_a_line_knows_its_order_customer_and_product() -> None:
    judged = enriched(rows(ShopOrders, {"customer_id": 2}), rows(ShopOrderLines, {"sku": "B"}))
    [row] = judged.frame.rows(named=True)
    processed_at = row.pop("processed_at")
    assert row == {
        "order_id": 1,
        "line_no": 1,
        "ordered_at": dt.datetime(2010, 12, 1, 10),
        "status": "paid",
        "customer": PSEUDONYMS.of("2"),
        "segment": "trade",
        "sku": "B",
        "category": "bags",
        "quantity": 3,
        "unit_price": Decimal("2.500"),
        "revenue": Decimal("7.500"),
    }
    assert dt.datetime.now(dt.UTC) - processed_at < dt.timedelta(minutes=1)
    assert judged.verdicts[0].passed


@pytest.mark.parametrize(
    ("order", "line", "expected"),
    [
        ({"customer_id": 99}, {}, {"segment": "unknown", "category": "lamps", "status": "paid"}),
        ({"customer_id": None}, {}, {"segment": "unknown", "category": "lamps", "customer": None}),
        ({}, {"sku": "Z"}, {"segment": "consumer", "category": "unknown"}),
        ({"order_id": 7}, {}, {"segment": "unknown", "category": "lamps", "status": "unknown", "customer": None}),
    ],
    ids=["unknown customer", "no customer", "unknown product", "no order"],
)
def test_without_a_match_it_is_unknown(
    order: dict[str, object], line: dict[str, object], expected: dict[str, object]
) -> None:
    [row] = enriched(rows(ShopOrders, order), rows(ShopOrderLines, line)).frame.rows(named=True)
    assert {name: row[name] for name in expected} == expected
    assert row["revenue"] == Decimal("7.500")


def test_a_cancelled_order_is_worth_nothing_and_stays() -> None:
    [row] = enriched(rows(ShopOrders, {"status": "cancelled"}), rows(ShopOrderLines, {})).frame.rows(named=True)
    assert (row["revenue"], row["quantity"]) == (Decimal("0.000"), 3)


def test_no_order_lines() -> None:
    judged = enriched(rows(ShopOrders), rows(ShopOrderLines))
    assert len(judged.frame) == 0
    assert judged.frame.columns == [column.name for column in OrdersEnriched.contract.columns]
    assert judged.verdicts[0].passed


def test_nobody_and_nothing_on_record() -> None:
    judged = orders_enriched(
        rows(ShopOrders, {}), rows(ShopOrderLines, {}), CUSTOMERS.clear(), PRODUCTS.clear(), PSEUDONYMS
    )
    [row] = judged.frame.rows(named=True)
    assert (row["segment"], row["category"]) == ("unknown", "unknown")


@given(
    orders=st.lists(st.tuples(st.integers(1, 6), st.none() | st.integers(1, 4)), unique_by=lambda o: o[0], max_size=6),
    lines=st.lists(
        st.tuples(st.integers(1, 8), st.integers(1, 3), st.sampled_from("ABCZ"), st.integers(-3, 9)),
        unique_by=lambda line: line[:2],
        max_size=12,
    ),
)
@settings(deadline=None, max_examples=50)
def test_every_line_is_kept_once_in_its_order(
    orders: list[tuple[int, int | None]], lines: list[tuple[int, int, str, int]]
) -> None:
    judged = enriched(
        rows(ShopOrders, *({"order_id": order, "customer_id": customer} for order, customer in orders)),
        rows(ShopOrderLines, *({"order_id": o, "line_no": n, "sku": s, "quantity": q} for o, n, s, q in lines)),
    )
    assert judged.frame.select("order_id", "line_no").rows() == [line[:2] for line in lines]
    assert judged.verdicts[0].passed
    by_order = dict(orders)
    known = {1: "consumer", 2: "trade"}
    assert judged.frame["segment"].to_list() == [known.get(by_order.get(line[0]) or 0, "unknown") for line in lines]
    assert judged.frame["revenue"].sum() == sum(Decimal("2.5") * line[3] for line in lines)


def test_lines_that_a_join_has_multiplied_are_noticed() -> None:
    """Two products of one number, which their contract forbids: the line would count twice."""
    judged = orders_enriched(
        rows(ShopOrders, {}), rows(ShopOrderLines, {}), CUSTOMERS, pl.concat([PRODUCTS, PRODUCTS]), PSEUDONYMS
    )
    [verdict] = judged.verdicts
    assert not verdict.passed
    assert verdict.reason == "1 order lines became 2"


def test_a_run_over_days(silver: Silver) -> None:
    silver.customers(c1="consumer")
    silver.products(A="lamps")
    silver.orders("2010-12-01", (1, "A"), (9, "Z"))
    silver.orders("2010-12-02")
    silver.enrich("2010-12-01", "2010-12-02")
    assert silver.segments("2010-12-01") == ["consumer", "unknown"]
    assert silver.segments("2010-12-02") == []


def test_the_time_of_processing_is_no_change(silver: Silver) -> None:
    silver.customers(c1="consumer")
    silver.products(A="lamps")
    silver.orders("2010-12-01", (1, "A"))
    versions = []
    for _run in range(2):
        silver.enrich("2010-12-01", "2010-12-01")
        provenance = silver.lake.provenance(OrdersEnriched.contract.path, {"day": "2010-12-01"})
        assert provenance is not None
        versions.append(provenance.data_version)
    assert versions[0] == versions[1]
