"""Runs over partitions of every kind: one at a time, many at once, some of them bad."""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from slipway.lake import Lake, PartitionFailure, PartitionKeyError, Partitions
from slipway.lake.publishing import WRITERS
from tests.lake_runs import Runs, failure, runs_on

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
KEYS = DAYS.get_partition_keys()
WEEKS = dg.WeeklyPartitionsDefinition("2025-12-29", end_date="2026-02-02", day_offset=1)
HOURS = dg.HourlyPartitionsDefinition("2026-01-01-00:00", end_date="2026-01-01-05:00")
STATIC = dg.StaticPartitionsDefinition(["tea", "a|b,c", "cake / 50% é", "..", "_x"])
DYNAMIC = dg.DynamicPartitionsDefinition(name="product category")
BOTH = dg.MultiPartitionsDefinition({"day": DAYS, "category": dg.StaticPartitionsDefinition(["tea", "cake / bread"])})
RANGED = dg.BackfillPolicy.single_run()
SPAN = (KEYS[0], KEYS[4])


def rows_of(runs: Runs, asset: str, **dims: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = runs.lake.load((runs.layer, asset), [("x", dims)]).table(dimensions=False).to_pylist()
    return rows


@pytest.mark.parametrize(
    ("definition", "keys", "dimension"),
    [
        (DAYS, KEYS[:2], "day"),
        (WEEKS, WEEKS.get_partition_keys()[:2], "week"),
        (HOURS, HOURS.get_partition_keys()[:2], "hour"),
        (STATIC, STATIC.get_partition_keys(), "partition"),
        (DYNAMIC, ["tea", "a|b,c", "cake / 50% é", "...", "[x]", "a\nb", " x "], "product_category"),
    ],
    ids=["daily", "weekly", "hourly", "static", "dynamic"],
)
def test_one_partition_at_a_time(
    runs: Runs, definition: dg.PartitionsDefinition, keys: list[str], dimension: str
) -> None:
    @dg.asset(partitions_def=definition)
    def made(context):
        return pd.DataFrame({"key": [context.partition_key]})

    @dg.asset(partitions_def=definition)
    def reader(context, made):
        assert list(made.columns) == ["key"]
        assert list(made["key"]) == [context.partition_key]
        return made

    @dg.asset(ins={"made": dg.AssetIn("made")})
    def whole(made: pl.DataFrame):
        assert made.columns == ["key", dimension]
        assert made["key"].to_list() == made[dimension].to_list() == sorted(keys)

    if isinstance(definition, dg.DynamicPartitionsDefinition):
        runs.instance.add_dynamic_partitions("product category", keys)
    else:
        some = dg.AssetIn("made", partition_mapping=dg.SpecificPartitionsPartitionMapping(keys))
        whole = dg.asset(ins={"made": some})(whole.op.compute_fn.decorated_fn)  # type: ignore[union-attr]
    for key in keys:
        runs.materialize(made, reader, partition=key)
    runs.materialize(made, whole, only=[whole])

    assert runs.stored("made") == runs.stored("reader") == sorted(keys)
    assert runs.partitions("made") == keys
    for key in keys:
        assert rows_of(runs, "reader", **{dimension: key}) == [{"key": key}]


def test_two_dimensions(lake: Lake) -> None:
    @dg.asset(partitions_def=BOTH)
    def made(context):
        return {"key": str(context.partition_key)}

    @dg.asset(partitions_def=BOTH)
    def reader(context, made: pl.LazyFrame):
        return made

    @dg.asset(partitions_def=DAYS)
    def by_day(context, made: pd.DataFrame):
        assert list(made.columns) == ["key", "category", "day"]
        return made.drop(columns=["day"]).rename(columns={"category": "name"})

    with runs_on(lake) as runs:
        for category in ("tea", "cake / bread"):
            key = dg.MultiPartitionKey({"day": KEYS[0], "category": category})
            runs.materialize(made, reader, partition=key)
        runs.materialize(made, by_day, only=[by_day], partition=KEYS[0])

        assert runs.stored("reader") == [f"cake / bread|{KEYS[0]}", f"tea|{KEYS[0]}"]
        assert rows_of(runs, "reader", day=KEYS[0], category="tea") == [{"key": f"tea|{KEYS[0]}"}]
        assert [row["name"] for row in rows_of(runs, "by_day", day=KEYS[0])] == ["cake / bread", "tea"]
        tags = runs.materializations("made")[-1].tags or {}
        assert {tags["dagster/partition/day"], tags["dagster/partition/category"]} == {KEYS[0], "cake / bread"}


def test_keys_of_two_dimensions_that_cannot_be_told_apart(runs: Runs) -> None:
    definition = dg.MultiPartitionsDefinition({"day": DAYS, "kind": dg.DynamicPartitionsDefinition(name="kind")})
    runs.instance.add_dynamic_partitions("kind", ["a|b"])

    with pytest.raises(PartitionKeyError, match=r"key of 2 parts \(day\|kind\), found .*neither part may contain it"):
        runs.manager.load(("bronze", "x"), definition, [f"{KEYS[0]}|a|b"])


# -- many partitions in one run


def split_frame(context) -> Any:
    return pd.concat([pd.DataFrame({"day": key, "x": range(n)}) for n, key in enumerate(context.partition_keys)])


def split_polars(context) -> Any:
    return pl.from_pandas(split_frame(context)).lazy()


def split_records(context) -> Any:
    return split_frame(context).to_dict("records")


def streamed(context) -> Any:
    return Partitions((key, pl.DataFrame({"x": range(n)})) for n, key in enumerate(context.partition_keys))


@pytest.mark.parametrize("make", [split_frame, split_polars, split_records, streamed], ids=lambda make: make.__name__)
def test_many_partitions_in_one_run(lake: Lake, make: Callable[..., Any]) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context: dg.AssetExecutionContext):
        return make(context)

    with runs_on(lake) as runs:
        runs.materialize(made, span=SPAN)

        assert runs.stored("made") == KEYS[:5]
        assert runs.partitions("made") == KEYS[:5]
        for n, key in enumerate(KEYS[:5]):
            assert rows_of(runs, "made", day=key) == [{"x": x} for x in range(n)]
        versions = [(m.tags or {})["dagster/data_version"] for m in runs.materializations("made")]
        assert len(set(versions)) == 5
        rows = [m.metadata["dagster/partition_row_count"].value for m in runs.materializations("made")]
        assert rows == [0, 1, 2, 3, 4]


