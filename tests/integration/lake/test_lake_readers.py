"""Analysts read the folder with what they have: pandas, PyArrow, Polars, DuckDB, by folder or by glob."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyarrow.fs import S3FileSystem

from slipway.lake import File, Lake
from slipway.lake.lake import Draft, Key
from slipway.lake.partitions import dimensions
from tests.integration.lake.test_lake_store import leftover
from tests.sql import query

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05")
WEEKS = dg.WeeklyPartitionsDefinition("2025-12-29", end_date="2026-02-02", day_offset=1)
AWKWARD = ["plain", "a/b", "50%", "x y", "é 日本", "..", ".h", "_h", "a=b", "a+b", "a|b,c", "#?&", "'\"", "[x]*"]
AWKWARD += ["%2F", "{x}", "\\", "~", "NULL", " x ", "true", "1.0"]
BOTH = dg.MultiPartitionsDefinition(
    {"day": DAYS, "category": dg.StaticPartitionsDefinition(["tea", "cake / bread", "50% é"])}
)
CASES: dict[str, list[Key]] = {
    "daily": [(key, dimensions(DAYS, key)) for key in DAYS.get_partition_keys()],
    "weekly": [(key, dimensions(WEEKS, key)) for key in WEEKS.get_partition_keys()],
    "dynamic": [(key, {"thing": key}) for key in AWKWARD],
    "two dimensions": [(str(key), dimensions(BOTH, key)) for key in BOTH.get_partition_keys()],
}

Figures = dict[tuple[str, ...], tuple[int, Decimal]]
"""Rows and revenue by partition."""


def pandas_folder(root: str, names: list[str]) -> pd.DataFrame:
    return pd.read_parquet(root, dtype_backend="pyarrow")


def pyarrow_folder(root: str, names: list[str]) -> pd.DataFrame:
    schema = pa.schema([(name, pa.string()) for name in names])
    return ds.dataset(root, partitioning=ds.partitioning(schema, flavor="hive")).to_table().to_pandas()


def pyarrow_guessing(root: str, names: list[str]) -> pd.DataFrame:
    return ds.dataset(root, partitioning="hive").to_table().to_pandas()


def polars_folder(root: str, names: list[str]) -> pd.DataFrame:
    hive_schema = dict.fromkeys(names, pl.String)
    return pl.scan_parquet(root, hive_partitioning=True, hive_schema=hive_schema).collect().to_pandas()


def polars_glob(root: str, names: list[str]) -> pd.DataFrame:
    return pl.read_parquet(f"{root}/**/*.parquet", hive_partitioning=True, try_parse_hive_dates=False).to_pandas()


def duckdb_glob(root: str, names: list[str]) -> pd.DataFrame:
    sql = f"from read_parquet('{root}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    return query(sql).df()


def duckdb_folder(root: str, names: list[str]) -> pd.DataFrame:
    types = ", ".join(f"'{name}': VARCHAR" for name in names)
    sql = f"from read_parquet('{root}/*{'/*' * (len(names) - 1)}/data.parquet', hive_types = {{{types}}})"
    return query(sql).df()


READERS = [pandas_folder, pyarrow_folder, pyarrow_guessing, polars_folder, polars_glob, duckdb_glob, duckdb_folder]


def figures(frame: pd.DataFrame, names: list[str]) -> Figures:
    return {
        tuple(str(key) for key in keys): (len(rows), Decimal(str(sum(rows["revenue"]))))
        for keys, rows in frame.groupby(names, observed=True)
        if len(rows)
    }


def publish(lake: Lake, keys: list[Key]) -> tuple[list[str], Figures]:
    """Publish a table, each partition with a page beside its rows; its dimensions, and what is in it."""
    expected: Figures = {}
    names: list[str] = []
    for number, (key, dims) in enumerate(keys, 1):
        revenue = [Decimal("58776.790") + number, Decimal("0.001")][: number % 3]
        notes = pa.array(["é"] * len(revenue), pa.string())
        rows = pa.table({"revenue": pa.array(revenue, pa.decimal128(12, 3)), "note": notes})
        files = [File("report.html", b"<html>", "text/html")]
        lake.publish(Draft(("gold", "sales"), (key, dims), rows, files=files), "run")
        names = sorted(dims)
        if revenue:
            expected[tuple(dims[name] for name in names)] = (len(revenue), sum(revenue, Decimal(0)))
    return names, expected


@pytest.fixture(params=CASES)
def table(request: pytest.FixtureRequest, folder_lake: Lake) -> tuple[str, list[str], Figures]:
    """A table's folder, its dimensions, and what is in it."""
    names, expected = publish(folder_lake, CASES[request.param])
    root = Path(folder_lake.store.location("gold/sales"))
    leftover(Path(folder_lake.store.location("")), "left", 1)
    return str(root), names, expected


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_every_reader_finds_the_same_numbers(
    table: tuple[str, list[str], Figures], reader: Callable[[str, list[str]], pd.DataFrame]
) -> None:
    root, names, expected = table

    assert figures(reader(root, names), names) == expected


@pytest.mark.parametrize("lake_settings", ["moto", pytest.param("versitygw", marks=pytest.mark.docker)], indirect=True)
@pytest.mark.parametrize("case", ["dynamic", "two dimensions"])
def test_a_bucket_reads_by_its_folders_too(lake: Lake, case: str) -> None:
    s3 = lake.settings.s3
    assert s3 is not None
    assert s3.endpoint is not None
    names, expected = publish(lake, CASES[case])
    bucket = S3FileSystem(
        access_key=s3.access_key_id,
        secret_key=s3.secret_access_key,
        endpoint_override=s3.endpoint.removeprefix("http://"),
        scheme="http",
        region=s3.region,
    )
    dataset = ds.dataset(f"{s3.bucket}/{s3.prefix}/gold/sales", partitioning="hive", filesystem=bucket)
    lazy = pl.scan_parquet(
        f"{lake.settings.uri}/gold/sales/",
        hive_partitioning=True,
        hive_schema=dict.fromkeys(names, pl.String),
        storage_options=s3.for_polars(),
    )

    assert figures(dataset.to_table().to_pandas(), names) == expected
    assert figures(lazy.collect().to_pandas(), names) == expected
