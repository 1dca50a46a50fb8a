"""Declared tables in real runs: one partition, many, some of them bad; what is stored and what Dagster records."""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import json
import re
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from slipway.lake import PartitionFailure, Partitions
from slipway.quality import Judged, Table, tables_asset
from slipway.quality.graph import graph_asset, publishing_op
from slipway.quality.types import Int32
from tests.lake_runs import Runs, failure
from tests.mill import DAYS, Bread, Flour, Grain, Mill, calendar, judged, rows, sacks

SPAN = (DAYS[0], DAYS[9])


class Water(Table):
    """One of two tables of one function."""

    key, partitions = "mill/water", calendar.days
    litres: Int32


class Wind(Table):
    """The other one."""

    key, partitions = "mill/wind", calendar.days
    knots: Int32


def evaluations(runs: Runs, key: str, check: str) -> dict[str | None, list[bool]]:
    """How a check went, by partition, oldest first."""
    check_key = dg.AssetCheckKey(dg.AssetKey(key.split("/")), check)
    found: dict[str | None, list[bool]] = {}
    for record in reversed(runs.instance.event_log_storage.get_asset_check_execution_history(check_key, limit=1000)):
        assert record.event is not None
        assert record.event.dagster_event is not None
        if record.event.dagster_event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            continue  # of a partition that did not get so far
        evaluation = record.event.dagster_event.asset_check_evaluation_data
        found.setdefault(evaluation.partition, []).append(evaluation.passed)
    return found


def rejected(runs: Runs) -> list[str]:
    """Objects below `_rejected/`."""
    return [found.path for found in runs.lake.store.list("_rejected")]


