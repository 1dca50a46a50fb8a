"""Pipelines as tutorials write them, unchanged: functions that return frames, dicts and lists, stored in the lake.

Nothing here imports more of Slipway than the IO manager.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import logging
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from slipway.lake import Lake
from tests.lake_runs import Runs, failure, runs_on

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-08")


@pytest.fixture
def runs(folder_lake: Lake) -> Iterator[Runs]:
    logging.disable(logging.ERROR)
    try:
        with runs_on(folder_lake) as runs:
            yield runs
    finally:
        logging.disable(logging.NOTSET)


# The "hello" of every introduction: people, filtered, summarised


@dg.asset
def people():
    return pd.DataFrame(
        {"name": ["Ada", "Alan", "Grace"], "age": [36, 41, 85], "city": ["London", "London", "New York"]}
    )


@dg.asset
def adults_of_london(people):
    return people[(people["city"] == "London") & (people["age"] >= 40)]


@dg.asset
def city_sizes(people):
    return people.groupby("city").size().to_dict()


@dg.asset
def names(people):
    return people["name"].tolist()


@dg.asset
def letters(names, city_sizes):
    return [{"name": name, "letters": len(name), "cities": len(city_sizes)} for name in names]


@dg.asset
def report(letters, adults_of_london):
    return {"longest": max(row["letters"] for row in letters), "adults": len(adults_of_london)}


TUTORIAL = (people, adults_of_london, city_sizes, names, letters, report)


def test_frames_dicts_and_lists_go_from_asset_to_asset(runs: Runs) -> None:
    runs.materialize(*TUTORIAL)
    manager = runs.manager
    assert manager.load(("bronze", "names"), None, []) == ["Ada", "Alan", "Grace"]
    assert manager.load(("bronze", "city_sizes"), None, []) == {"London": 2, "New York": 1}
    assert manager.load(("bronze", "report"), None, []) == {"longest": 5, "adults": 1}
    assert manager.load(("bronze", "adults_of_london"), None, [])["name"].tolist() == ["Alan"]


def test_a_selection_reads_what_earlier_runs_have_stored(runs: Runs) -> None:
    runs.materialize(*TUTORIAL)
    result = runs.materialize(*TUTORIAL, only=[report])
    assert [event.step_key for event in result.get_step_success_events()] == ["report"]


def test_a_selection_whose_input_is_missing_says_so(runs: Runs) -> None:
    result = runs.materialize(*TUTORIAL, only=[adults_of_london], fails=True)
    assert "bronze/people" in failure(result)
    assert "Materialize" in failure(result)


def test_whoever_reads_files_reads_the_same(runs: Runs) -> None:
    runs.materialize(*TUTORIAL)
    folder = runs.lake.store.location("bronze/people")
    assert pd.read_parquet(folder)["age"].sum() == 162
    assert pl.read_parquet(f"{folder}/*.parquet")["age"].sum() == 162


def test_each_run_replaces(runs: Runs) -> None:
    runs.materialize(people)
    runs.materialize(people)
    assert len(pd.read_parquet(runs.lake.store.location("bronze/people"))) == 3
    assert len(runs.materializations("people")) == 2


def test_an_asset_without_a_value_stores_nothing(runs: Runs) -> None:
    @dg.asset
    def sent():
        """Sends a mail, say."""

    @dg.asset(deps=[sent])
    def after():
        return [1]

    runs.materialize(sent, after)
    assert len(runs.materializations("sent")) == 1
    assert not list(runs.lake.store.list("bronze/sent"))


# Partitions


@dg.asset(partitions_def=DAYS)
def orders(context: dg.AssetExecutionContext) -> pd.DataFrame:
    return pd.DataFrame({"order": range(3), "placed_on": context.partition_key})


@dg.asset(partitions_def=DAYS)
def big_orders(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[orders["order"] > 0]


@dg.asset
def all_orders(big_orders: pd.DataFrame) -> dict[str, int]:
    return {"orders": len(big_orders), "days": big_orders["day"].nunique()}


def test_daily_partitions(runs: Runs) -> None:
    for day in DAYS.get_partition_keys()[:3]:
        runs.materialize(orders, big_orders, partition=day)
    result = runs.materialize(orders, big_orders, all_orders, only=[all_orders], fails=True)
    assert "4 of 7 partitions of bronze/big_orders are not in the lake" in failure(result)
    for day in DAYS.get_partition_keys()[3:]:
        runs.materialize(orders, big_orders, partition=day)
    runs.materialize(orders, big_orders, all_orders, only=[all_orders])
    assert runs.manager.load(("bronze", "all_orders"), None, []) == {"orders": 14, "days": 7}
    lake = ds.dataset(runs.lake.store.location("bronze/orders"), partitioning="hive")
    assert lake.to_table(filter=ds.field("day") == "2026-01-02").num_rows == 3


# A multi-asset, a graph asset, checks, results with metadata, config


@dg.multi_asset(outs={"users": dg.AssetOut(), "posts": dg.AssetOut()})
def api() -> tuple[list[dict[str, Any]], pd.DataFrame]:
    return [{"id": 1, "name": "Ada"}], pd.DataFrame({"id": [1, 2], "user": [1, 1]})


@dg.asset
def posts_by_user(users, posts):
    return {user["name"]: int((posts["user"] == user["id"]).sum()) for user in users}


def test_a_multi_asset(runs: Runs) -> None:
    runs.materialize(api, posts_by_user)
    assert runs.manager.load(("bronze", "posts_by_user"), None, []) == {"Ada": 2}
    assert len(runs.materializations("users")) == len(runs.materializations("posts")) == 1


@dg.op
def fetch() -> list[int]:
    return [3, 1, 2]


@dg.op
def as_frame(numbers: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"number": numbers})


@dg.op
def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("number", ignore_index=True)


@dg.graph_asset
def numbers():
    return tidy(as_frame(fetch()))


@dg.asset
def top_number(numbers):
    return {"top": int(numbers["number"].iloc[-1])}


def test_a_graph_asset_hands_its_values_on_in_the_lake(runs: Runs) -> None:
    result = runs.materialize(numbers, top_number)
    assert runs.manager.load(("bronze", "top_number"), None, []) == {"top": 3}
    assert len(runs.materializations("numbers")) == 1
    assert {found.path.split("/")[2] for found in runs.lake.store.list("_scratch")} == {result.run_id}


@dg.asset_check(asset=numbers)
def numbers_are_positive(numbers: pd.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=bool((numbers["number"] > 0).all()))


def test_a_check_reads_its_asset(runs: Runs) -> None:
    result = dg.materialize(
        [numbers, numbers_are_positive], instance=runs.instance, resources={"io_manager": runs.manager}
    )
    [evaluation] = result.get_asset_check_evaluations()
    assert evaluation.passed


def test_a_result_with_metadata_of_its_own(runs: Runs) -> None:
    @dg.asset
    def measured() -> dg.MaterializeResult[pd.DataFrame]:
        return dg.MaterializeResult(value=pd.DataFrame({"a": [1]}), metadata={"source": "by hand"})

    runs.materialize(measured)
    [materialization] = runs.materializations("measured")
    assert materialization.metadata["source"].value == "by hand"
    assert materialization.metadata["dagster/row_count"].value == 1


def test_config_and_resources(runs: Runs) -> None:
    class Limit(dg.Config):
        rows: int = 2

    class Shop(dg.ConfigurableResource):
        name: str

    @dg.asset
    def lines(config: Limit, shop: Shop) -> list[dict[str, str]]:
        return [{"shop": shop.name}] * config.rows

    result = dg.materialize(
        [lines],
        instance=runs.instance,
        resources={"io_manager": runs.manager, "shop": Shop(name="corner")},
        run_config=dg.RunConfig({"lines": Limit(rows=3)}),
    )
    assert result.success
    assert runs.manager.load(("bronze", "lines"), None, []) == [{"shop": "corner"}] * 3


# Other frames


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table, list])
def test_a_parameter_gets_the_kind_that_it_is_annotated_with(runs: Runs, kind: type) -> None:
    seen = []

    @dg.asset
    def given() -> pl.DataFrame:
        return pl.DataFrame({"a": [1, 2]})

    def reader(given):
        seen.append(type(given))
        return {"done": True}

    reader.__annotations__["given"] = kind
    runs.materialize(given, dg.asset(reader))
    assert seen == [kind]


def test_a_job_of_plain_ops(runs: Runs) -> None:
    @dg.job(resource_defs={"io_manager": dg.IOManagerDefinition.hardcoded_io_manager(runs.manager)})
    def numbers_job():
        tidy(as_frame(fetch()))

    result = numbers_job.execute_in_process(instance=runs.instance)
    assert result.output_for_node("tidy")["number"].tolist() == [1, 2, 3]
