"""Reading upstream partitions: together or apart, only what is asked for, and what is missing as it was agreed."""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from slipway.lake import FrameError, Lake, LakeSettings, LakeTable, PartitionMissing, Partitions
from slipway.lake.frames import to_arrow
from slipway.lake.lake import AssetPath, Draft
from slipway.lake.partitions import dimensions
from tests.lake_runs import Runs, failure, runs_on
from tests.lake_tables import SmallTable

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
KEYS = DAYS.get_partition_keys()
WEEKS = dg.WeeklyPartitionsDefinition("2025-12-29", end_date="2026-02-02", day_offset=1)
MONTHS = dg.MonthlyPartitionsDefinition("2026-01-01", end_date="2026-03-01")
RANGED = dg.BackfillPolicy.single_run()
DAY_TO_WEEK = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
FRAMES = [pd.DataFrame, pa.Table, pl.DataFrame, pl.LazyFrame, duckdb.DuckDBPyRelation]


@dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
def sales(context):
    return Partitions((key, {"n": int(key[-2:]), "channel": "web", "note": "x" * 50}) for key in context.partition_keys)


def rows_of(frame: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = to_arrow(frame)[0].to_pylist()
    return rows


def test_many_partitions_are_one_frame_or_a_frame_each(lake: Lake) -> None:
    """Together with the partition column, in the order of the keys; or apart, by key."""
    together: dict[type, Any] = {}
    apart: dict[type, Any] = {}
    days = {"sales": dg.AssetIn("sales", partition_mapping=DAY_TO_WEEK)}

    def readers(number: int, kind: type) -> list[dg.AssetsDefinition]:
        @dg.asset(name=f"together_{number}", partitions_def=WEEKS, ins=days)
        def one_frame(sales: kind) -> None:  # type: ignore[valid-type]
            assert isinstance(sales, kind)
            together[kind] = rows_of(sales)

        @dg.asset(name=f"apart_{number}", partitions_def=WEEKS, ins=days)
        def a_frame_each(sales: dict[str, kind]) -> None:  # type: ignore[valid-type]
            assert all(isinstance(frame, kind) for frame in sales.values())
            apart[kind] = {key: rows_of(frame) for key, frame in sales.items()}

        return [one_frame, a_frame_each]

    weekly = [reader for number, kind in enumerate(FRAMES) for reader in readers(number, kind)]
    with runs_on(lake) as runs:
        runs.materialize(sales, span=(KEYS[0], KEYS[-1]))
        runs.materialize(sales, *weekly, only=weekly, partition="2026-01-05")

    rows = {f"2026-01-{n:02}": {"n": n, "channel": "web", "note": "x" * 50} for n in range(5, 11)}
    for kind in FRAMES:
        assert together[kind] == [{**row, "day": key} for key, row in rows.items()]
        assert list(apart[kind].items()) == [(key, [row]) for key, row in rows.items()]


def test_a_ranged_run_reads_its_range(runs: Runs) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def reader(context, sales: pl.DataFrame):
        assert sales["day"].to_list() == KEYS[2:5]
        return sales

    runs.materialize(sales, span=(KEYS[0], KEYS[-1]))
    runs.materialize(sales, reader, only=[reader], span=(KEYS[2], KEYS[4]))

    assert runs.stored("reader") == KEYS[2:5]


# -- the partition column


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.LazyFrame], ids=lambda kind: kind.__name__)
def test_the_partition_itself_needs_no_column(runs: Runs, kind: type) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def same(sales: kind) -> None:  # type: ignore[valid-type]
        assert list(rows_of(sales)[0]) == ["n", "channel", "note"]

    runs.materialize(sales, same, partition=KEYS[0])


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.LazyFrame], ids=lambda kind: kind.__name__)
def test_another_partition_has_the_column_even_if_it_is_just_one(runs: Runs, kind: type) -> None:
    read: list[str] = []
    before = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    one = dg.SpecificPartitionsPartitionMapping([KEYS[0]])

    @dg.asset(partitions_def=DAYS, ins={"sales": dg.AssetIn("sales", partition_mapping=before)})
    def next_day(sales: kind) -> None:  # type: ignore[valid-type]
        read.extend(row["day"] for row in rows_of(sales))

    @dg.asset(ins={"sales": dg.AssetIn("sales", partition_mapping=one)})
    def whole(sales: kind) -> None:  # type: ignore[valid-type]
        read.extend(row["day"] for row in rows_of(sales))

    @dg.asset(partitions_def=MONTHS, ins={"sales": dg.AssetIn("sales", partition_mapping=one)})
    def monthly(sales: kind) -> None:  # type: ignore[valid-type]
        """The month's key is that of its first day, which is another partition all the same."""
        read.extend(row["day"] for row in rows_of(sales))

    runs.materialize(sales, span=(KEYS[0], KEYS[1]))
    runs.materialize(sales, next_day, only=[next_day], partition=KEYS[1])
    runs.materialize(sales, whole, only=[whole])
    runs.materialize(sales, monthly, only=[monthly], partition="2026-01-01")

    assert read == [KEYS[0]] * 3


