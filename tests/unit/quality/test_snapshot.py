"""What a change of a contract means for who reads the table and who writes it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.quality import Column, Contract, ContractBroken
from slipway.quality.snapshot import Change, SnapshotError, compare, read, render, tables_as_json, widened, write

TABLE: dict[str, Any] = {
    "partitions": ["day"],
    "owner": "team:a",
    "unique": ["id"],
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
    ],
)
def test_changes_of_the_table(field: str, value: Any, breaking: bool) -> None:
    [change] = compare({"silver/a": TABLE}, {"silver/a": {**TABLE, field: value}})
    assert change.breaking is breaking


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
