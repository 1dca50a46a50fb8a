"""silver/customers and silver/active_customers: who buys, without names."""

import polars as pl

from contracts.shop import ActiveCustomers, Customers, ShopCustomers
from slipway.quality import Upstream
from transformation.pseudonyms import Pseudonyms

# Names and addresses are not even read.
_COLUMNS = ("customer_id", "segment", "city", "country", "status", "signed_up_on")


@Customers.asset(needs={"shop_customers": Upstream(ShopCustomers, columns=_COLUMNS)})
def customers(shop_customers: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """Customers by pseudonym, in the order of their pseudonyms."""
    return (
        shop_customers.with_columns(customer=pseudonyms.column(shop_customers["customer_id"]))
        .select("customer", "segment", "city", "country", "status", "signed_up_on")
        .sort("customer")
    )


@ActiveCustomers.asset(needs={"customers": Customers})
def active_customers(customers: pl.DataFrame) -> pl.DataFrame:
    """Those whose status is active."""
    return customers.filter(pl.col("status") == "active").drop("status")
