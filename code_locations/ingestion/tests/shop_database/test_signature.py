"""Signatures tell whether the lake holds what the source has."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from code_locations.ingestion.tests.shop_database.conftest import ORDER_LINES
from ingestion.source_database.signature import Signature, cursor_text, cursor_value

NOON = "2010-12-01T12:00:00.000000"
LATER = "2010-12-01T13:00:00.000000"


@pytest.mark.parametrize(
    ("source", "lake", "compare_keys", "ignore"),
    [
        (Signature(3, NOON, "k"), None, False, False),
        (Signature(3, NOON, "k"), Signature(3, NOON, "k"), True, True),
        (Signature(3, LATER, "k"), Signature(3, NOON, "k"), False, False),
        (Signature(2, NOON, "j"), Signature(3, NOON, "k"), False, True),
        (Signature(4, NOON, "j"), Signature(3, NOON, "k"), False, False),
        # One order deleted, another one added with an older moment: only the keys tell.
        (Signature(3, NOON, "j"), Signature(3, NOON, "k"), False, True),
        # Where keys were not asked for, counts and moments decide.
        (Signature(3, NOON), Signature(3, NOON, "k"), True, True),
        # The newest row was deleted.
        (Signature(2, NOON, "j"), Signature(3, LATER, "k"), False, True),
        (Signature(0), Signature(0), True, True),
    ],
)
def test_held(source: Signature, lake: Signature | None, compare_keys: bool, ignore: bool) -> None:
    assert source.held_by(lake, "compare_keys") is compare_keys
    assert source.held_by(lake, "ignore") is ignore


@given(st.permutations([(1, 1), (1, 2), (2, 1), (11, 1)]))
def test_the_order_of_rows_does_not_matter(keys: list[tuple[int, int]]) -> None:
    signature = Signature.of(lines(keys), ORDER_LINES)

    assert signature == Signature.of(lines(sorted(keys)), ORDER_LINES)
    assert signature.rows == 4
    assert signature != Signature.of(lines([(1, 1), (1, 2), (2, 1), (1, 11)]), ORDER_LINES)


def test_provenance_round_trip() -> None:
    signature = Signature(3, NOON, "k")

    assert Signature.from_source({"table": "shop.orders", **signature.as_source()}) == signature
    assert Signature.from_source({"file": "x.csv"}) is None


@given(st.datetimes() | st.dates() | st.integers(0, 2**62))
def test_cursors_as_text(value: dt.date | int) -> None:
    kind = {dt.datetime: pa.timestamp("us"), dt.date: pa.date32(), int: pa.int64()}[type(value)]
    assert cursor_value(cursor_text(value), kind) == value


@given(st.lists(st.datetimes(), min_size=2) | st.lists(st.integers(0, 2**62), min_size=2))
def test_cursors_sort_as_text(values: list[Any]) -> None:
    assert sorted(map(cursor_text, values)) == [cursor_text(value) for value in sorted(values)]


def lines(keys: list[tuple[int, int]]) -> pa.Table:
    return pa.table(
        {
            "order_id": pa.array([key[0] for key in keys], pa.int32()),
            "line_no": pa.array([key[1] for key in keys], pa.int32()),
            "updated_at": pa.array([dt.datetime(2010, 12, 1)] * len(keys), pa.timestamp("us")),
        }
    )
