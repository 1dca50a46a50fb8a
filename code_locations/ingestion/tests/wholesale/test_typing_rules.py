"""Which texts are values, judged by rules and by a slow and obvious reference."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.defs.wholesale.typing_rules import check_types

DAY = datetime.date(2010, 12, 1)
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
GOOD: dict[str, str | None] = dict(
    zip(
        COLUMNS,
        ("536365", "85123A", "LANTERN", "6", "2010-12-01 08:26:00", "2.55", "17850", "EIRE"),
        strict=True,
    )
)


def table(*lines: dict[str, str | None]) -> pa.Table:
    texts = {name: pa.array([line[name] for line in lines], pa.string()) for name in COLUMNS}
    numbers = pa.array(range(2, len(lines) + 2), pa.int32())
    return pa.table({**texts, "source_file": pa.repeat("day.csv", len(lines)), "source_line": numbers})


def rule_for(column: str, text: str | None) -> str | None:
    kept, refused = check_types(table({**GOOD, column: text}), day=DAY)
    assert kept.num_rows + refused.num_rows == 1
    return refused["rule"][0].as_py() if refused.num_rows else None


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("InvoiceNo", "C536379"),
        ("InvoiceNo", " "),
        ("Description", None),
        ("Country", None),
        ("Quantity", "-9360"),
        ("Quantity", "-2147483648"),
        ("Quantity", "2147483647"),
        ("Quantity", "007"),
        ("InvoiceDate", "2010-12-01 08:26"),
        ("InvoiceDate", "2010-12-01 23:59:59"),
        ("UnitPrice", "0"),
        ("UnitPrice", "-11062.06"),
        ("UnitPrice", "999999999.999"),
        ("UnitPrice", "2.5500"),
        ("UnitPrice", "0002.5"),
        ("CustomerID", None),
        ("CustomerID", "17850.0"),
    ],
)
def test_values_that_hold(column: str, text: str | None) -> None:
    assert rule_for(column, text) is None


@pytest.mark.parametrize(
    ("rule", "column", "texts"),
    [
        ("invoice_no_missing", "InvoiceNo", [None, ""]),
        ("stock_code_missing", "StockCode", [None, ""]),
        (
            "quantity_not_integer",
            "Quantity",
            [None, "six", "6.0", " 6", "6\n", "+6", "1e3", "2147483648", "-2147483649", "٦"],
        ),
        (
            "invoice_date_not_timestamp",
            "InvoiceDate",
            [
                *(None, "2010-12-01", "01/12/2010 08:26", "2010-12-01T08:26:00", "2010-12-01 8:26"),
                *("2010-02-30 08:26:00", "2010-12-01 24:00:00", "2010-12-01 08:26:60"),
                *("2010-12-01 08:26:00 ", "2010-12-01 08:26:00.5", "0000-01-01 00:00"),
            ],
        ),
        (
            "unit_price_not_decimal",
            "UnitPrice",
            [None, "2,55", "£2.55", "2.5501", "1000000000", "1e3", ".5", "5.", "", "NaN", "2.55 "],
        ),
        (
            "customer_id_not_integer",
            "CustomerID",
            ["17850.5", "17850.", "C17850", "2147483648", "2147483648.0", " "],
        ),
        (
            "other_day",
            "InvoiceDate",
            ["2010-12-02 00:00:00", "2010-11-30 23:59", "2011-12-01 08:26"],
        ),
    ],
)
def test_values_that_do_not(rule: str, column: str, texts: list[str | None]) -> None:
    assert {text: rule_for(column, text) for text in texts} == dict.fromkeys(texts, rule)


def test_the_reason_names_what_was_found_and_what_was_expected() -> None:
    _, refused = check_types(table({**GOOD, "Quantity": "six"}, {**GOOD, "UnitPrice": None}), day=DAY)

    assert refused["reason"].to_pylist() == [
        "Quantity is 'six'; expected an integer of 32 bits.",
        "UnitPrice is missing; expected a decimal number of at most 9 digits before and 3 after "
        "the point, no exponent.",
    ]


def test_one_reason_a_line_and_the_first_rule_wins() -> None:
    bad = {**GOOD, "CustomerID": "x", "InvoiceDate": "2010-12-02 08:00", "Quantity": "x"}

    _, refused = check_types(table(bad, {**bad, "Quantity": "1"}), day=DAY)

    assert refused["rule"].to_pylist() == ["quantity_not_integer", "customer_id_not_integer"]


def test_lines_keep_their_order_columns_and_texts() -> None:
    lines = table(GOOD, {**GOOD, "Quantity": "x"}, {**GOOD, "CustomerID": "17850.0"})

    kept, refused = check_types(lines, day=DAY)

    assert kept.equals(lines.take([0, 2]))
    assert refused.drop(["rule", "reason"]).equals(lines.take([1]))


def test_no_lines_and_all_good_give_the_same_schemas() -> None:
    schemas = {
        (kept.schema.to_string(), refused.schema.to_string())
        for kept, refused in (
            check_types(table(*lines), day=DAY)
            for lines in (
                (),
                (GOOD,),
                ({**GOOD, "Quantity": "x"},),
                (GOOD, {**GOOD, "Quantity": ""}),
            )
        )
    }
    assert len(schemas) == 1


def first_rule(line: dict[str, str | None]) -> str | None:
    """The rules once more, a line at a time, with the standard library's own parsers."""
    text = {name: value or "" for name, value in line.items()}
    if not text["InvoiceNo"]:
        return "invoice_no_missing"
    if not text["StockCode"]:
        return "stock_code_missing"
    if not is_int32(text["Quantity"]):
        return "quantity_not_integer"
    at = timestamp(text["InvoiceDate"])
    if at is None:
        return "invoice_date_not_timestamp"
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text["UnitPrice"]):
        return "unit_price_not_decimal"
    price = Decimal(text["UnitPrice"])
    if abs(price) >= 10**9 or price != price.quantize(Decimal("0.001")):
        return "unit_price_not_decimal"
    whole, _, fraction = text["CustomerID"].partition(".")
    if text["CustomerID"] and not (
        is_int32(whole) and re.fullmatch(r"0*", fraction) and not text["CustomerID"].endswith(".")
    ):
        return "customer_id_not_integer"
    return None if at.date() == DAY else "other_day"


