"""A job whose second step fails while a file says so: what `test_lake_scratch` runs, and re-executes from failure."""

import os
from pathlib import Path

import dagster as dg
import pandas as pd

from slipway.lake import Lake, LakeIOManager, LakeSettings, Partitions

PLACE = "SLIPWAY_TEST_PLACE"
"""A folder with the lake (`lake`), the switch (`broken`) and a line for each time that a step ran (`ran`)."""


def place() -> Path:
    return Path(os.environ[PLACE])


def ran(step: str) -> None:
    with (place() / "ran").open("a") as file:
        file.write(f"{step}\n")


@dg.op
def download() -> Partitions:
    ran("download")
    return Partitions((key, pd.DataFrame({"x": [n]})) for n, key in enumerate(["a", "b|,"]))


@dg.op
def transform(downloaded: Partitions) -> dict:
    ran("transform")
    if (place() / "broken").exists():
        raise RuntimeError("broken")
    return {key: int(frame["x"].sum()) for key, frame in downloaded}


@dg.graph_asset
def totals():
    return transform(download())


@dg.graph
def classic():
    transform(download())


def manager() -> LakeIOManager:
    return LakeIOManager(Lake(LakeSettings(folder=place() / "lake")), "bronze")


def asset_job() -> dg.JobDefinition:
    definitions = dg.Definitions(
        [totals],
        jobs=[dg.define_asset_job("totals_job", [totals])],
        resources={"io_manager": manager()},
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def("totals_job")


def op_job() -> dg.JobDefinition:
    return classic.to_job(resource_defs={"io_manager": manager()}, executor_def=dg.in_process_executor)