# -- only what is asked for


COLUMNS = [["n"], ["n", "day"], ["day", "n"]]


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.LazyFrame], ids=lambda kind: kind.__name__)
def test_columns_and_rows_are_asked_for_by_metadata(runs: Runs, kind: type, columns: list[str]) -> None:
    """The dimension may be named among the columns; it is there in any case."""
    metadata = {"slipway/columns": columns, "slipway/rows": [("n", ">=", 3), ("channel", "in", ["web", "shop"])]}
    mapping = dg.SpecificPartitionsPartitionMapping(KEYS[:5])
    read: list[Any] = []

    @dg.asset(ins={"sales": dg.AssetIn("sales", metadata=metadata, partition_mapping=mapping)})
    def reader(sales: kind) -> None:  # type: ignore[valid-type]
        read.extend(rows_of(sales))

    runs.materialize(sales, span=(KEYS[0], KEYS[-1]))
    runs.materialize(sales, reader, only=[reader])

    assert read == [{"n": n, "day": f"2026-01-0{n}"} for n in (3, 4, 5)]


def published(lake: Lake, frames: list[pa.Table]) -> list[Any]:
    keys = [(key, dimensions(DAYS, key)) for key in KEYS[: len(frames)]]
    for key, frame in zip(keys, frames, strict=True):
        lake.publish(Draft(("x",), key, frame), "run")
    return keys


def test_a_lazy_frame_pushes_columns_rows_and_partitions_down(lake: Lake) -> None:
    table = pa.table({"n": range(1000), "wide": ["x" * 100] * 1000, "other": range(1000)})
    keys = published(lake, [table, table])
    frame, _absent = lake.scan(("x",), keys)
    query = frame.filter((pl.col("n") > 990) & (pl.col("day") == KEYS[1])).select("n", "day")

    plan = query.explain()
    assert "PROJECT 2/4 COLUMNS" in plan
    assert "SELECTION: " in plan
    assert "FILTER" not in plan
    assert query.collect().rows() == [(n, KEYS[1]) for n in range(991, 1000)]


def test_only_the_columns_asked_for_are_decoded(folder_lake: Lake) -> None:
    big = pa.table({"n": range(200_000), "wide": [f"{n:0100}" for n in range(200_000)]})
    [key] = published(folder_lake, [big])
    before = pa.total_allocated_bytes()
    loaded = folder_lake.load(("x",), [key], columns=["n"])

    assert pa.total_allocated_bytes() - before < 5_000_000
    assert loaded.rows == 200_000


def test_a_column_that_is_not_there_is_told(lake: Lake) -> None:
    [key] = published(lake, [pa.table({"n": [1]})])

    with pytest.raises(FrameError, match=r"Cannot read .*day=2026-01-01/data.parquet: Expected the column 'nope'"):
        lake.load(("x",), [key], columns=["nope"])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("n", "==", 2), [2]), (("n", "=", 2), [2]), (("n", "!=", 2), [1, 3]), (("n", "<", 2), [1]),
        (("n", "<=", 2), [1, 2]), (("n", ">", 2), [3]), (("n", ">=", 2), [2, 3]), (("n", "in", [1, 3]), [1, 3]),
        (("n", "not in", [1, 3]), [2]), (("later", ">", 0), []),
    ],
    ids=str,
)  # fmt: skip
def test_conditions_mean_the_same_for_every_kind(tmp_path: Path, condition: Any, expected: list[int]) -> None:
    schema = pa.schema([("n", pa.int64()), ("later", pa.int64())])
    plain = Lake(LakeSettings(folder=tmp_path))
    published(plain, [pa.table({"n": [1, 2, 3, None]})])
    with runs_on(Lake(LakeSettings(folder=tmp_path), {("x",): SmallTable(schema)})) as runs:
        read = {
            kind: [row["n"] for row in rows_of(runs.manager.load(("x",), DAYS, KEYS[:1], kind, rows=[condition]))]
            for kind in FRAMES
        }
    assert read == dict.fromkeys(FRAMES, expected)