def timestamp(text: str) -> datetime.datetime | None:
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        try:
            at = datetime.datetime.strptime(text, form)
        except ValueError:
            continue
        if at.isoformat(" ")[: len(text)] == text and len(text) >= 16:  # strptime takes `8` for `08`
            return at
    return None


def is_int32(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9]+", text)) and -(2**31) <= int(text) < 2**31


# Built by hand: st.from_regex needs a second before its first example, on a busy machine.
digits = st.text(st.sampled_from("0123456789"), min_size=1, max_size=11)
numbers = st.one_of(
    st.sampled_from(["6", "-6", "2.55", "17850", "17850.0", "0.0000", "-0"]),
    st.tuples(st.sampled_from(["", "-"]), digits, st.sampled_from(["", ".5", ".050"])).map("".join),
    st.text(st.sampled_from("0123456789.-+eE ,"), max_size=6),
)
times = st.one_of(
    st.sampled_from(["2010-12-01 08:26:00", "2010-12-01 08:26", "2010-12-02 08:26:00"]),
    st.datetimes(datetime.datetime(1, 1, 1)).map(lambda at: at.isoformat(" ")[:19]),
    st.tuples(*[st.integers(0, most) for most in (13, 32, 25, 61, 61)]).map(
        lambda n: f"2010-{n[0]:02}-{n[1]:02} {n[2]:02}:{n[3]:02}:{n[4]:02}"
    ),
    st.text(st.sampled_from("0123456789-: "), max_size=19),
)
maybe_text = st.sampled_from(["x", "x", "x", "x", None])
generated = st.fixed_dictionaries(
    {
        "InvoiceNo": maybe_text,
        "StockCode": maybe_text,
        "Description": maybe_text,
        "Quantity": numbers,
        "InvoiceDate": times,
        "UnitPrice": numbers,
        "CustomerID": st.one_of(st.none(), numbers),
        "Country": maybe_text,
    }
).map(lambda line: {name: text or None for name, text in line.items()})


# Mostly good lines, so that the later rules are reached too.
one_wrong = st.tuples(generated, st.sampled_from(COLUMNS)).map(lambda made: {**GOOD, made[1]: made[0][made[1]]})


@given(st.lists(st.one_of(generated, one_wrong), max_size=8))
def test_agrees_with_the_reference(lines: list[dict[str, str | None]]) -> None:
    kept, refused = check_types(table(*lines), day=DAY)

    rules = {number: first_rule(line) for number, line in enumerate(lines, start=2)}
    assert kept["source_line"].to_pylist() == [number for number, rule in rules.items() if not rule]
    assert dict(zip(refused["source_line"].to_pylist(), refused["rule"].to_pylist(), strict=True)) == {
        number: rule for number, rule in rules.items() if rule
    }
