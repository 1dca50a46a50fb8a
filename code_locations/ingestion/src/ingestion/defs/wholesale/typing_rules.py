"""Which lines hold values of the file's types. The texts stay texts: silver casts them."""

from __future__ import annotations

import datetime
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa


class _Rule(NamedTuple):
    name: str
    column: str
    expected: str
    holds: pl.Expr


def _int32(integer: pl.Expr) -> pl.Expr:
    return integer.cast(pl.Int32, strict=False).is_not_null()


_TIMESTAMP: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_UNIT_PRICE: Final = r"^-?0*[0-9]{1,9}(\.[0-9]{1,3}0*)?$"
_date: Final = pl.col("InvoiceDate").str.head(10)


def _rules(day: datetime.date) -> tuple[_Rule, ...]:
    return (
        _Rule("invoice_no_missing", "InvoiceNo", "a text", pl.col("InvoiceNo") != ""),
        _Rule("stock_code_missing", "StockCode", "a text", pl.col("StockCode") != ""),
        _Rule(
            "quantity_not_integer",
            "Quantity",
            "an integer of 32 bits",
            _int32(pl.col("Quantity").str.extract(r"^(-?[0-9]+)$")),
        ),
        _Rule(
            "invoice_date_not_timestamp",
            "InvoiceDate",
            "a time as YYYY-MM-DD HH:MM:SS or YYYY-MM-DD HH:MM",
            pl.col("InvoiceDate").str.contains(_TIMESTAMP)
            & _date.str.to_date("%Y-%m-%d", strict=False).dt.year().ge(1),
        ),
        _Rule(
            "unit_price_not_decimal",
            "UnitPrice",
            "a decimal number of at most 9 digits before and 3 after the point, no exponent",
            pl.col("UnitPrice").str.contains(_UNIT_PRICE),
        ),
        _Rule(
            "customer_id_not_integer",
            "CustomerID",
            "an integer of 32 bits, or nothing",
            (pl.col("CustomerID").fill_null("") == "")
            | _int32(pl.col("CustomerID").str.extract(r"^(-?[0-9]+)(?:\.0+)?$")),
        ),
        _Rule("other_day", "InvoiceDate", f"a time on {day.isoformat()}", _date == day.isoformat()),
    )


def check_types(lines: pa.Table, *, day: datetime.date) -> tuple[pa.Table, pa.Table]:
    """Split `lines` (texts, as `read_lines` gives them) into those that hold and those that do not.

    Both keep their columns, order and texts; the second has besides `rule` (the first that fails,
    in this order) and `reason` (a sentence with the text that was found):

        invoice_no_missing, stock_code_missing   nothing there (blanks are something)
        quantity_not_integer                     int32, digits and a minus only
        invoice_date_not_timestamp               YYYY-MM-DD HH:MM[:SS], a date that exists
        unit_price_not_decimal                   decimal(12,3): zeros beyond the third decimal pass
        customer_id_not_integer                  int32 or null; `17850.0` passes, and stays so
        other_day                                InvoiceDate's date is not `day`
    """
    rules = _rules(day)
    texts = pl.DataFrame(lines.select(sorted({rule.column for rule in rules})))
    held = texts.select(rule.holds.fill_null(value=False).alias(rule.name) for rule in rules)
    keep = held.select(pl.all_horizontal(pl.all())).to_series()
    if keep.all():
        return lines, _with_reasons(lines.slice(0, 0), texts.clear(), held.clear(), rules)
    kept = lines.filter(keep.to_arrow())
    bad = ~keep
    return kept, _with_reasons(lines.filter(bad.to_arrow()), texts.filter(bad), held.filter(bad), rules)


def _with_reasons(refused: pa.Table, texts: pl.DataFrame, held: pl.DataFrame, rules: tuple[_Rule, ...]) -> pa.Table:
    names = pl.coalesce(pl.when(~pl.col(rule.name)).then(pl.lit(rule.name)) for rule in rules)
    reasons = pl.coalesce(
        pl.when(~pl.col(rule.name)).then(
            pl.format(
                "{} is {}; expected {}.",
                pl.lit(rule.column),
                pl.coalesce(pl.format("'{}'", pl.col(rule.column)), pl.lit("missing")),
                pl.lit(rule.expected),
            )
        )
        for rule in rules
    )
    told = pl.concat([texts, held], how="horizontal").select(rule=names.cast(pl.String), reason=reasons.cast(pl.String))
    for name in ("rule", "reason"):
        refused = refused.append_column(
            pa.field(name, pa.string(), nullable=False),
            told[name].to_arrow().cast(pa.string()),
        )
    return refused
