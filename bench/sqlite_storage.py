"""What one partition of one asset costs in bookkeeping: Dagster's SQLite storage and ours.

One run materializes a range of daily partitions of assets with empty bodies, in this process, with
the planned events that a run writes before it starts. The time is nearly all storage, log lines and
serialization. Each storage gets an instance and a folder of its own; they take turns, so that
another load of the machine meets them alike, and the best of the rounds counts.

    python bench/sqlite_storage.py [--partitions 374] [--assets 4] [--rounds 3] [--json]
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import dagster as dg
import yaml
from dagster._core.instance.ref import InstanceRef
from rich.console import Console
from rich.table import Table

OURS = {"custom": {"module": "slipway.instance", "class": "SqliteStorage"}}
FIRST_DAY = "2010-12-01"


class Case(NamedTuple):
    name: str
    ours: bool
    batch_size: int


CASES = (
    Case("Dagster's SQLite", False, 0),
    Case("Dagster's SQLite, DAGSTER_EVENT_BATCH_SIZE=100", False, 100),
    Case("SqliteStorage", True, 0),
    Case("SqliteStorage, DAGSTER_EVENT_BATCH_SIZE=100", True, 100),
)


def assets_of(count: int) -> tuple[dg.DailyPartitionsDefinition, list[dg.AssetsDefinition]]:
    days = dg.DailyPartitionsDefinition(FIRST_DAY)

    def asset(number: int) -> dg.AssetsDefinition:
        @dg.asset(
            name=f"asset_{number}",
            partitions_def=days,
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def body() -> None: ...

        return body

    return days, [asset(number) for number in range(count)]


@contextlib.contextmanager
def instance_of(case: Case) -> Iterator[dg.DagsterInstance]:
    with tempfile.TemporaryDirectory() as home:
        settings: dict[str, Any] = {"telemetry": {"enabled": False}}
        if case.ours:
            settings["storage"] = {"custom": {**OURS["custom"], "config": {"base_dir": home}}}
        Path(home, "dagster.yaml").write_text(yaml.safe_dump(settings))
        with dg.DagsterInstance.from_ref(InstanceRef.from_dir(home)) as instance:
            yield instance


def seconds_of_a_run(
    case: Case, assets: Sequence[dg.AssetsDefinition], first: str, last: str, partitions: int
) -> float:
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = str(case.batch_size)
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    with (
        instance_of(case) as instance,
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stderr(nowhere),  # the log lines are made, but not shown
    ):
        started = time.perf_counter()
        dg.materialize(assets, instance=instance, tags=tags)
        seconds = time.perf_counter() - started
        for asset in assets:
            stored = instance.event_log_storage.get_materialized_partitions(asset.key)
            if len(stored) != partitions:
                raise SystemExit(f"{case.name} lost events: {len(stored)} of {partitions} stored.")
    return seconds


@click.command()
@click.option("--partitions", default=374, show_default=True, help="Days in the range.")
@click.option("--assets", default=4, show_default=True, help="Assets in the run.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each storage.")
@click.option("--json", "as_json", is_flag=True, help="Figures instead of a table.")
def main(partitions: int, assets: int, rounds: int, as_json: bool) -> None:
    days, definitions = assets_of(assets)
    keys = days.get_partition_keys()[:partitions]
    best = dict.fromkeys(CASES, float("inf"))
    for case in CASES:  # what is imported at first use is not measured
        seconds_of_a_run(case, definitions, keys[0], keys[0], 1)
    for round_number in range(rounds):
        for case in CASES:
            print(f"round {round_number + 1}: {case.name}", file=sys.stderr)
            seconds = seconds_of_a_run(case, definitions, keys[0], keys[-1], len(keys))
            best[case] = min(best[case], seconds)

    stock = best[CASES[0]]
    figures = [
        {
            "storage": case.name,
            "seconds": round(seconds, 3),
            "ms_a_partition_and_asset": round(1000 * seconds / len(keys) / assets, 3),
            "ratio": round(stock / seconds, 1),
        }
        for case, seconds in best.items()
    ]
    if as_json:
        print(json.dumps({"partitions": len(keys), "assets": assets, "results": figures}, indent=2))
        return
    table = Table(title=f"One run over {len(keys)} partitions of {assets} assets")
    table.add_column("storage")
    for title in ("seconds", "ms a partition and asset", "times faster"):
        table.add_column(title, justify="right")
    for figure in figures:
        table.add_row(*(str(value) for value in figure.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
