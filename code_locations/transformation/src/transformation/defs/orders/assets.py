"""silver/orders_enriched: web order lines with what is known of their customer and product."""

import datetime as dt

import polars as pl

from contracts.shop import UNKNOWN, Customers, OrdersEnriched, ShopOrderLines, ShopOrders, ShopProducts
from slipway.automation import when_inputs_change
from slipway.lake import Verdict
from slipway.quality import Judged, Upstream
from transformation.pseudonyms import Pseudonyms


@OrdersEnriched.asset(
    needs={
        "orders": ShopOrders,
        "order_lines": ShopOrderLines,
        "customers": Upstream(Customers, columns=("customer", "segment")),
        "products": Upstream(ShopProducts, columns=("sku", "category")),
    },
    # A changed customer or product must not rebuild all history: only the days that it concerns are requested, by the
    # sensor in sensors.py. So changes of these two are not looked at here.
    automation=when_inputs_change(ignoring=[Customers.contract.key, ShopProducts.contract.key]),
)
def orders_enriched(
    orders: pl.DataFrame,
    order_lines: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
    pseudonyms: Pseudonyms,
) -> Judged:
    """Order lines, orders, customers and products of a day, joined; what has no match is `unknown`, never dropped."""
    lines = order_lines.join(orders, on="order_id", how="left", suffix="_order", maintain_order="left")
    lines = lines.with_columns(customer=pseudonyms.column(lines["customer_id"]))
    cancelled = pl.col("status") == "cancelled"
    amount = pl.col("quantity").cast(pl.Decimal(18, 3)) * pl.col("unit_price")
    enriched = (
        lines.join(customers, on="customer", how="left", maintain_order="left")
        .join(products, on="sku", how="left", maintain_order="left")
        .with_columns(
            status=pl.col("status").fill_null(UNKNOWN),
            segment=pl.col("segment").fill_null(UNKNOWN),
            category=pl.col("category").fill_null(UNKNOWN),
        )
        .with_columns(
            revenue=pl.when(cancelled).then(0).otherwise(amount).cast(pl.Decimal(18, 3)),
            processed_at=pl.lit(dt.datetime.now(dt.UTC)).cast(pl.Datetime("us", "UTC")),
        )
        .select(column.name for column in OrdersEnriched.contract.columns)
    )
    kept = len(enriched) == len(order_lines)
    return Judged(
        enriched,
        verdicts=[
            Verdict(
                "every_line_kept",
                kept,
                reason="" if kept else f"{len(order_lines)} order lines became {len(enriched)}",
                metadata={"lines": len(enriched)},
            )
        ],
    )
