"""A mill: a few declared tables and their assets, for tests that run real Dagster over a lake.

grain (day, as it was delivered) -> flour (day, judged, with quarantine) -> bread (day x sort), week (week)
stones (unpartitioned) -> flour
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl

from slipway.calendar import Calendar
from slipway.lake import Lake, LakeSettings, Verdict
from slipway.quality import (
    Deduplicated,
    Judged,
    Rule,
    Table,
    TableAsset,
    Upstream,
    column,
    declared_tables,
    drop_exact_duplicates,
    judge,
)
from slipway.quality.types import Int32, Int64, Text
from tests.lake_runs import Runs, runs_on

calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))
sorts = dg.DynamicPartitionsDefinition(name="sort")
DAYS = list(calendar.days.get_partition_keys())


class Grain(Table):
    """Sacks of a day, as they were delivered."""

    key, partitions, owner = "mill/grain", calendar.days, "team:mill"
    sack: Text
    weight: Text


class Stones(Table):
    """The millstones as they are."""

    key = "mill/stones"
    stone: Int32


class Flour(Table):
    """Sacks that were milled."""

    key, partitions, owner = "mill/flour", calendar.days, "team:mill"
    quarantine, conserves = True, (Grain,)
    measures = {"weight_total": pl.col("weight").sum()}
    bounded = ("weight_total",)
    checks = {"weighed_twice": "Both scales agree."}

    sack: Text
    weight: Int32 = column(gt=0, unit="kg")


class Bread(Table):
    """Loaves of a day by sort."""

    key, partitions = "mill/bread", dg.MultiPartitionsDefinition({"day": calendar.days, "sort": sorts})
    loaves: Int64 = column(ge=0)


class MillWeek(Table):
    """What was milled in a week."""

    key, partitions = "mill/mill_week", calendar.weeks
    days: Int64
    weight: Int64


def sacks(*weights: int | str) -> list[dict[str, str]]:
    return [{"sack": f"s{number}", "weight": str(weight)} for number, weight in enumerate(weights)]


@dataclass
class Mill:
    """Assets, and what they are supplied with: by day, the delivered sacks or an error."""

    supply: dict[str, list[dict[str, str]] | Exception] = field(default_factory=dict)
    stones: list[int] = field(default_factory=lambda: [1, 2])
    agree: set[str] = field(default_factory=lambda: set(DAYS))
    baked: list[str] = field(default_factory=list)

    def delivered(self, day: dt.date) -> pd.DataFrame:
        found = self.supply.get(day.isoformat(), sacks(10, 20))
        if isinstance(found, Exception):
            raise found
        return pd.DataFrame(found, columns=["sack", "weight"])

    def assets(self, flour_version: str = "1") -> dict[str, TableAsset[..., Any]]:
        @Grain.asset
        def grain(day: dt.date) -> pd.DataFrame:
            return self.delivered(day)

        @Stones.asset
        def stones() -> list[dict[str, int]]:
            return [{"stone": stone} for stone in self.stones]

        @Flour.asset(code_version=flour_version)
        def flour(grain: pl.DataFrame, stones: pl.DataFrame, partition_key: str) -> Judged:
            return milled(grain, partition_key in self.agree)

        @Bread.asset
        def bread(flour: pl.DataFrame, partition_key: str) -> pl.DataFrame:
            self.baked.append(partition_key)
            sort = pl.when(pl.col("weight") < 15).then(pl.lit("rye")).otherwise(pl.lit("spelt"))
            return flour.group_by(sort.alias("sort")).agg(loaves=pl.len().cast(pl.Int64))

        @MillWeek.asset(needs={"flour": Upstream(Flour, columns=("weight",), missing="skip")})
        def mill_week(flour: pl.DataFrame) -> dict[str, int]:
            return {"days": flour["day"].n_unique(), "weight": int(flour["weight"].sum())}

        return {"grain": grain, "stones": stones, "flour": flour, "bread": bread, "mill_week": mill_week}


def milled(grain: pl.DataFrame, agree: bool = True) -> Judged:
    """Sacks whose weight is a number; those that are not positive are let through, for the contract to find."""
    distinct = drop_exact_duplicates(grain, ["sack", "weight"])
    readable = Rule("no_number", "the weight is no number", pl.col("number").is_not_null())
    lines = distinct.frame.with_columns(number=pl.col("weight").cast(pl.Int32, strict=False))
    good, bad = lines.filter(readable.holds), lines.filter(~readable.holds)
    rejected = bad.select(
        rule=pl.lit(readable.name), reason=pl.lit(readable.reason), sack="sack", weight=pl.lit(None, pl.Int32)
    )
    return Judged(
        good.select("sack", weight="number"),
        rejected,
        distinct.duplicates,
        verdicts=[Verdict("weighed_twice", passed=agree, reason="" if agree else "the scales differ")],
    )


def judged(grain: pl.DataFrame) -> Judged:
    """As `milled`, but sacks that are not positive go to the quarantine too."""
    distinct = drop_exact_duplicates(grain, ["sack", "weight"])
    lines = distinct.frame.with_columns(pl.col("weight").cast(pl.Int32, strict=False))
    return judge(Deduplicated(lines, distinct.duplicates), Flour)


@contextmanager
def running(folder: Path) -> Iterator[Runs]:
    """A lake in a folder that knows every declared table, and an ephemeral instance with two sorts of bread."""
    tables = {contract.path: contract for contract in declared_tables()}
    with runs_on(Lake(LakeSettings.parse(str(folder)), tables)) as runs:
        runs.instance.add_dynamic_partitions("sort", ["rye", "spelt"])
        yield runs


def rows(runs: Runs, key: str, **dims: str) -> list[dict[str, Any]]:
    """A partition's rows, straight from the lake."""
    found: list[dict[str, Any]] = (
        runs.lake.load(tuple(key.split("/")), [("|".join(dims.values()) or None, dims)])
        .table(dimensions=False)
        .to_pylist()
    )
    return found
