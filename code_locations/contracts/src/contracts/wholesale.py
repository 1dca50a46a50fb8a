"""Wholesale invoices: one file a day from the wholesaler (`demo/data` says where the real ones come from)."""

import polars as pl

from contracts.calendar import days
from slipway.calendar import next_morning
from slipway.quality import Table, column
from slipway.quality.types import Decimal12_3, Decimal18_3, Int32, Text, Timestamp

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
"""The eight columns of a file, as they are called in it."""


class WholesaleRejected(Table):
    """Lines of a wholesale file that cannot be read as what they should be, as they stood in the file."""

    key, partitions, owner = "quarantine/bronze/wholesale_sales", days, "team:ingestion"

    rule: Text = column(description="the rule that the line breaks")
    reason: Text = column(description="the rule in words, with the value")
    source_file: Text = column(description="file name")
    source_line: Int32 = column(ge=1, description="line in the file; the header is line 1")
    raw: Text = column(personal="as delivered; may hold a customer number", description="the line")


class WholesaleSales(Table):
    """Every readable line of a day's wholesale file, as text, as delivered: duplicates, cancellations and all."""

    key, partitions, owner, due = "bronze/wholesale_sales", days, "team:ingestion", next_morning(6)
    quarantine = WholesaleRejected
    measures = {"lines": pl.len()}
    checks = {
        "every_line_accounted_for": "The file's lines are all here or in quarantine.",
        "few_unreadable_lines": "At most the configured share of the file's lines cannot be read.",
    }
    kinds = {"csv", "parquet"}

    InvoiceNo: Text = column(description="6 digits; C and 6 digits is a cancellation, A and 6 digits an adjustment")
    StockCode: Text = column(description="product code; the same code occurs in two spellings")
    Description: Text | None = column(description="product name, or a note")
    Quantity: Text = column(unit="pieces", description="negative for cancellations and write-offs")
    InvoiceDate: Text = column(description="minute of the invoice, without zone, as written")
    UnitPrice: Text = column(unit="GBP", description="up to three decimals; 0 and negative occur")
    CustomerID: Text | None = column(personal="as delivered; pseudonymised from silver on")
    Country: Text | None = column(description="one of 38 names, not ISO")
    source_file: Text = column(description="file name")
    source_line: Int32 = column(ge=1, description="line in the file; the header is line 1")


class Sales(Table):
    """One valid wholesale line."""

    key, partitions, owner, due = "silver/sales", days, "team:sales", next_morning(7)
    conserves = (WholesaleSales,)
    quarantine = True
    measures = {
        "revenue_total": pl.col("revenue").sum(),
        "num_orders": pl.col("invoice").n_unique(),
        "units": pl.col("quantity").sum(),
        "average_order_value": pl.col("revenue").sum().cast(pl.Float64) / pl.col("invoice").n_unique(),
    }
    bounded = ("revenue_total", "num_orders")

    invoice: Text = column(matches=r"^[0-9]{6}$", description="invoice number")
    stock_code: Text = column(description="product code as written")
    description: Text | None = column(description="product name as written")
    quantity: Int32 = column(gt=0, unit="pieces")
    invoiced_at: Timestamp = column(description="minute of the invoice, local time of the wholesaler")
    unit_price: Decimal12_3 = column(gt=0, unit="GBP")
    revenue: Decimal18_3 = column(gt=0, unit="GBP", description="quantity x unit price")
    customer: Text | None = column(personal="keyed hash of the customer number")
    country: Text | None
    source_file: Text = column(description="wholesale file that the line came from")
    source_line: Int32 = column(description="its line there")