def test_a_streamed_frame_may_carry_its_partition_column(runs: Runs) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context):
        return Partitions((key, pd.DataFrame({"day": key, "x": [1]})) for key in context.partition_keys)

    runs.materialize(made, span=SPAN)
    runs.materialize(made, partition=KEYS[6])

    assert rows_of(runs, "made", day=KEYS[1]) == rows_of(runs, "made", day=KEYS[6]) == [{"x": 1}]


def test_two_dimensions_in_one_run(runs: Runs) -> None:
    @dg.asset(partitions_def=BOTH, backfill_policy=RANGED)
    def made(context):
        keys = [key.keys_by_dimension for key in context.partition_keys]
        return pl.DataFrame([{"day": key["day"], "category": key["category"], "x": key["category"]} for key in keys])

    runs.materialize(made, span=(f"tea|{KEYS[0]}", f"tea|{KEYS[2]}"))

    assert runs.stored("made") == [f"tea|{key}" for key in KEYS[:3]]
    assert sorted(map(str, runs.partitions("made"))) == [f"tea|{key}" for key in KEYS[:3]]
    assert rows_of(runs, "made", day=KEYS[1], category="tea") == [{"x": "tea"}]


def test_unchanged_partitions_keep_their_version(runs: Runs) -> None:
    corrected = {"price": 1}

    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context):
        return Partitions((key, {"key": key, "p": corrected["price"] if key == KEYS[2] else 0}) for key in KEYS[:5])

    runs.materialize(made, span=SPAN)
    corrected["price"] = 2
    runs.materialize(made, span=SPAN)

    versions = [(m.tags or {})["dagster/data_version"] for m in runs.materializations("made")]
    kept = [one == other for one, other in zip(versions[:5], versions[5:], strict=True)]
    assert kept == [True, True, False, True, True]


def test_a_stream_is_not_held_in_memory(runs: Runs) -> None:
    year = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-10")
    alive: list[weakref.ref[pa.Table]] = []
    most = 0

    def tables(keys: list[str]) -> Iterator[tuple[str, pa.Table]]:
        nonlocal most
        for key in keys:
            gc.collect(0)
            most = max(most, sum(reference() is not None for reference in alive))
            table = pa.table({"x": range(10)})
            alive.append(weakref.ref(table))
            yield key, table

    @dg.asset(partitions_def=year, backfill_policy=RANGED)
    def made(context):
        return Partitions(tables(list(context.partition_keys)))

    runs.materialize(made, span=("2026-01-01", "2026-02-09"))

    assert len(alive) == len(runs.stored("made")) == 40
    # Those that are being written, the one that is being told, and the one that was just made.
    assert 1 < most <= WRITERS + 2


# -- some of them bad