def test_a_condition_that_is_none(runs: Runs) -> None:
    published(runs.lake, [pa.table({"n": [1]})])

    with pytest.raises(FrameError, match=r"Expected ==, .* as the condition on 'n', found 'like'"):
        runs.manager.load(("x",), DAYS, KEYS[:1], pl.LazyFrame, rows=[("n", "like", "x")])


# -- partitions that were written differently

MONEY = pa.decimal128(12, 3)
GENERATIONS = [
    pa.table({"n": pa.array([1], pa.int32()), "note": pa.nulls(1), "m": [Decimal("1.1")]}),
    pa.table({"note": ["b"], "n": pa.array([2], pa.int64()), "m": [Decimal("22.125")], "extra": [True]}),
    pa.table({"n": pa.array([], pa.int64()), "note": pa.array([], pa.string()), "m": pa.array([], MONEY)}),
]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_partitions_of_several_generations_go_together(runs: Runs, kind: type) -> None:
    published(runs.lake, GENERATIONS)
    frame = runs.manager.load(("x",), DAYS, KEYS[:3], kind)

    assert rows_of(frame) == [
        {"n": 1, "note": None, "m": Decimal("1.1"), "extra": None, "day": KEYS[0]},
        {"n": 2, "note": "b", "m": Decimal("22.125"), "extra": True, "day": KEYS[1]},
    ]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_with_a_contract_they_are_as_the_contract_says(tmp_path: Path, kind: type) -> None:
    published(Lake(LakeSettings(folder=tmp_path)), GENERATIONS)
    schema = pa.schema([("m", MONEY), ("n", pa.int64()), ("later", pa.timestamp("us", "UTC"))])
    lake = Lake(LakeSettings(folder=tmp_path), {("x",): SmallTable(schema)})
    with runs_on(lake) as runs:
        frame = runs.manager.load(("x",), DAYS, KEYS[:3], kind)

        assert rows_of(frame) == [
            {"m": Decimal("1.100"), "n": 1, "later": None, "day": KEYS[0]},
            {"m": Decimal("22.125"), "n": 2, "later": None, "day": KEYS[1]},
        ]
        kinds = [str(field.type) for field in to_arrow(frame)[0].schema][:3]
        assert kinds == ["decimal128(12, 3)", "int64", "timestamp[us, tz=UTC]"]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_types_that_do_not_go_together_are_told(runs: Runs, kind: type) -> None:
    published(runs.lake, [pa.table({"n": [1]}), pa.table({"n": ["1"]})])

    with pytest.raises(FrameError, match=r"do not go together in one frame: .*Materialize the older ones again"):
        runs.manager.load(("x",), DAYS, KEYS[:2], kind)


def test_categories_of_many_partitions_are_one_categorical(runs: Runs) -> None:
    tables = [pa.table({"c": pa.array([text]).dictionary_encode()}) for text in "abc"]
    published(runs.lake, tables)

    frame = runs.manager.load(("x",), DAYS, KEYS[:3])
    assert list(frame["c"].cat.categories) == ["a", "b", "c"]


# -- partitions that are missing


@pytest.fixture(params=["with contract", "without contract"])
def gaps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runs]:
    """Days 1 and 3 of `sales` are in the lake."""
    schema = pa.schema([("n", pa.int64()), ("at", pa.timestamp("us", "UTC"))])
    tables: dict[AssetPath, LakeTable] = (
        {("bronze", "sales"): SmallTable(schema)} if request.param == "with contract" else {}
    )
    lake = Lake(LakeSettings(folder=tmp_path), tables)
    for key in (KEYS[0], KEYS[2]):
        rows = pa.table({"n": [int(key[-2:])], "at": pa.array([0], pa.timestamp("us", "UTC"))})
        lake.publish(Draft(("bronze", "sales"), (key, {"day": key}), rows), "run")
    with runs_on(lake) as runs:
        yield runs


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.LazyFrame], ids=lambda kind: kind.__name__)
def test_missing_partitions_are_an_error_unless_agreed(gaps: Runs, kind: type) -> None:
    sentence = r"2 of 4 partitions of bronze/sales are not in the lake .*: 2026-01-02, 2026-01-04\. Materialize them"
    with pytest.raises(PartitionMissing, match=sentence):
        gaps.manager.load(("bronze", "sales"), DAYS, KEYS[:4], kind)


