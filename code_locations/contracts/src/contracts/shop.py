"""The shop's application database (customers, products, orders, stock) and what is made from it."""

import polars as pl

from contracts.calendar import days
from slipway.calendar import next_morning
from slipway.quality import Table, column
from slipway.quality.types import Date, Decimal12_3, Decimal18_3, Int32, Text, Timestamp, TimestampUTC

UNKNOWN = "unknown"
"""What stands where an order's customer or product is in no table: such lines are kept and can be counted."""


class ShopCustomers(Table):
    """The shop's customers as they are now."""

    key, owner, unique = "bronze/shop/customers", "team:ingestion", ("customer_id",)
    measures = {"customers": pl.len()}
    kinds = {"sql", "parquet"}

    customer_id: Int32 = column(description="primary key")
    name: Text | None = column(personal="as in the source; not carried beyond bronze")
    email: Text | None = column(personal="as in the source; not carried beyond bronze")
    segment: Text = column(description="made up: consumer, small business, trade")
    city: Text | None
    country: Text | None
    status: Text = column(description="active or inactive")
    signed_up_on: Date
    updated_at: Timestamp = column(description="last change in the source")


class ShopProducts(Table):
    """The shop's products as they are now."""

    key, owner, unique = "bronze/shop/products", "team:ingestion", ("sku",)
    measures = {"products": pl.len()}
    kinds = {"sql", "parquet"}

    sku: Text = column(description="stock code, primary key")
    description: Text | None
    category: Text = column(description="made up from keywords in the description")
    unit_price: Decimal12_3 = column(ge=0, unit="GBP")
    updated_at: Timestamp


class ShopOrders(Table):
    """The web orders of a day, as they are now (later corrections included, deleted ones gone)."""

    key, partitions, owner, due = "bronze/shop/orders", days, "team:ingestion", next_morning(6)
    unique = ("order_id",)
    measures = {"orders": pl.len()}
    kinds = {"sql", "parquet"}

    order_id: Int32
    customer_id: Int32 | None = column(personal="as in the source; pseudonymised from silver on")
    ordered_at: Timestamp = column(description="local time of the shop")
    status: Text
    updated_at: Timestamp


class ShopOrderLines(Table):
    """The lines of a day's web orders."""

    key, partitions, owner, due = "bronze/shop/order_lines", days, "team:ingestion", next_morning(6)
    unique = ("order_id", "line_no")
    measures = {"lines": pl.len()}
    kinds = {"sql", "parquet"}

    order_id: Int32
    line_no: Int32
    sku: Text
    quantity: Int32 = column(unit="pieces")
    unit_price: Decimal12_3 = column(unit="GBP")
    ordered_at: Timestamp
    updated_at: Timestamp


class Stock(Table):
    """What the warehouse holds of each product, at its last count."""

    key, owner, unique = "bronze/warehouse/stock", "team:ingestion", ("sku",)
    measures = {"units": pl.col("quantity").sum()}
    kinds = {"sql", "parquet"}

    sku: Text
    quantity: Int32 = column(unit="pieces")
    location: Text | None
    counted_at: Timestamp
    updated_at: Timestamp


class Customers(Table):
    """Customers without names: who they are is a keyed hash."""

    key, owner, unique = "silver/customers", "team:sales", ("customer",)
    measures = {"customers": pl.len()}

    customer: Text = column(personal="keyed hash of the customer number")
    segment: Text
    city: Text | None
    country: Text | None
    status: Text
    signed_up_on: Date


class ActiveCustomers(Table):
    """Customers whose status is active."""

    key, owner, unique = "silver/active_customers", "team:sales", ("customer",)
    measures = {"customers": pl.len()}

    customer: Text = column(personal="keyed hash of the customer number")
    segment: Text
    city: Text | None
    country: Text | None
    signed_up_on: Date


class OrdersEnriched(Table):
    """Web order lines with what is known of customer and product; what is not known is `unknown`, never dropped."""

    key, partitions, owner, due = "silver/orders_enriched", days, "team:sales", next_morning(7)
    unique = ("order_id", "line_no")
    measures = {
        "revenue_total": pl.col("revenue").sum(),
        "num_orders": pl.col("order_id").n_unique(),
        "unknown_lines": ((pl.col("segment") == UNKNOWN) | (pl.col("category") == UNKNOWN)).sum(),
    }
    checks = {"every_line_kept": "Each order line of the day is here once."}

    order_id: Int32
    line_no: Int32
    ordered_at: Timestamp
    status: Text
    customer: Text | None = column(personal="keyed hash of the customer number")
    segment: Text = column(description="the customer's segment, or unknown")
    sku: Text
    category: Text = column(description="the product's category, or unknown")
    quantity: Int32 = column(unit="pieces")
    unit_price: Decimal12_3 = column(unit="GBP")
    revenue: Decimal18_3 = column(unit="GBP", description="quantity x unit price; 0 for a cancelled order")
    processed_at: TimestampUTC = column(volatile=True, description="when the row was made")