def bad_frames(context) -> Any:
    for key in context.partition_keys:
        match key:
            case "2026-01-02":
                yield key, PartitionFailure("the source had no such day")
            case "2026-01-03":
                yield key, {"settings": {}}
            case "2026-01-04":
                yield key, pd.DataFrame({"day": ["2026-02-01"]})
            case "2026-01-07":
                continue
            case _:
                yield key, {"x": 1}
    yield KEYS[0], {"x": 2}
    yield "2027-01-01", {"x": 1}


def test_bad_partitions_fail_alone_and_the_run_says_which(lake: Lake) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context):
        return Partitions(bad_frames(context))

    with runs_on(lake) as runs:
        said = failure(runs.materialize(made, span=(KEYS[0], KEYS[-1]), fails=True))
        good = [KEYS[0], *KEYS[4:6], *KEYS[7:]]
        assert runs.stored("made") == good
        assert runs.partitions("made") == good
        assert rows_of(runs, "made", day=KEYS[0]) == [{"x": 1}]

    assert "6 partitions of bronze/made failed; 6 other partitions are written and recorded:" in said
    assert "2026-01-02: the source had no such day" in said
    assert "2026-01-03: The frame cannot be stored as Parquet" in said
    assert "2026-01-04: The frame of bronze/made has rows of partitions that this run does not write: 2026-02" in said
    assert "2026-01-07: the asset returned no value for it" in said
    assert "2026-01-01: bronze/made returned a value for this partition, which this run does not write or which" in said
    assert "2027-01-01: bronze/made returned a value for this partition" in said


def test_a_stream_that_breaks_off_keeps_and_records_what_came_before(runs: Runs) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context):
        def frames() -> Iterator[tuple[str, Any]]:
            for key in context.partition_keys:
                if key == "2026-01-08":
                    raise ConnectionError("the source is gone")
                yield key, PartitionFailure("bad day") if key == "2026-01-02" else {"x": 1}

        return Partitions(frames())

    result = runs.materialize(made, span=(KEYS[0], KEYS[-1]), fails=True)

    good = [KEYS[0], *KEYS[2:7]]
    assert runs.stored("made") == runs.partitions("made") == good
    assert "ConnectionError: the source is gone" in failure(result)
    [event] = result.get_step_failure_events()
    error = event.step_failure_data.error
    assert error is not None
    shown = error.to_string()
    assert "Partitions written and recorded before that: 6; failed: 1" in shown
    assert "2026-01-02: bad day" in shown


def test_one_bad_partition_alone(runs: Runs) -> None:
    @dg.asset(partitions_def=DAYS)
    def made(context):
        return PartitionFailure("the source had no such day")

    assert "1 partition of bronze/made failed:\n  2026-01-01: the source had no such day" in failure(
        runs.materialize(made, partition=KEYS[0], fails=True)
    )


def test_a_failed_partition_keeps_what_it_had(runs: Runs) -> None:
    values = iter([{"x": 1}, PartitionFailure("broken")])

    @dg.asset(partitions_def=DAYS)
    def made(context):
        return Partitions([(context.partition_key, next(values))])

    runs.materialize(made, partition=KEYS[0])
    runs.materialize(made, partition=KEYS[0], fails=True)

    assert rows_of(runs, "made", day=KEYS[0]) == [{"x": 1}]
    assert runs.partitions("made") == [KEYS[0]]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda keys: pd.DataFrame({"x": [1]}), "needs the column 'day' with each row's partition key"),
        (lambda keys: pd.DataFrame({"day": [keys[0], None]}), "1 rows of bronze/made have no partition key in day"),
        (lambda keys: pd.DataFrame({"day": [keys[0], "2027-01-01"]}), "does not write: 2027-01-01"),
        (lambda keys: {"x": 1}, "needs the column 'day'"),
        (lambda keys: 5, "found builtins.int"),
    ],
    ids=["no column", "nulls", "foreign rows", "a record", "no frame"],
)
def test_frames_that_cannot_be_split(runs: Runs, make: Callable[[list[str]], Any], sentence: str) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context):
        return make(list(context.partition_keys))

    assert sentence in failure(runs.materialize(made, span=SPAN, fails=True))
    assert runs.stored("made") == []


def test_a_column_with_the_dimensions_name_in_two_dimensions(runs: Runs) -> None:
    @dg.asset(partitions_def=BOTH)
    def made(context):
        return pa.table({"day": [KEYS[0]]})

    key = dg.MultiPartitionKey({"day": KEYS[0], "category": "tea"})
    assert "Rename the column (such as 'date' beside the dimension 'day')" in failure(
        runs.materialize(made, partition=key, fails=True)
    )


def test_partitions_of_an_unpartitioned_asset(runs: Runs) -> None:
    @dg.asset
    def made():
        return Partitions([("a", {"x": 1})])

    assert "bronze/made is not partitioned, so it cannot return Partitions" in failure(
        runs.materialize(made, fails=True)
    )
