"""One partition as bytes: every value comes back, with who made it; only what is asked for is decoded."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from slipway.lake import Provenance, parquet
from slipway.lake.errors import FrameError, LakeUnavailable
from tests.arrow_tables import tables, values

WHO = Provenance(
    asset="gold/x",
    partition="2026-01-01",
    run_id="run",
    rows=2,
    data_version="abc",
    inputs={"silver/x": "v"},
    measures={"revenue": 1.5},
    source={"file": "é.csv"},
)


@given(tables(min_columns=1))
def test_every_value_and_type_comes_back(table: pa.Table) -> None:
    found, who = parquet.decode(parquet.encode(table, WHO))

    assert values(found) == values(table)
    assert [str(f.type).replace("element", "item") for f in found.schema] == [str(f.type) for f in table.schema]
    assert who == WHO


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([1], pa.timestamp("s", "UTC")), pa.timestamp("ms", "UTC")),
        (pa.array([86_400_000], pa.date64()), pa.date32()),
        (pa.array([1], pa.time32("s")), pa.time32("ms")),
        (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), pa.list_(pa.int32())),
        (
            pa.array([{"a": [1, 2]}, None], pa.struct([("a", pa.list_(pa.int32(), 2))])),
            pa.struct([("a", pa.list_(pa.int32()))]),
        ),
        (pa.RunEndEncodedArray.from_arrays([2, 3], [5, None]), pa.int64()),
    ],
    ids=["seconds", "date64", "time in seconds", "fixed-size list", "nested", "run-end encoded"],
)  # fmt: skip
def test_types_that_parquet_has_not_are_brought_to_those_it_has(column: pa.Array, kind: pa.DataType) -> None:
    table = pa.table({"x": column})

    assert parquet.storable(table).schema.field("x").type == kind
    assert parquet.decode(parquet.encode(table))[0].column("x").to_pylist() == column.to_pylist()


@pytest.mark.parametrize(
    "column", [pa.array([{}]), pa.array([(1, 2, 3)], pa.month_day_nano_interval())], ids=["{}", "interval"]
)
def test_types_that_cannot_be_stored_are_refused_with_a_sentence(column: pa.Array) -> None:
    with pytest.raises(FrameError, match=r"Parquet"):
        parquet.encode(pa.table({"x": column}))


def test_the_pandas_index_is_kept_and_the_provenance_is_not_passed_on() -> None:
    first, _who = parquet.decode(parquet.encode(pa.table({"x": [1]}), WHO))
    again, who = parquet.decode(parquet.encode(first))

    assert b"slipway" not in (first.schema.metadata or {})
    assert who is None
    assert again.schema.metadata is None


def test_an_older_reader_understands_a_newer_provenance() -> None:
    newer = json.loads(WHO.to_json()) | {"invented_later": 1}

    assert Provenance.from_json(json.dumps(newer)) == WHO


def test_only_the_columns_and_rows_asked_for() -> None:
    data = parquet.encode(pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [0.5, 1.5, 2.5]}))
    table, _who = parquet.decode(data, columns=["b"], rows=[("a", ">", 1), ("c", "<", 2)])

    assert table.to_pylist() == [{"b": "y"}]


SCHEMA = pa.schema([("a", pa.int64()), ("m", pa.decimal128(12, 3)), ("later", pa.timestamp("us", "UTC"))])


def test_an_object_older_than_the_contract_reads_as_the_contract() -> None:
    older = parquet.encode(pa.table({"gone": ["?"], "m": [Decimal("1.5")], "a": pa.array([1], pa.int8())}))
    table, _who = parquet.decode(older, schema=SCHEMA)

    assert table.schema == SCHEMA
    assert table.to_pylist() == [{"a": 1, "m": Decimal("1.500"), "later": None}]
    assert parquet.decode(older, columns=["later"], schema=SCHEMA)[0].to_pylist() == [{"later": None}]
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    found, _who = parquet.decode(older, columns=["a"], rows=[("later", ">", moment)], schema=SCHEMA)
    assert found.to_pylist() == []
    assert found.schema.names == ["a"]


def test_what_does_not_read_as_the_contract_is_told() -> None:
    data = parquet.encode(pa.table({"a": ["text"]}))
    with pytest.raises(FrameError, match=r"'a' was written as string and does not read as the contract's int64"):
        parquet.decode(data, schema=SCHEMA)


@pytest.mark.parametrize("schema", [None, SCHEMA])
def test_columns_that_nobody_knows_are_told(schema: pa.Schema | None) -> None:
    data = parquet.encode(pa.table({"a": [1], "m": [None]}))
    with pytest.raises(FrameError, match=r"Expected the column 'nope'; found only a, m"):
        parquet.decode(data, columns=["a", "nope"], schema=schema)
    with pytest.raises(FrameError, match=r"Expected the column 'nope'; found only a, m"):
        parquet.decode(data, rows=[("nope", "==", 1)], schema=schema)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"<html>", parquet.encode(pa.table({"a": [1]}))[:-20]])
def test_bytes_that_are_no_parquet_are_told(data: bytes) -> None:
    with pytest.raises(LakeUnavailable, match=f"found {len(data)} bytes that are not one"):
        parquet.decode(data)


def test_other_readers_see_plain_parquet() -> None:
    data = parquet.encode(pa.table({"a": [1]}), WHO)
    file = pq.ParquetFile(pa.BufferReader(data))

    assert file.read().to_pylist() == [{"a": 1}]
    assert json.loads(file.metadata.metadata[b"slipway"])["asset"] == "gold/x"
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
