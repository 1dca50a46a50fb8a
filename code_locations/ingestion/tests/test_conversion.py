"""A source's values come out exactly as they are, or not at all."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.conversion import ValueUnreadable, converted

MONEY, MOMENT, DAY = pa.decimal128(12, 3), pa.timestamp("us"), pa.date32()
ZONED = pa.timestamp("us", "UTC")


def convert(values: list[Any], wanted: pa.DataType, found: pa.DataType | None = None) -> list[Any]:
    rows = pa.table({"column": pa.array(values, found)})
    result = converted(rows, pa.schema([("column", wanted)]), "shop.orders of a database")
    assert result.schema.field("column").type == wanted
    values = result.column("column").to_pylist()
    return values


@given(st.decimals(Decimal("-999999999.999"), Decimal("999999999.999"), places=3, allow_nan=False))
def test_money_as_text(amount: Decimal) -> None:
    assert convert([f"{amount:f}"], MONEY) == [amount]


@given(st.integers(-(2**31), 2**31 - 1))
def test_whole_numbers(number: int) -> None:
    assert convert([number], pa.int32()) == [number]
    assert convert([number], pa.string()) == [str(number)]


@given(st.integers(-999999999, 999999999))
def test_money_as_whole_numbers(amount: int) -> None:
    assert convert([amount, None], MONEY) == [Decimal(amount), None]


@given(st.datetimes(min_value=dt.datetime(1700, 1, 1), max_value=dt.datetime(2200, 1, 1)))
def test_moments_as_text(moment: dt.datetime) -> None:
    assert convert([moment.isoformat(sep=" ")], MOMENT) == [moment]
    assert convert([moment.isoformat()], MOMENT) == [moment]


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ("2010-12-01", DAY, dt.date(2010, 12, 1)),
        (dt.datetime(2010, 12, 1), DAY, dt.date(2010, 12, 1)),
        ("2010-12-01 08:26:00+01:00", ZONED, dt.datetime(2010, 12, 1, 7, 26, tzinfo=dt.UTC)),
        (1, pa.bool_(), True),
        (Decimal("2.5"), MONEY, Decimal("2.500")),
        (2, pa.float64(), 2.0),
    ],
)
def test_other_types(value: Any, wanted: pa.DataType, expected: Any) -> None:
    assert convert([value, None], wanted) == [expected, None]


@pytest.mark.parametrize("wanted", [MONEY, MOMENT, DAY, ZONED, pa.int32(), pa.string(), pa.bool_()])
def test_only_nulls_and_no_rows(wanted: pa.DataType) -> None:
    # SQLite's driver calls a column without a value one of whole numbers.
    assert convert([None, None], wanted, pa.int64()) == [None, None]
    assert convert([], wanted, pa.int64()) == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2.9501", MONEY),
        ("NaN", MONEY),
        ("2,95", MONEY),
        ("", MONEY),
        ("1234567890.000", MONEY),
        (2.95, MONEY),
        (2**31, pa.int32()),
        ("7", pa.int32()),
        (7.0, pa.int32()),
        (2.5, pa.string()),
        (2, pa.bool_()),
        ("01/12/2010", MOMENT),
        ("2010-12-01 08:26:00Z", MOMENT),
        ("2010-12-01 08:26:00", ZONED),
        (dt.datetime(2010, 12, 1, tzinfo=dt.UTC), MOMENT),
        ("2010-12-01 08:26:00", DAY),
        (dt.datetime(2010, 12, 1, 8), DAY),
    ],
)
def test_what_would_change_a_value_is_refused(value: Any, wanted: pa.DataType) -> None:
    with pytest.raises(ValueUnreadable, match=r"'column' of shop\.orders of a database, found"):
        convert([value], wanted)


def test_hidden_values_are_not_repeated() -> None:
    rows = pa.table({"column": ["Ann Other"]})
    with pytest.raises(ValueUnreadable) as caught:
        converted(rows, pa.schema([("column", MONEY)]), "shop.customers", hidden={"column"})
    assert "Ann" not in str(caught.value)
