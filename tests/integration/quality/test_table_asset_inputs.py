"""What the function of a declared table is given in real runs: frames of its own, of the right partitions, with the
same columns whatever is there."""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import dagster as dg
import pandas as pd
import polars as pl
import pytest

from slipway.quality import Table, Upstream
from slipway.quality.types import Int64
from tests.lake_runs import Runs
from tests.mill import DAYS, Flour, Grain, Mill, calendar, rows, sacks

SPAN = (DAYS[0], DAYS[9])


class Carried(Table):
    """Flour of the day before."""

    key, partitions = "mill/carried", calendar.days
    weight: Int64


def test_a_function_may_change_what_it_is_given(runs: Runs, mill: Mill) -> None:
    """The snapshot is read once for a whole range, and every call gets a frame of its own."""
    assets = mill.assets()
    seen = []

    @Grain.asset
    def grain(stones: pd.DataFrame, partition_key: str) -> pd.DataFrame:
        seen.append(list(stones.columns))
        stones["day"] = partition_key
        return pd.DataFrame(sacks(1))

    runs.materialize(assets["stones"], grain, only=[assets["stones"]])
    runs.materialize(assets["stones"], grain, only=[grain], span=SPAN)
    assert seen == [["stone"]] * 10


def test_a_week_reads_the_days_that_are_there(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    runs.materialize(
        *assets.values(), only=[assets["grain"], assets["stones"], assets["flour"]], span=(DAYS[0], DAYS[6])
    )
    runs.materialize(*assets.values(), only=[assets["mill_week"]], span=("2010-11-29", "2010-12-13"))
    assert rows(runs, "mill/mill_week", week="2010-11-29") == [{"days": 5, "weight": 150}]
    assert rows(runs, "mill/mill_week", week="2010-12-06") == [{"days": 2, "weight": 60}]
    assert rows(runs, "mill/mill_week", week="2010-12-13") == [{"days": 0, "weight": 0}], "a week without a day"


@pytest.mark.parametrize("columns", [None, ("weight",), ("day", "weight")])
def test_columns_are_the_same_where_no_partition_is_read_at_all(
    runs: Runs, mill: Mill, columns: tuple[str, ...] | None
) -> None:
    """The first day has no day before it, and the third one's was never made."""
    assets = mill.assets()
    yesterday = dg.TimeWindowPartitionMapping(-1, -1, allow_nonexistent_upstream_partitions=True)
    seen: dict[str, pl.Schema] = {}

    @Carried.asset(needs={"flour": Upstream(Flour, columns, missing="skip", mapping=yesterday)})
    def carried(flour: pl.DataFrame, partition_key: str) -> dict[str, int]:
        seen[partition_key] = flour.schema
        return {"weight": int(flour["weight"].sum())}

    runs.materialize(assets["grain"], assets["stones"], assets["flour"], partition=DAYS[0])
    runs.materialize(assets["flour"], carried, only=[carried], span=(DAYS[0], DAYS[2]))

    assert [row for day in DAYS[:3] for row in rows(runs, "mill/carried", day=day)] == [
        {"weight": 0},
        {"weight": 30},
        {"weight": 0},
    ]
    assert seen[DAYS[1]] == {
        **({"sack": pl.String} if columns is None else {}),
        "weight": pl.Int32,
        "day": pl.String,
    }
    assert seen[DAYS[0]] == seen[DAYS[2]] == seen[DAYS[1]]
