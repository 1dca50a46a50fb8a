"""silver/sales: the wholesale lines that are sales."""

import polars as pl

from contracts.wholesale import COLUMNS, Sales
from slipway.quality import Deduplicated, Judged, drop_exact_duplicates, judge
from transformation.defs.sales.rules import RULES
from transformation.pseudonyms import Pseudonyms


@Sales.asset
def sales(wholesale_sales: pl.DataFrame, pseudonyms: Pseudonyms) -> Judged:
    """Wholesale lines that hold against the rules of a sale; the rest, with the rule, in quarantine."""
    distinct = drop_exact_duplicates(wholesale_sales, COLUMNS)
    lines = distinct.frame.with_columns(
        invoice=pl.col("InvoiceNo"),
        stock_code=pl.col("StockCode"),
        description=pl.col("Description"),
        quantity=pl.col("Quantity").cast(pl.Int32),
        invoiced_at=_minute(pl.col("InvoiceDate")),
        unit_price=pl.col("UnitPrice").cast(pl.Decimal(12, 3)),
        # One customer is one pseudonym, however the number is written: `17850`, `17850.0`, `017850`.
        customer=pseudonyms.column(distinct.frame["CustomerID"].str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)),
        country=pl.col("Country"),
    ).with_columns(
        # A product that no sale can have is missing, and so for the quarantine; it must not fail the day.
        revenue=(pl.col("quantity").cast(pl.Decimal(18, 3)) * pl.col("unit_price")).cast(
            pl.Decimal(18, 3), strict=False
        )
    )
    return judge(Deduplicated(lines, distinct.duplicates), Sales, extra=RULES)


def _minute(text: pl.Expr) -> pl.Expr:
    """`2010-12-01 08:26:00` or `2010-12-01 08:26`, read as written."""
    return pl.coalesce(
        text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False),
        text.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False),
    )