def test_one_partition(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply[DAYS[2]] = [*sacks(10, 30, "?"), *sacks(10)]
    runs.materialize(assets["grain"], assets["stones"], assets["flour"], partition=DAYS[2])
    assert rows(runs, "mill/flour", day=DAYS[2]) == [{"sack": "s0", "weight": 10}, {"sack": "s1", "weight": 30}]
    assert runs.stored("mill/flour") == [DAYS[2]]
    [quarantined] = rows(runs, "quarantine/mill/flour", day=DAYS[2])
    assert quarantined == {"rule": "no_number", "reason": "the weight is no number", "sack": "s2", "weight": None}


def test_the_figures_of_a_partition_are_on_its_page(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply[DAYS[2]] = [*sacks(10, 30, "?"), *sacks(10)]
    runs.materialize(assets["grain"], assets["stones"], assets["flour"], partition=DAYS[2])
    [flour] = runs.materializations("mill/flour")
    shown = {name: value.value for name, value in flour.metadata.items()}
    assert shown["dagster/partition_row_count"] == 2
    assert shown["weight_total"] == 40.0
    assert shown["rows in quarantine"] == 1
    assert shown["exact duplicates"] == 1
    [quarantine] = runs.materializations("quarantine/mill/flour")
    assert (quarantine.partition, quarantine.metadata["dagster/partition_row_count"].value) == (DAYS[2], 1)


def test_a_range_is_one_run_with_one_materialization_a_partition(runs: Runs, mill: Mill) -> None:
    """Each with the versions of its own partition: content, code, and what it was made from."""
    assets = mill.assets(flour_version="3")
    mill.supply[DAYS[4]] = sacks(99)
    runs.materialize(*assets.values(), only=[assets["stones"]])
    runs.materialize(*assets.values(), only=[assets["grain"], assets["flour"]], span=SPAN)
    for key in ("mill/grain", "mill/flour", "quarantine/mill/flour"):
        assert sorted(str(p) for p in runs.partitions(key)) == DAYS[:10], "exactly one a partition"
    grain = {m.partition: m.tags or {} for m in runs.materializations("mill/grain")}
    flour = {m.partition: m.tags or {} for m in runs.materializations("mill/flour")}
    [stones] = runs.materializations("mill/stones")
    for day, tags in flour.items():
        assert tags["dagster/code_version"] == "3"
        assert tags["dagster/input_data_version/mill/grain"] == grain[day]["dagster/data_version"]
        assert tags["dagster/input_data_version/mill/stones"] == (stones.tags or {})["dagster/data_version"]
    assert len({tags["dagster/data_version"] for tags in flour.values()}) == 2, "one day is unlike the others"
    assert flour[DAYS[4]]["dagster/data_version"] not in {flour[day]["dagster/data_version"] for day in DAYS[:4]}


def test_the_objects_say_the_same_as_the_events(runs: Runs, mill: Mill) -> None:
    assets = mill.assets(flour_version="3")
    runs.materialize(*assets.values(), only=[assets["stones"]])
    result = runs.materialize(*assets.values(), only=[assets["grain"], assets["flour"]], span=SPAN)
    for materialization in runs.materializations("mill/flour"):
        provenance = runs.lake.provenance(("mill", "flour"), {"day": str(materialization.partition)})
        assert provenance is not None
        tags = materialization.tags or {}
        assert provenance.data_version == tags["dagster/data_version"]
        assert provenance.run_id == result.run_id
        assert provenance.code_version == "3"
        assert provenance.contract == Flour.contract.version
        assert provenance.inputs == {
            name: tags[f"dagster/input_data_version/{name}"] for name in ("mill/grain", "mill/stones")
        }


def test_bad_partitions_of_a_range_fail_alone(runs: Runs, mill: Mill) -> None:
    """One for an error in the asset, one refused by a check, one by the check that the asset decides itself."""
    assets = mill.assets()
    runs.materialize(*assets.values(), only=[assets["grain"], assets["stones"]], span=SPAN)
    mill.supply[DAYS[1]] = ValueError("the scale is broken")
    result = runs.materialize(*assets.values(), only=[assets["grain"]], span=SPAN, fails=True)
    assert "1 partition of mill/grain failed; 9 other partitions are written and recorded" in failure(result)
    assert f"{DAYS[1]}: ValueError: the scale is broken" in failure(result)

    mill.supply[DAYS[1]] = sacks(5, -1)
    runs.materialize(*assets.values(), only=[assets["grain"]], span=SPAN)
    mill.agree.remove(DAYS[3])
    result = runs.materialize(*assets.values(), only=[assets["flour"]], span=SPAN, fails=True)
    told = failure(result)
    assert "2 partitions of mill/flour failed; 8 other partitions are written and recorded" in told
    assert re.search(rf"{DAYS[1]}: 1 of 2 rows break the contract of mill/flour: weight: .*greater_than\(0\)", told)
    assert f"{DAYS[3]}: the scales differ" in told
    good = [day for day in DAYS[:10] if day not in (DAYS[1], DAYS[3])]
    assert runs.stored("mill/flour") == runs.stored("quarantine/mill/flour") == good
    assert runs.partitions("mill/flour") == good
    assert rejected(runs) == [f"_rejected/mill/flour/day={day}/data.parquet" for day in (DAYS[1], DAYS[3])]


def test_a_refused_partition_keeps_what_it_had(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply[DAYS[0]] = sacks(7, "?")
    runs.materialize(*assets.values(), only=[assets["grain"], assets["stones"], assets["flour"]], partition=DAYS[0])
    before = rows(runs, "mill/flour", day=DAYS[0]), rows(runs, "quarantine/mill/flour", day=DAYS[0])
    mill.supply[DAYS[0]] = sacks(-7, 8, "!")
    result = runs.materialize(*assets.values(), only=[assets["grain"], assets["flour"]], partition=DAYS[0], fails=True)
    assert "1 of 2 rows break the contract of mill/flour" in failure(result)
    assert (rows(runs, "mill/flour", day=DAYS[0]), rows(runs, "quarantine/mill/flour", day=DAYS[0])) == before
    assert runs.partitions("mill/flour") == runs.partitions("quarantine/mill/flour") == [DAYS[0]], (
        "nothing new recorded"
    )
    [path] = rejected(runs)
    refused = pq.read_table(Path(runs.lake.store.location(path)))
    assert refused.to_pylist() == [{"sack": "s0", "weight": -7}, {"sack": "s1", "weight": 8}]


def test_evaluations_are_those_of_their_partition(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply[DAYS[1]] = sacks(5, -1)
    mill.agree.remove(DAYS[2])
    runs.materialize(*assets.values(), only=[assets["grain"], assets["stones"]], span=(DAYS[0], DAYS[2]))
    runs.materialize(*assets.values(), only=[assets["flour"]], span=(DAYS[0], DAYS[2]), fails=True)
    first, second, third = DAYS[:3]
    assert evaluations(runs, "mill/flour", "contract") == {first: [True], second: [False], third: [True]}
    assert evaluations(runs, "mill/flour", "weighed_twice") == {first: [True], second: [True], third: [False]}
    assert evaluations(runs, "mill/flour", "every_row_accounted_for") == {key: [True] for key in DAYS[:3]}


def test_what_hangs_on_a_refused_partition_does_not_run(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply[DAYS[0]] = sacks(-7)
    result = runs.materialize(
        *(assets[name] for name in ("grain", "stones", "flour", "bread")),
        only=[assets["grain"], assets["stones"], assets["flour"]],
        partition=DAYS[0],
        fails=True,
    )
    [event] = result.get_step_failure_events()
    assert event.step_key == "mill__flour"
    assert "contract of mill/flour" in failure(result)


def test_a_strange_day_is_told_and_published(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply = {day: sacks(10) for day in DAYS}
    mill.supply["2011-01-05"] = sacks(31)
    chosen = [assets["grain"], assets["stones"], assets["flour"]]
    runs.materialize(*assets.values(), only=chosen, span=("2010-12-01", "2011-01-05"))
    assert runs.stored("mill/flour")[-1] == "2011-01-05"
    bounds = evaluations(runs, "mill/flour", "within_usual_bounds")
    assert bounds["2011-01-05"] == [False], "five Wednesdays of 10 kg lie before it"
    assert bounds["2010-12-29"] == [True]
    assert not rejected(runs)


def test_lost_rows_are_not_published(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()

    @Flour.asset
    def flour(grain: pl.DataFrame) -> Judged:
        return judged(grain.head(1))

    result = runs.materialize(assets["grain"], flour, partition=DAYS[0], fails=True)
    assert "1 rows are lost" in failure(result)
    assert runs.stored("mill/flour") == []


def test_rows_set_aside_without_a_quarantine_are_an_error_not_lost(runs: Runs) -> None:
    @Grain.asset
    def grain() -> Judged:
        return Judged(pd.DataFrame(sacks(1)), rejected=pd.DataFrame({"rule": ["r"], "reason": ["why"]}))

    result = runs.materialize(grain, partition=DAYS[0], fails=True)
    assert "set rows aside, but the table declares no quarantine" in failure(result)


@pytest.mark.parametrize(
    ("frame", "difference"),
    [
        ({"sack": ["a"]}, "- weight: string   (missing)"),
        ({"sack": ["a"], "weight": ["1"], "colour": ["red"]}, "+ colour: large_string   (not in the contract)"),
        ({"sack": ["a"], "weight": [1]}, "! weight: string   (found int64: integer is not turned into text silently)"),
        ({"sack": [None], "weight": ["1"]}, "! sack: string   (found 1 missing values)"),
    ],
)
def test_a_frame_that_breaks_its_contract_is_shown_the_difference(
    runs: Runs, frame: dict[str, list[Any]], difference: str
) -> None:
    @Grain.asset
    def grain() -> pl.DataFrame:
        return pl.DataFrame(frame)

    result = runs.materialize(grain, partition=DAYS[0], fails=True)
    assert "does not hold against the contract of mill/grain" in failure(result)
    assert difference in failure(result)
    assert runs.stored("mill/grain") == []


# Two dimensions


def test_two_dimensions_are_one_call_a_day(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    mill.supply[DAYS[1]] = sacks(10, 12, 20)
    mill.supply[DAYS[2]] = []
    runs.materialize(
        *assets.values(), only=[assets["grain"], assets["stones"], assets["flour"]], span=(DAYS[0], DAYS[2])
    )
    runs.materialize(*assets.values(), only=[assets["bread"]], span=(f"{DAYS[0]}|rye", f"{DAYS[2]}|spelt"))
    assert mill.baked == DAYS[:3]
    loaves = {
        (day, sort): [row["loaves"] for row in rows(runs, "mill/bread", day=day, sort=sort)]
        for day in DAYS[:3]
        for sort in ("rye", "spelt")
    }
    assert loaves == {
        (DAYS[0], "rye"): [1],
        (DAYS[0], "spelt"): [1],
        (DAYS[1], "rye"): [2],
        (DAYS[1], "spelt"): [1],
        (DAYS[2], "rye"): [],
        (DAYS[2], "spelt"): [],
    }
    assert sorted(str(p) for p in runs.partitions("mill/bread")) == [
        f"{d}|{s}" for d in DAYS[:3] for s in ("rye", "spelt")
    ]


def test_a_run_of_one_sort_leaves_the_others_alone(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    runs.materialize(*assets.values(), only=[assets["grain"], assets["stones"], assets["flour"]], partition=DAYS[0])
    key = dg.MultiPartitionKey({"day": DAYS[0], "sort": "rye"})
    runs.materialize(*assets.values(), only=[assets["bread"]], partition=key)
    assert runs.stored("mill/bread") == [f"{DAYS[0]}|rye"]


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pl.DataFrame({"loaves": [1]}), "needs the column 'sort'"),
        (
            Judged(pl.DataFrame({"loaves": [1], "sort": ["rye"]}), rejected=pl.DataFrame({"rule": ["r"]})),
            "a table with two partition dimensions has no quarantine",
        ),
    ],
)
def test_a_frame_that_cannot_be_parted_by_sort(runs: Runs, frame: Any, sentence: str) -> None:
    @Bread.asset
    def bread() -> Any:
        return frame

    result = runs.materialize(bread, partition=dg.MultiPartitionKey({"day": DAYS[0], "sort": "rye"}), fails=True)
    assert sentence in failure(result)


# Several tables of one function


def test_one_function_makes_several_tables(runs: Runs) -> None:
    called = []

    @tables_asset(Water, Wind)
    def weather(partition_key: str) -> dict[type[Table], Any]:
        called.append(partition_key)
        if partition_key == DAYS[1]:
            raise ConnectionError("the station does not answer")
        return {Water: [{"litres": 3}], Wind: Judged([{"knots": 4}], metadata={"station": "hill"})}

    result = runs.materialize(weather, span=(DAYS[0], DAYS[2]), fails=True)
    assert called == DAYS[:3]
    assert "mill/water and mill/wind failed" in failure(result)
    assert "ConnectionError: the station does not answer" in failure(result)
    assert runs.stored("mill/water") == runs.stored("mill/wind") == [DAYS[0], DAYS[2]]
    assert runs.partitions("mill/water") == runs.partitions("mill/wind") == [DAYS[0], DAYS[2]]
    assert runs.materializations("mill/wind")[0].metadata["station"].value == "hill"


def test_a_table_that_is_left_out_is_told(runs: Runs) -> None:
    @tables_asset(Water, Wind)
    def weather() -> dict[type[Table], Any]:
        return {Water: [{"litres": 3}]}

    result = runs.materialize(weather, partition=DAYS[0], fails=True)
    assert "Expected a frame for each table, found none for Wind" in failure(result)
    assert runs.stored("mill/water") == []


# A graph of ops


def test_a_graph_of_ops_makes_a_table(runs: Runs) -> None:
    @dg.op(out=dg.Out(Partitions))
    def fetch(context: dg.OpExecutionContext) -> Partitions:
        return Partitions(
            (key, json.dumps({"litres": number}).encode()) for number, key in enumerate(context.partition_keys)
        )

    @publishing_op(Water)
    def pour(context: dg.OpExecutionContext, partitions: Partitions) -> Any:
        for key, data in partitions:
            if key == DAYS[1]:
                yield key, PartitionFailure("it is frozen")
            elif key == DAYS[2]:
                yield key, "no table at all"
            else:
                yield key, [json.loads(data)]

    @graph_asset(Water, code_version="9")
    def water() -> Any:
        """Fetch and pour."""
        return pour(fetch())

    result = runs.materialize(water, span=(DAYS[0], DAYS[3]), fails=True)
    [event] = result.get_step_failure_events()
    assert str(event.step_key).endswith("pour")
    assert f"{DAYS[1]}: it is frozen" in failure(result)
    assert f"{DAYS[2]}: Expected a pandas, PyArrow or Polars frame" in failure(result)
    assert runs.stored("mill/water") == runs.partitions("mill/water") == [DAYS[0], DAYS[3]]
    assert rows(runs, "mill/water", day=DAYS[3]) == [{"litres": 3}]
    assert {(m.tags or {})["dagster/code_version"] for m in runs.materializations("mill/water")} == {"9"}
    assert evaluations(runs, "mill/water", "contract") == {DAYS[0]: [True], DAYS[3]: [True]}


def test_the_wrong_io_manager_is_told(runs: Runs, mill: Mill) -> None:
    result = dg.materialize(
        [mill.assets()["stones"]],
        resources={"io_manager": dg.mem_io_manager},
        instance=runs.instance,
        raise_on_error=False,
    )
    assert "Expected a LakeIOManager as the resource 'io_manager', found InMemoryIOManager" in failure(result)
