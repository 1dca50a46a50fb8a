"""A column without a value in one partition of a plain asset, and with values in the others.

No type is made up for it: as text, other readers would turn the numbers of the other partitions into text and say
nothing. As Parquet's null type it goes with any type; docs/lake.md says what readers need who see such a file first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from slipway.lake import Lake, LakeIOManager
from slipway.lake.lake import Draft
from tests.lake_tables import SmallTable
from tests.sql import query

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-03")
FIRST, SECOND = DAYS.get_partition_keys()
PATH = ("bronze", "visits")
VALUES: dict[str, Any] = {"text": "x", "number": 5, "list": ["x"]}
Reader = Callable[[str, pa.Schema], pd.DataFrame | pa.Table | pl.DataFrame]

# Readers as docs/lake.md has them, which take the type from the first file.
PLAIN: dict[str, Reader] = {
    "pandas": lambda root, _schema: pd.read_parquet(root),
    "pyarrow": lambda root, _schema: ds.dataset(root, partitioning="hive").to_table(),
    "polars": lambda root, _schema: pl.scan_parquet(f"{root}/**/*.parquet", hive_partitioning=True).collect(),
    "duckdb": lambda root, _schema: query(
        f"from read_parquet('{root}/**/*.parquet', hive_partitioning = true)"
    ).to_arrow_table(),
}
# The same, told the types (DuckDB finds them out).
TOLD: dict[str, Reader] = {
    "pandas": lambda root, schema: pd.read_parquet(root, schema=schema, dtype_backend="pyarrow"),
    "pyarrow": lambda root, schema: ds.dataset(root, partitioning="hive", schema=schema).to_table(),
    "polars": lambda root, schema: pl.scan_parquet(
        f"{root}/**/*.parquet", hive_partitioning=True, schema=pl.DataFrame(schema.empty_table()).schema
    ).collect(),
    "duckdb": lambda root, _schema: query(
        f"from read_parquet('{root}/**/*.parquet', hive_partitioning = true, union_by_name = true)"
    ).to_arrow_table(),
}


def published(lake: Lake, by_day: Mapping[str, Any]) -> str:
    """Publish a record a day, as an asset's function would return it; the table's folder."""
    for day, value in by_day.items():
        column = pa.array([value])
        lake.publish(Draft(PATH, (day, {"day": day}), pa.table({"id": [1], "seen": column})), "run")
    return lake.store.location("/".join(PATH))


def seen(frame: pd.DataFrame | pa.Table | pl.DataFrame) -> dict[str, Any]:
    """The column's value by day."""
    table = pa.Table.from_pandas(frame) if isinstance(frame, pd.DataFrame) else frame
    rows = table.to_dicts() if isinstance(table, pl.DataFrame) else table.to_pylist()
    return {str(row["day"]): row["seen"] for row in rows}


def values(kind: str, *, empty: str) -> dict[str, Any]:
    return {day: None if day == empty else VALUES[kind] for day in (FIRST, SECOND)}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("empty", [FIRST, SECOND])
@pytest.mark.parametrize("wanted", [pd.DataFrame, pa.Table, pl.DataFrame, pl.LazyFrame])
def test_the_lake_gives_the_column_the_type_of_its_values(
    folder_lake: Lake, kind: str, empty: str, wanted: type
) -> None:
    published(folder_lake, values(kind, empty=empty))
    frame = LakeIOManager(folder_lake).load(PATH, DAYS, [FIRST, SECOND], wanted)
    frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame

    assert seen(frame) == values(kind, empty=empty)


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("reader", PLAIN)
def test_readers_take_it_behind_a_file_with_values(folder_lake: Lake, kind: str, reader: str) -> None:
    root = published(folder_lake, values(kind, empty=SECOND))

    assert seen(PLAIN[reader](root, pa.schema([]))) == values(kind, empty=SECOND)


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("reader", PLAIN)
def test_readers_that_see_it_first_refuse_loudly_and_then_take_its_type(
    folder_lake: Lake, kind: str, reader: str
) -> None:
    root = published(folder_lake, values(kind, empty=FIRST))
    types = pa.schema({"id": pa.int64(), "seen": pa.array([VALUES[kind]]).type, "day": pa.string()})

    with pytest.raises((pa.ArrowNotImplementedError, pl.exceptions.SchemaError, duckdb.ConversionException)):
        PLAIN[reader](root, types)
    assert seen(TOLD[reader](root, types)) == values(kind, empty=FIRST)


@pytest.mark.parametrize("reader", PLAIN)
def test_with_a_contract_nobody_needs_telling(folder_lake: Lake, reader: str) -> None:
    schema = pa.schema({"id": pa.int64(), "seen": pa.int64()})
    lake = Lake(folder_lake.settings, {PATH: SmallTable(schema)})
    root = published(lake, values("number", empty=FIRST))
    found = seen(PLAIN[reader](root, schema))

    assert found[SECOND] == 5
    assert pd.isna(found[FIRST])
