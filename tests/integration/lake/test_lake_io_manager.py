"""What an asset returns comes back to the asset that reads it, with its types, through real runs."""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from slipway.lake import File, Lake, LakeIOManager, LakeSettings, LakeTable, WithFiles
from slipway.lake.hashing import content_hash
from slipway.lake.lake import AssetPath
from tests.lake_runs import Runs, failure, runs_on
from tests.lake_tables import SmallTable

ROWS = pa.table(
    {
        "at": pa.array([dt.datetime(2026, 1, 1, 8), None], pa.timestamp("us")),
        "at_utc": pa.array([dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC")),
        "day_sold": pa.array([dt.date(2026, 1, 1), None]),
        "revenue": pa.array([Decimal("58776.790"), None], pa.decimal128(12, 3)),
        "units": pa.array([26818, None], pa.int64()),
        "share": pa.array([0.5, None]),
        "open": pa.array([True, None]),
        "channel": pa.array(["web", None]).dictionary_encode(),
        "note": pa.array(["é", None]),
        "nothing": pa.array([None, None], pa.string()),
        "tags": pa.array([["a", None], None], pa.list_(pa.string())),
        "place": pa.array([{"city": "York", "zip": 1}, None], pa.struct([("city", pa.string()), ("zip", pa.int32())])),
    }
)
KINDS = [pd.DataFrame, pa.Table, pl.DataFrame, pl.LazyFrame, duckdb.DuckDBPyRelation]


def as_kind(table: pa.Table, kind: type) -> Any:
    from slipway.lake.frames import from_arrow

    return from_arrow(table, kind)


def as_rows(frame: Any) -> list[dict[str, Any]]:
    from slipway.lake.frames import to_arrow

    rows: list[dict[str, Any]] = to_arrow(frame)[0].to_pylist()
    return rows


def copied(kind: type, rows: pa.Table, suffix: str = "") -> tuple[dg.AssetsDefinition, dg.AssetsDefinition]:
    """An asset that makes a frame, and one that is given it and returns it as it is."""

    @dg.asset(key=["bronze", f"made{suffix}"])
    def made() -> kind:  # type: ignore[valid-type]
        return as_kind(rows, kind)

    @dg.asset(key=["bronze", f"copied{suffix}"], ins={"frame": dg.AssetIn(["bronze", f"made{suffix}"])})
    def copied(frame: kind) -> kind:  # type: ignore[valid-type]
        assert isinstance(frame, kind)
        assert as_rows(frame) == rows.to_pylist()
        return frame

    return made, copied


def stored(lake: Lake, *asset: str) -> pa.Table:
    return lake.load(asset, [(None, {})]).table(dimensions=False)


def test_every_kind_of_frame_goes_through_every_store(lake: Lake) -> None:
    assets = [asset for n, kind in enumerate(KINDS) for asset in copied(kind, ROWS, str(n))]
    with runs_on(lake) as runs:
        runs.materialize(*assets)

    for asset in assets:
        assert stored(lake, *asset.key.path).to_pylist() == ROWS.to_pylist()


@pytest.mark.parametrize("rows", [ROWS, ROWS.slice(0, 0), ROWS.slice(1)], ids=["rows", "empty", "only nulls"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__module__.split(".")[0] + "." + kind.__name__)
def test_with_a_contract_every_type_survives(tmp_path: Path, kind: type, rows: pa.Table) -> None:
    table = SmallTable(ROWS.schema)
    tables: dict[AssetPath, LakeTable] = {("bronze", "made"): table, ("bronze", "copied"): table}
    lake = Lake(LakeSettings(folder=tmp_path), tables)
    with runs_on(lake) as runs:
        runs.materialize(*copied(kind, rows))
        versions = {
            (m.tags or {})["dagster/data_version"] for key in tables for m in runs.materializations("/".join(key))
        }

    assert stored(lake, "bronze", "copied").schema == ROWS.schema
    assert stored(lake, "bronze", "copied").to_pylist() == rows.to_pylist()
    assert versions == {content_hash(rows)}


def test_an_untyped_empty_pandas_frame_takes_the_contracts_types(tmp_path: Path) -> None:
    lake = Lake(LakeSettings(folder=tmp_path), {("bronze", "made"): SmallTable(ROWS.schema)})

    @dg.asset
    def made():
        return pd.DataFrame(columns=ROWS.column_names)

    with runs_on(lake) as runs:
        runs.materialize(made)
    assert stored(lake, "bronze", "made").schema == ROWS.schema


def test_a_frame_that_breaks_its_contract_keeps_what_was_there(tmp_path: Path) -> None:
    lake = Lake(LakeSettings(folder=tmp_path), {("bronze", "made"): SmallTable(pa.schema([("x", pa.int64())]))})
    frames = iter([pa.table({"x": [1]}), pa.table({"x": ["1"]})])

    @dg.asset
    def made():
        return next(frames)

    with runs_on(lake) as runs:
        runs.materialize(made)
        said = failure(runs.materialize(made, fails=True))
        assert len(runs.materializations("made")) == 1
    assert "! x: int64   (found string: text is not turned into integer silently)" in said
    assert stored(lake, "bronze", "made").to_pylist() == [{"x": 1}]


VALUES = [
    {"n": 1, "nested": {"a": [1, 2], "b": None}},
    [{"n": 1}, {"n": 2}],
    [1, 2, 3],
    ["a", "b"],
    [],
    {"price": Decimal("1.10"), "day": dt.date(2026, 1, 1)},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_records_and_values_come_back_without_annotation(runs: Runs, value: Any) -> None:
    @dg.asset
    def made():
        return value

    @dg.asset
    def reader(made) -> None:
        assert made == value

    runs.materialize(made, reader)


def test_a_classic_pipeline_runs_unchanged(runs: Runs) -> None:
    """Functions that return pandas frames, dicts and lists; a multi-asset; one-part keys; a run of a selection."""

    @dg.asset
    def orders():
        return pd.DataFrame({"id": [1, 2, 3], "amount": [1.5, 2.5, 4.0]})

    @dg.multi_asset(outs={"small": dg.AssetOut(), "large": dg.AssetOut()})
    def by_size(orders):
        return orders[orders["amount"] < 2], orders[orders["amount"] >= 2]

    @dg.asset
    def summary(small, large) -> dict:
        return {"small": len(small), "large": large["amount"].sum()}

    @dg.asset
    def lines(summary: dict) -> list:
        return [f"{name}: {figure}" for name, figure in summary.items()]

    runs.materialize(orders, by_size, summary, lines)
    result = runs.materialize(orders, by_size, summary, lines, only=[lines])

    assert result.output_for_node("lines") == ["small: 1", "large: 6.5"]
    assert stored(runs.lake, "bronze", "large").to_pylist() == [{"id": 2, "amount": 2.5}, {"id": 3, "amount": 4.0}]


def test_an_index_that_means_something_comes_back(runs: Runs) -> None:
    @dg.asset
    def made():
        return pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="customer"))

    @dg.asset
    def reader(made) -> None:
        assert made.loc["b", "x"] == 2
        assert made.index.name == "customer"

    runs.materialize(made, reader)


def test_an_artifact_alone(lake: Lake) -> None:
    @dg.asset
    def page() -> File:
        return File("report.html", b"<html>", "text/html")

    @dg.asset
    def reader(page: File) -> None:
        assert page == File("report.html", b"<html>", "text/html")

    with runs_on(lake) as runs:
        runs.materialize(page, reader)
        [materialization] = runs.materializations("page")
    assert lake.file(("bronze", "page"), {}, "report.html") == b"<html>"
    assert "report.html" in str(materialization.metadata["report.html"].value)


def test_an_artifact_beside_its_table(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_REPORTS_URL", "http://reports.example/")
    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-03")

    @dg.asset(partitions_def=days)
    def report(context):
        return WithFiles(pl.DataFrame({"x": [1]}), [File("report é.html", b"<html>", "text/html")])

    runs.materialize(report, partition="2026-01-01")

    [materialization] = runs.materializations("report")
    url = materialization.metadata["report é.html"].value
    assert isinstance(url, str)
    assert url.startswith("http://reports.example/bronze/_files/report/day=2026-01-01/")
    assert url.endswith("report%20%C3%A9.html")
    assert runs.lake.file(("bronze", "report"), {"day": "2026-01-01"}, "report é.html") == b"<html>"
    assert runs.lake.load(("bronze", "report"), [("x", {"day": "2026-01-01"})]).rows == 1


def test_an_artifact_that_is_gone_is_told(runs: Runs) -> None:
    @dg.asset
    def page() -> File:
        return File("report.html", b"<html>")

    @dg.asset
    def reader(page: File) -> None: ...

    @dg.asset
    def table() -> list:
        return [1, 2]

    @dg.asset(ins={"table": dg.AssetIn("table")})
    def misled(table: File) -> None: ...

    runs.materialize(page, table)
    for found in list(runs.lake.store.list("bronze")):
        if found.path.endswith(".html"):
            runs.lake.store.delete(found.path)
    assert "The artifact report.html of bronze/page is not in the lake" in failure(
        runs.materialize(page, reader, only=[reader], fails=True)
    )
    assert "Expected bronze/table to be one artifact" in failure(
        runs.materialize(table, misled, only=[misled], fails=True)
    )


def test_none_stores_nothing(runs: Runs) -> None:
    @dg.asset
    def effect():
        return None

    runs.materialize(effect)

    assert runs.stored("effect") == []
    assert runs.partitions("effect") == [None]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: 5, "Expected a pandas, PyArrow or Polars frame, .* found builtins.int"),
        (lambda: {"settings": {}}, "cannot be stored as Parquet: .*no child field.*Give the column another type"),
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "each column once, found 'a'"),
        (lambda: File("../x", b""), "Expected a plain file name"),
    ],
    ids=["number", "empty struct", "columns twice", "file name"],
)
def test_what_cannot_be_stored_fails_with_a_sentence(runs: Runs, make: Callable[[], Any], sentence: str) -> None:
    @dg.asset
    def made():
        return make()

    assert re.search(sentence, failure(runs.materialize(made, fails=True)))
    assert runs.stored("made") == []


def test_one_part_keys_lie_below_their_layer(folder_lake: Lake) -> None:
    manager = LakeIOManager(folder_lake, "silver")

    assert manager.asset_path(dg.AssetKey("x")) == ("silver", "x")
    assert manager.asset_path(dg.AssetKey(["gold", "x"])) == ("gold", "x")
    assert LakeIOManager(folder_lake).asset_path(dg.AssetKey("x")) == ("x",)


def test_relations_of_one_step_share_a_connection(runs: Runs) -> None:
    @dg.asset
    def one() -> pl.DataFrame:
        return pl.DataFrame({"k": [1, 2], "a": ["x", "y"]})

    @dg.asset
    def other() -> pl.DataFrame:
        return pl.DataFrame({"k": [2, 3], "b": ["p", "q"]})

    @dg.asset
    def joined(one: duckdb.DuckDBPyRelation, other: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        return one.join(other, "k")

    runs.materialize(one, other, joined)

    assert stored(runs.lake, "bronze", "joined").to_pylist() == [{"k": 2, "a": "y", "b": "p"}]
