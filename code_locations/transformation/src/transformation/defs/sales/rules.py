"""Which wholesale lines are sales. The figures of the business follow from these rules alone."""

import polars as pl

from slipway.quality import Rule

not_cancelled = Rule(
    "cancelled", "the invoice number begins with C: a cancellation", ~pl.col("InvoiceNo").str.starts_with("C")
)
not_adjusted = Rule(
    "adjustment", "the invoice number begins with A: a bad-debt adjustment", ~pl.col("InvoiceNo").str.starts_with("A")
)
is_invoice = Rule(
    "no_invoice_number", "the invoice number is not six digits", pl.col("InvoiceNo").str.contains(r"^[0-9]{6}$")
)
not_written_off = Rule("write_off", "the quantity is not positive: a stock write-off", pl.col("quantity") > 0)
has_price = Rule("no_price", "the unit price is zero or negative", pl.col("unit_price") > 0)

RULES = (not_cancelled, not_adjusted, is_invoice, not_written_off, has_price)
