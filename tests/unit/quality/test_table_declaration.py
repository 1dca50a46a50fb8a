"""Writing a table down: what becomes of each part, and what is told when a part makes no sense."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar

import dagster as dg
import polars as pl
import pyarrow as pa
import pytest

from slipway.calendar import Calendar, next_morning
from slipway.lake import ColumnCollision
from slipway.quality import DeclarationError, Table, column, declared_tables
from slipway.quality.types import (
    Boolean,
    Category,
    Date,
    Decimal12_3,
    Decimal18_3,
    Decimal18_6,
    Float64,
    Int32,
    Int64,
    Text,
    Timestamp,
    TimestampUTC,
)

calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))


class Apples(Table):
    """Apples of a day.

    Weighed at the gate.
    """

    key, partitions, owner, due = "orchard/apples", calendar.days, "team:orchard", next_morning(6)
    unique = ("crate", "row")
    measures = {"weight_total": pl.col("weight").sum()}
    bounded = ("weight_total",)
    checks = {"weighed_twice": "Both scales agree."}
    quarantine = True
    kinds = {"csv", "parquet"}
    tags = {"season": "winter"}
    lowest: ClassVar[int] = 1

    crate: Int32 = column(ge=1, description="crate number")
    row: Int32
    weight: Decimal12_3 = column(gt=0, unit="kg")
    picker: Text | None = column(personal="initials")
    weighed_at: TimestampUTC | None = column(volatile=True)


def test_columns_are_the_annotated_attributes_in_their_order() -> None:
    schema = Apples.contract.arrow_schema
    assert schema.names == ["crate", "row", "weight", "picker", "weighed_at"]
    assert schema.types == [
        pa.int32(),
        pa.int32(),
        pa.decimal128(12, 3),
        pa.string(),
        pa.timestamp("us", tz="UTC"),
    ]


def test_a_column_may_be_missing_only_where_it_says_so() -> None:
    assert [field.nullable for field in Apples.contract.arrow_schema] == [False, False, False, True, True]


def test_personal_and_volatile_columns_are_known() -> None:
    assert Apples.contract.personal == {"picker"}
    assert Apples.contract.volatile == {"weighed_at"}


def test_layer_and_key_come_from_the_path() -> None:
    contract = Apples.contract
    assert contract.key == dg.AssetKey(["orchard", "apples"])
    assert (contract.layer, contract.key_text) == ("orchard", "orchard/apples")


@pytest.mark.parametrize(
    ("annotation", "stored"),
    [
        (Text, pa.string()),
        (Category, pa.dictionary(pa.int32(), pa.string())),
        (Boolean, pa.bool_()),
        (Int32, pa.int32()),
        (Int64, pa.int64()),
        (Float64, pa.float64()),
        (Date, pa.date32()),
        (Timestamp, pa.timestamp("us")),
        (TimestampUTC, pa.timestamp("us", tz="UTC")),
        (Decimal12_3, pa.decimal128(12, 3)),
        (Decimal18_3, pa.decimal128(18, 3)),
        (Decimal18_6, pa.decimal128(18, 6)),
        (Annotated[list[str], pa.list_(pa.string())], pa.list_(pa.string())),
    ],
)
def test_each_type_is_stored_as_what_it_says(annotation: Any, stored: pa.DataType) -> None:
    table = declare(value=annotation)
    maybe = declare(value=annotation | None)
    assert table.contract.arrow_schema.field("value") == pa.field("value", stored, nullable=False)
    assert maybe.contract.arrow_schema.field("value") == pa.field("value", stored, nullable=True)


def test_columns_of_a_base_come_first() -> None:
    class Weighed(Table):
        """A base of several tables, with no key: no table itself."""

        weight: Decimal12_3

    class Pears(Weighed):
        """Pears."""

        key = "orchard/pears"
        crate: Int32

    assert Pears.contract.arrow_schema.names == ["weight", "crate"]
    assert not hasattr(Weighed, "contract")


def test_the_spec_says_what_dagster_shows() -> None:
    spec = Apples.contract.spec()
    assert spec.description == "Apples of a day.\n\nWeighed at the gate."
    assert spec.group_name == "orchard"
    assert list(spec.owners) == ["team:orchard"]
    assert spec.kinds == {"csv", "parquet"}
    assert spec.tags["season"] == "winter"
    assert spec.partitions_def == calendar.days
    assert spec.metadata["due"] == "6 h after the end of the partition"
    assert spec.metadata["contract"] == Apples.contract.version
    columns = {c.name: c for c in spec.metadata["dagster/column_schema"].columns}
    assert columns["weight"].description == "in kg"
    assert columns["weight"].constraints.other == ["> 0"]
    assert columns["crate"].constraints.nullable is False
    assert "personal" in columns["picker"].tags


def test_checks_are_declared_with_the_table_and_block_but_for_the_bounds() -> None:
    specs = {spec.name: spec for spec in Apples.contract.check_specs}
    assert set(specs) == {"contract", "within_usual_bounds", "weighed_twice"}
    assert {name for name, spec in specs.items() if not spec.blocking} == {"within_usual_bounds"}
    assert {spec.partitions_def for spec in specs.values()} == {calendar.days}


def test_a_quarantine_has_the_columns_without_their_rules_and_why() -> None:
    quarantine = Apples.contract.quarantine
    assert quarantine is not None
    assert quarantine.key_text == "quarantine/orchard/apples"
    assert quarantine.arrow_schema.names == ["rule", "reason", *Apples.contract.arrow_schema.names]
    assert all(c.nullable and not c.constraints for c in quarantine.columns[2:])
    assert quarantine.personal == {"picker"}
    assert quarantine.partitions == calendar.days


def test_a_quarantine_may_be_a_table_of_its_own() -> None:
    class Bruised(Table):
        """Crates as they came."""

        key = "quarantine/orchard/quinces"
        raw: Text

    class Quinces(Table):
        """Quinces."""

        key, quarantine = "orchard/quinces", Bruised
        crate: Int32

    assert Quinces.contract.quarantine is Bruised.contract


def test_the_version_changes_with_what_readers_rely_on_and_with_nothing_else() -> None:
    first = declare(value=Int32)
    assert declare(value=Int32).contract.version == first.contract.version
    assert declare("Said otherwise.", value=Int32).contract.version == first.contract.version
    assert declare(value=Int64).contract.version != first.contract.version
    assert declare(value=Int32 | None).contract.version != first.contract.version


def test_every_declared_table_and_its_quarantine_are_found() -> None:
    found = {contract.key_text for contract in declared_tables()}
    assert {"orchard/apples", "quarantine/orchard/apples"} <= found


# What makes no sense is said where the table is declared


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"declares no columns: annotate at least one attribute"):
        type("Nothing", (Table,), {"key": "orchard/nothing"})


@pytest.mark.parametrize(
    "annotation", [str, int | None, Annotated[str, "no Arrow type"], Text | Int32, Text | Int32 | None]
)
def test_an_annotation_without_one_arrow_type_is_refused(annotation: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Column 'value' of table Declared is annotated .*: expected a type of"):
        declare(value=annotation)


@pytest.mark.parametrize("name", ["owner", "key", "due", "tags", "unique", "contract", "asset"])
def test_a_column_called_like_a_part_of_the_declaration_is_refused_not_dropped(name: str) -> None:
    with pytest.raises(DeclarationError, match=rf"Column '{name}' of table Declared cannot be called so"):
        declare(columns={name: Text}, value=Int32)


def test_a_default_value_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Column 'value' .* given the value 3: expected column"):
        type("Declared", (Table,), {"key": "orchard/x", "__annotations__": {"value": Int32}, "value": 3})


def test_unique_and_bounded_name_what_is_there() -> None:
    with pytest.raises(DeclarationError, match=r"unique = .* 'crates' is none of its columns: value"):
        declare(value=Int32, parts={"unique": ("crates",)})
    with pytest.raises(DeclarationError, match=r"bounded = .* 'weight' is none of its measures: it has none"):
        declare(value=Int32, parts={"bounded": ("weight",)})


def test_a_column_called_like_the_partition_in_the_path_is_refused() -> None:
    with pytest.raises(ColumnCollision, match=r"column 'day' and a partition dimension of the same name"):
        declare(day=Date, parts={"partitions": calendar.days})


def declare(
    doc: str = "A table.",
    parts: dict[str, Any] | None = None,
    columns: dict[str, Any] | None = None,
    **annotations: Any,
) -> type[Table]:
    """A table whose columns are the keyword arguments, and those in `columns`."""
    annotations |= columns or {}
    body = {"key": "orchard/declared", "__doc__": doc, "__annotations__": annotations, **(parts or {})}
    return type("Declared", (Table,), body)
