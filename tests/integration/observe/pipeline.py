"""A small platform to look at: two locations, days and weeks, two dimensions, a snapshot, and a plain asset.

What the sources hold is a dict that a test changes, so that it can deliver, correct and break single days.
"""


# No `from __future__ import annotations` here: Dagster reads the context's annotation of plain assets.

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import polars as pl

from slipway.automation import when_inputs_change
from slipway.automation.ranges import RANGE_END, RANGE_START
from slipway.calendar import Calendar, next_morning
from slipway.lake import Lake, LakeIOManager, LakeSettings
from slipway.observe import Assets, observed_assets
from slipway.quality import Table, Upstream, column
from slipway.quality.types import Int64, Text

CALENDAR = Calendar(dt.date(2010, 12, 1), dt.date(2010, 12, 10), "UTC")
DAYS = CALENDAR.days.get_partition_keys()
GROUPS = dg.DynamicPartitionsDefinition(name="seen_group")


class SeenLines(Table):
    """A day's lines."""

    key, partitions, due = "seen/lines", CALENDAR.days, next_morning(6)
    number: Int64
    group: Text


class SeenNames(Table):
    """What the groups are called; a snapshot."""

    key = "seen/names"
    group: Text
    name: Text


class SeenClean(Table):
    """Lines with a positive number."""

    key, partitions, due = "clean/lines", CALENDAR.days, next_morning(7)
    number: Int64 = column(gt=0)
    group: Text


class SeenNamed(Table):
    """Clean lines with the name of their group. A changed name alone rebuilds nothing."""

    key, partitions, due = "clean/named", CALENDAR.days, next_morning(7)
    number: Int64
    name: Text | None


class SeenByGroup(Table):
    """Clean lines of a day and a group."""

    key, partitions = "clean/by_group", dg.MultiPartitionsDefinition({"day": CALENDAR.days, "seen_group": GROUPS})
    due = next_morning(7)
    number: Int64


class SeenWeek(Table):
    """A week's total."""

    key, partitions, due = "clean/week", CALENDAR.weeks, next_morning(9)
    total: Int64


class Source:
    """What there is to read: lines by day, names by group."""

    def __init__(self) -> None:
        self.lines: dict[str, list[int] | Exception] = {day: [1, 2] for day in DAYS}
        self.names = {"a": "first", "b": "second"}
        self.plain: dict[str, int] = dict.fromkeys(DAYS, 1)


SOURCE = Source()


@SeenLines.asset
def seen_lines(day: dt.date) -> pl.DataFrame:
    lines = SOURCE.lines[day.isoformat()]
    if isinstance(lines, Exception):
        raise lines
    return pl.DataFrame(
        {"number": lines, "group": ["a" if n % 2 else "b" for n in lines]}, {"number": pl.Int64, "group": pl.String}
    )


@SeenNames.asset
def seen_names() -> pl.DataFrame:
    return pl.DataFrame({"group": [*SOURCE.names], "name": [*SOURCE.names.values()]})


@SeenClean.asset(needs={"lines": SeenLines})
def seen_clean(lines: pl.DataFrame) -> pl.DataFrame:
    return lines


@SeenNamed.asset(
    needs={"lines": SeenClean, "names": SeenNames}, automation=when_inputs_change(ignoring=[SeenNames.contract.key])
)
def seen_named(lines: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    return lines.join(names, on="group", how="left", maintain_order="left").select("number", "name")


@SeenByGroup.asset(needs={"lines": SeenClean})
def seen_by_group(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select("number", seen_group="group")


@SeenWeek.asset(needs={"lines": Upstream(SeenClean, missing="skip")})
def seen_week(lines: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({"total": [lines["number"].sum()]}, {"total": pl.Int64})


@dg.asset(key=["plain", "counts"], partitions_def=CALENDAR.days, backfill_policy=dg.BackfillPolicy.single_run())
def plain_counts(context: dg.AssetExecutionContext) -> pl.DataFrame:
    keys = context.partition_keys
    return pl.DataFrame({"day": keys, "n": [SOURCE.plain[key] for key in keys]})


@dg.asset(
    key=["plain", "doubled"],
    partitions_def=CALENDAR.days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    ins={"counts": dg.AssetIn(["plain", "counts"])},
)
def plain_doubled(context: dg.AssetExecutionContext, counts: pl.DataFrame) -> pl.DataFrame:
    counts = counts if "day" in counts.columns else counts.with_columns(day=pl.lit(context.partition_key))
    return counts.with_columns(pl.col("n") * 2)


ASSETS: dict[str, dg.AssetsDefinition] = {
    "lines": seen_lines,
    "names": seen_names,
    "clean": seen_clean,
    "named": seen_named,
    "by_group": seen_by_group,
    "week": seen_week,
    "counts": plain_counts,
    "doubled": plain_doubled,
}
CONTRACTS = [t.contract for t in (SeenLines, SeenNames, SeenClean, SeenNamed, SeenByGroup, SeenWeek)]


class Platform:
    """The assets in two locations, on a lake and an instance."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        SOURCE.__init__()  # type: ignore[misc]
        self.source = SOURCE
        lake = Lake(LakeSettings.parse(str(folder / "lake")), {c.path: c for c in CONTRACTS})
        resources = {"io_manager": LakeIOManager(lake)}
        self._resources = resources
        upstream = dg.Definitions(assets=[seen_lines, seen_names, plain_counts], resources=resources)
        downstream = dg.Definitions(
            assets=[
                seen_clean,
                seen_named,
                seen_by_group,
                seen_week,
                plain_doubled,
                SeenLines.contract.spec(),
                SeenNames.contract.spec(),
                dg.AssetSpec(["plain", "counts"], partitions_def=CALENDAR.days),
            ],
            resources=resources,
        )
        self.definitions = {"upstream": upstream, "downstream": downstream}
        self.assets: Assets = observed_assets(self.definitions, CONTRACTS)

    def make(self, name: str, keys: Sequence[str] | None = None) -> bool:
        """Materialize one asset: its partitions from the first to the last of `keys`, or the asset without any."""
        tags = {RANGE_START: keys[0], RANGE_END: keys[-1]} if keys else {}
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            result = dg.materialize(
                [*ASSETS.values()],
                selection=[ASSETS[name]],
                resources=self._resources,
                instance=self.instance,
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        return bool(result.success)

    def make_all(self) -> None:
        self.instance.add_dynamic_partitions("seen_group", ["a", "b"])
        assert self.make("lines", DAYS)
        assert self.make("names")
        assert self.make("clean", DAYS)
        assert self.make("named", DAYS)
        assert self.make("by_group", [f"{DAYS[0]}|a", f"{DAYS[-1]}|b"])
        assert self.make("week", CALENDAR.weeks.get_partition_keys())
        assert self.make("counts", DAYS)
        assert self.make("doubled", DAYS)


def key_of(name: str) -> dg.AssetKey:
    return ASSETS[name].key