@pytest.mark.parametrize("missing", ["skip", "empty"])
@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_missing_partitions_may_be_left_out(gaps: Runs, kind: type, missing: Any) -> None:
    frame = gaps.manager.load(("bronze", "sales"), DAYS, KEYS[:4], kind, missing=missing)

    assert [(row["n"], row["day"]) for row in rows_of(frame)] == [(1, KEYS[0]), (3, KEYS[2])]


def test_a_mapping_has_empty_frames_only_if_their_columns_are_known(gaps: Runs) -> None:
    wanted = dict[str, pl.DataFrame]
    skipped = gaps.manager.load(("bronze", "sales"), DAYS, KEYS[:4], wanted, missing="skip")
    empty = gaps.manager.load(("bronze", "sales"), DAYS, KEYS[:4], wanted, missing="empty")

    assert list(skipped) == [KEYS[0], KEYS[2]]
    declared = bool(gaps.lake.tables)
    assert list(empty) == (KEYS[:4] if declared else [KEYS[0], KEYS[2]])
    if declared:
        assert empty[KEYS[1]].schema == {"n": pl.Int64, "at": pl.Datetime("us", "UTC")}


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("keys", [KEYS[5:7], []], ids=["absent", "none asked for"])
def test_nothing_at_all_is_an_empty_frame_if_its_columns_are_known(gaps: Runs, kind: type, keys: list[str]) -> None:
    if gaps.lake.tables:
        frame = gaps.manager.load(("bronze", "sales"), DAYS, keys, kind, missing="empty")
        table = to_arrow(frame)[0]
        assert table.column_names == ["n", "at", "day"]
        assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"
        assert len(table) == 0
    else:
        with pytest.raises(PartitionMissing, match=r"No partition of bronze/sales .*without a contract its columns"):
            gaps.manager.load(("bronze", "sales"), DAYS, keys, kind, missing="empty")


def test_nothing_at_all_is_an_empty_mapping(gaps: Runs) -> None:
    if gaps.lake.tables:
        found = gaps.manager.load(("bronze", "sales"), DAYS, KEYS[5:7], dict[str, pl.DataFrame], missing="skip")
        assert found == {}


def test_the_policy_is_agreed_by_metadata(runs: Runs) -> None:
    skip = dg.AssetIn("sales", metadata={"slipway/missing": "skip"}, partition_mapping=DAY_TO_WEEK)
    strict = dg.AssetIn("sales", partition_mapping=DAY_TO_WEEK)

    @dg.asset(partitions_def=WEEKS, ins={"sales": skip})
    def lenient(sales: pl.DataFrame) -> None:
        assert sales["day"].to_list() == KEYS[:1]

    @dg.asset(partitions_def=WEEKS, ins={"sales": strict})
    def exact(sales: pl.DataFrame) -> None: ...

    runs.materialize(sales, partition=KEYS[0])
    runs.materialize(sales, lenient, only=[lenient], partition="2025-12-29")
    result = runs.materialize(sales, exact, only=[exact], partition="2025-12-29", fails=True)
    assert "3 of 4 partitions of bronze/sales are not in the lake" in failure(result)


def test_an_unpartitioned_asset_that_is_missing(runs: Runs) -> None:
    @dg.asset
    def table(): ...

    @dg.asset
    def reader(table): ...

    result = runs.materialize(table, reader, only=[reader], fails=True)
    assert "1 of 1 partitions of bronze/table are not in the lake" in failure(result)
    assert "the asset" in failure(result)


# -- versions


def test_what_was_read_has_a_version(lake: Lake) -> None:
    keys = published(lake, [pa.table({"n": [n]}) for n in range(3)])

    def version(n: int, **options: Any) -> str:
        return lake.load(("x",), keys[:n], **options).version

    own = lake.provenance(("x",), keys[0][1])
    assert own is not None
    assert version(1) == own.data_version
    assert len({version(1), version(2), version(3)}) == 3
    assert version(3) == version(3, columns=["n"], rows=[("n", ">", 1)])
    lake.publish(Draft(("x",), keys[2], pa.table({"n": [9]})), "run")
    assert version(3) not in {version(1), version(2)}


def test_times_keep_their_zone_in_a_frame_of_many_days(runs: Runs) -> None:
    moment = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
    zoned = pa.table({"at": pa.array([moment], pa.timestamp("us", "Europe/London"))})
    published(runs.lake, [zoned, zoned])

    for kind in FRAMES[:4]:
        schema = to_arrow(runs.manager.load(("x",), DAYS, KEYS[:2], kind))[0].schema
        assert str(schema.field("at").type) == "timestamp[us, tz=Europe/London]"
