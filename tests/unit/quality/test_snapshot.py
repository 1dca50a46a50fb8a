"""What a change of a contract means for who reads the table and who writes it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.calendar import next_morning
from slipway.quality import Column, Contract, ContractBroken, Table
from slipway.quality.snapshot import Change, SnapshotError, compare, read, render, tables_as_json, widened, write
from slipway.quality.types import Int64

TABLE: dict[str, Any] = {
    "partitions": ["day"],
    "owner": "team:a",
    "due": "6 h after the end of the partition",
    "unique": ["id"],
    "conserves": ["bronze/a"],
    "checks": {"few_unreadable": "blocking", "usual_size": "warning"},
    "measures": ["lines", "revenue"],
    "bounded": ["lines"],
    "columns": {
        "id": {"type": "int32", "nullable": False, "unit": "", "personal": "", "rules": []},
        "price": {"type": "decimal128(12, 3)", "nullable": False, "unit": "GBP", "personal": "", "rules": ["> 0"]},
        "kind": {"type": "string", "nullable": True, "unit": "", "personal": "", "rules": ["one of a, b"]},
        "who": {"type": "string", "nullable": True, "unit": "", "personal": "keyed hash", "rules": []},
    },
}
NULLABLE = {"type": "string", "nullable": True, "unit": "", "personal": "", "rules": []}


def changed(**columns: Any) -> list[Change]:
    """Changes of columns: None removes one, a dict changes or adds one."""
    table = copy.deepcopy(TABLE)
    for name, change in columns.items():
        if change is None:
            del table["columns"][name]
        else:
            table["columns"][name] = {**table["columns"].get(name, {}), **change}
    return compare({"silver/a": TABLE}, {"silver/a": table})


def test_nothing_changed() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"note": NULLABLE}, "silver/a.note (string, may be missing) is new."),
        ({"id": {"type": "int64"}}, "silver/a.id is widened from int32 to int64."),
        ({"price": {"type": "decimal128(18, 3)"}}, "silver/a.price is widened from decimal128(12, 3) to"),
        ({"id": {"personal": "as in the source"}}, "silver/a.id is marked as personal: as in the source."),
        ({"id": {"unit": "pieces"}}, "silver/a.id is in pieces, was in no unit."),
    ],
)
def test_additive(columns: dict[str, Any], sentence: str) -> None:
    [change] = changed(**columns)
    assert not change.breaking
    assert change.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"kind": None}, "silver/a.kind (string) is removed"),
        ({"note": {**NULLABLE, "nullable": False}}, "silver/a.note (string) is new and may not be missing"),
        ({"id": {"type": "string"}}, "silver/a.id is string, was int32"),
        ({"price": {"type": "decimal128(18, 2)"}}, "silver/a.price is decimal128(18, 2), was decimal128(12, 3)"),
        ({"kind": {"nullable": False}}, "silver/a.kind may not be missing any more"),
        ({"id": {"nullable": True}}, "silver/a.id may be missing now"),
        ({"who": {"personal": ""}}, "silver/a.who is no longer marked as personal (keyed hash)"),
        ({"price": {"unit": "EUR"}}, "silver/a.price is in EUR, was in GBP."),
        ({"price": {"rules": ["> 1"]}}, "silver/a.price: its rule is tightened from '> 0' to '> 1'"),
        ({"price": {"rules": [">= 0"]}}, "silver/a.price: its rule is loosened from '> 0' to '>= 0'"),
        ({"price": {"rules": ["> 0", "< 9"]}}, "silver/a.price: its rule is tightened"),
        ({"price": {"rules": []}}, "silver/a.price: its rule is loosened from '> 0' to none"),
        ({"price": {"rules": ["< 9"]}}, "silver/a.price: its rule is changed"),
        ({"kind": {"rules": ["one of a, b, c"]}}, "silver/a.kind: its rule is loosened"),
        ({"kind": {"rules": ["one of a"]}}, "silver/a.kind: its rule is tightened"),
        ({"kind": {"rules": ["one of a, c"]}}, "silver/a.kind: its rule is changed"),
        ({"kind": {"rules": ["matches ^a$"]}}, "silver/a.kind: its rule is changed"),
    ],
)
def test_breaking(columns: dict[str, Any], sentence: str) -> None:
    [change] = changed(**columns)
    assert change.breaking
    assert change.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("field", "value", "breaking"),
    [
        ("partitions", ["week"], True),
        ("unique", ["id", "kind"], True),
        ("unique", [], True),
        ("owner", "team:b", False),
        ("due", "8 h after the end of the partition", False),
        ("due", "", False),
        ("conserves", [], True),
        ("conserves", ["bronze/a", "bronze/b"], True),
        ("checks", {"usual_size": "warning"}, True),
        ("checks", {"few_unreadable": "warning", "usual_size": "warning"}, True),
        ("checks", {"few_unreadable": "blocking", "usual_size": "blocking"}, True),
        ("checks", {"few_unreadable": "blocking", "usual_size": "warning", "all_there": "blocking"}, True),
        ("checks", {"few_unreadable": "blocking", "usual_size": "warning", "nice": "warning"}, False),
        ("checks", {"few_unreadable": "blocking"}, False),
        ("measures", ["revenue"], False),
        ("measures", ["lines", "revenue", "orders"], False),
        ("bounded", [], False),
        ("bounded", ["lines", "revenue"], False),
    ],
)
def test_changes_of_the_table(field: str, value: Any, breaking: bool) -> None:
    [change] = compare({"silver/a": TABLE}, {"silver/a": {**TABLE, field: value}})
    assert change.breaking is breaking
    assert change.sentence.startswith("silver/a")


def test_a_renamed_blocking_check_is_one_removed_and_one_added() -> None:
    renamed = {"hardly_any_unreadable": "blocking", "usual_size": "warning"}
    changes = compare({"silver/a": TABLE}, {"silver/a": {**TABLE, "checks": renamed}})
    assert [(change.breaking, change.sentence) for change in changes] == [
        (
            True,
            "silver/a: its blocking check few_unreadable is removed: readers count on what it held back.",
        ),
        (
            True,
            "silver/a: its check hardly_any_unreadable is new, blocking: partitions that were published may be held "
            "back.",
        ),
    ]


def test_the_order_of_measures_says_nothing() -> None:
    assert compare({"silver/a": TABLE}, {"silver/a": {**TABLE, "measures": ["revenue", "lines"]}}) == []


def test_a_snapshot_from_before_these_parts_were_in_it_says_nothing_of_them() -> None:
    parts = ("due", "conserves", "checks", "measures", "bounded")
    old = {name: value for name, value in TABLE.items() if name not in parts}
    assert compare({"silver/a": old}, {"silver/a": TABLE}) == []


def test_every_promise_of_a_declared_table_is_in_the_snapshot() -> None:
    class SnapshotSource(Table):
        """Where the rows come from."""

        key = "bronze/snapshot_source"
        id: Int64

    class SnapshotPromises(Table):
        """With everything that can be promised."""

        key, due, owner = "silver/snapshot_promises", next_morning(6), "team:a"
        conserves = (SnapshotSource,)
        checks = {"few_unreadable": "At most a few lines."}
        measures = {"lines": pl.len(), "ids": pl.col("id").n_unique()}
        bounded = ("lines",)
        id: Int64

    [table] = tables_as_json([SnapshotPromises.contract]).values()
    assert {name: table[name] for name in ("due", "conserves", "checks", "measures", "bounded")} == {
        "due": "6 h after the end of the partition",
        "conserves": ["bronze/snapshot_source"],
        "checks": {"few_unreadable": "blocking"},
        "measures": ["lines", "ids"],
        "bounded": ["lines"],
    }


def test_tables_come_and_go_breaking_ones_first() -> None:
    changes = compare({"silver/old": TABLE}, {"silver/new": TABLE})
    assert [(change.table, change.breaking) for change in changes] == [("silver/old", True), ("silver/new", False)]


@pytest.mark.parametrize(
    ("was", "now", "wider"),
    [
        (pa.int8(), pa.int64(), True),
        (pa.uint8(), pa.int16(), True),
        (pa.uint8(), pa.uint16(), True),
        (pa.int8(), pa.uint16(), False),
        (pa.int64(), pa.int32(), False),
        (pa.int32(), pa.float64(), False),
        (pa.float32(), pa.float64(), True),
        (pa.float64(), pa.float32(), False),
        (pa.decimal128(12, 3), pa.decimal128(18, 6), True),
        (pa.decimal128(12, 3), pa.decimal128(13, 6), False),
        (pa.decimal128(12, 3), pa.decimal256(60, 3), True),
        (pa.timestamp("s"), pa.timestamp("us"), True),
        (pa.timestamp("us"), pa.timestamp("ns"), False),
        (pa.timestamp("us"), pa.timestamp("us", tz="UTC"), False),
        (pa.timestamp("ms", tz="UTC"), pa.timestamp("us", tz="UTC"), True),
        (pa.date32(), pa.timestamp("us"), False),
        (pa.string(), pa.large_string(), True),
        (pa.string(), pa.binary(), False),
    ],
)
def test_wider_types_hold_every_value(was: pa.DataType, now: pa.DataType, wider: bool) -> None:
    assert widened(str(was), str(now)) is wider


_DECIMALS = st.tuples(st.integers(1, 38), st.integers(0, 38)).filter(lambda d: d[1] <= d[0])


@settings(deadline=None)
@given(was=_DECIMALS, now=_DECIMALS)
def test_a_decimal_is_wider_exactly_if_its_largest_value_fits(was: tuple[int, int], now: tuple[int, int]) -> None:
    old, new = pa.decimal128(*was), pa.decimal128(*now)
    digits = "9" * was[0]
    largest = pa.array([f"{digits[: was[0] - was[1]] or '0'}.{digits[: was[1]]}".rstrip(".")]).cast(old)
    try:
        fits = largest.cast(new).cast(pa.decimal256(76, was[1])).equals(largest.cast(pa.decimal256(76, was[1])))
    except pa.ArrowInvalid:
        fits = False
    assert (widened(str(old), str(new)) or old == new) == fits


def contract(*columns: Column) -> Contract:
    return Contract("A", ("silver", "a"), columns)


def test_a_snapshot_round_trips_and_refuses_what_breaks(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    wide = contract(Column("a", pa.int64()), Column("b", pa.string()))
    assert read(path) == {}
    write(path, [wide])
    assert read(path) == tables_as_json([wide])
    before = path.read_text()
    narrow = contract(Column("a", pa.int64()))
    with pytest.raises(ContractBroken, match=r"silver/a\.b \(string\) is removed.*--accept-breaking"):
        write(path, [narrow])
    assert path.read_text() == before
    assert [change.breaking for change in write(path, [narrow], accept_breaking=True)] == [True]
    assert compare(read(path), tables_as_json([narrow])) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tables": []}', "not json"])
def test_what_is_no_snapshot_is_not_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(text)
    with pytest.raises(SnapshotError, match="Restore it from git"):
        read(path)


def test_the_order_of_columns_is_kept_in_the_file() -> None:
    text = render(tables_as_json([contract(Column("z", pa.int64()), Column("a", pa.int64()))]))
    assert list(json.loads(text)["tables"]["silver/a"]["columns"]) == ["z", "a"]
    assert text.endswith("}\n")
