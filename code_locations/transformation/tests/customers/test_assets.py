"""silver/customers and silver/active_customers: who buys, without names."""

from __future__ import annotations

import pytest

from code_locations.transformation.tests.silver import Silver, rows
from contracts.shop import ActiveCustomers, Customers, ShopCustomers
from transformation.defs.customers.assets import active_customers, customers
from transformation.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms()


def test_customers_have_pseudonyms_in_their_order() -> None:
    found = customers(rows(ShopCustomers, *({"customer_id": n} for n in range(1, 6))), PSEUDONYMS)
    assert found["customer"].to_list() == sorted(PSEUDONYMS.of(str(n)) for n in range(1, 6))
    assert found.columns == [column.name for column in Customers.contract.columns]


def test_names_and_addresses_go_nowhere() -> None:
    found = customers(rows(ShopCustomers, {}), PSEUDONYMS)
    assert "Ada" not in str(found.rows())
    assert "example.com" not in str(found.rows())


def test_active_customers_are_those() -> None:
    everyone = customers(
        rows(ShopCustomers, {}, {"customer_id": 2, "status": "inactive"}, {"customer_id": 3, "status": "ACTIVE"}),
        PSEUDONYMS,
    )
    active = active_customers(everyone)
    assert active["customer"].to_list() == [PSEUDONYMS.of("1")]
    assert active.columns == [column.name for column in ActiveCustomers.contract.columns]


def test_no_customers() -> None:
    nobody = customers(rows(ShopCustomers), PSEUDONYMS)
    assert len(nobody) == len(active_customers(nobody)) == 0


@pytest.mark.parametrize("missing", ["city", "country"])
def test_what_may_be_missing_stays_missing(missing: str) -> None:
    assert customers(rows(ShopCustomers, {missing: None}), PSEUDONYMS)[missing].to_list() == [None]


def test_a_run_reads_no_names_at_all(silver: Silver) -> None:
    silver.customers(c1="consumer", c2="trade")
    stored = silver.read(Customers)
    assert len(stored) == len(silver.read(ActiveCustomers)) == 2
    assert stored.columns == [column.name for column in Customers.contract.columns]
    everything = b"".join(silver.lake.store.get(found.path) or b"" for found in silver.lake.store.list("silver"))
    assert b"Ada" not in everything
