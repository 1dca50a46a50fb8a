"""`slipway demo`: from nothing to a finished report, on one machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slipway.calendar import DayPattern
from slipway.cli.quiet import output_to
from slipway.cli.show import Bars
from slipway.embedded.home import Home, HomeError
from slipway.embedded.processes import Processes

LOCATIONS = ("ingestion", "transformation", "reporting")
REPORTS_PORT = 3001
REPORTS_URL = "SLIPWAY_REPORTS_URL"
_PATTERN = "online_retail_{day}.csv"
_REPORTS = "gold/_files/weekly_sales_report"


@click.command()
@click.option(
    "--landing",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of such CSV files, of any year, in place of the recorded ones; it is only read.",
)
@click.option(
    "--pattern",
    default=_PATTERN,
    show_default=True,
    help="File name with {day} in the place of the date, or with its format, as in {day:%Y%m%d}.",
)
@click.option("--width", type=int, help="Runs at the same time; default: one a processor.")
@click.option(
    "--reports-port",
    type=click.IntRange(1, 65535),
    help=f"Port on which the UI will serve reports; links to them carry it. Default: as before, or {REPORTS_PORT}.",
)
@click.pass_obj
def command(directory: Path, landing: Path | None, pattern: str, width: int | None, reports_port: int | None) -> None:
    """Start the demo shop, materialize every asset for every day on hand, and say where the report is.

    Run again, it does only what is missing or has changed.
    """
    console = Console()
    started = time.monotonic()
    home = Home(directory)
    home.make_folder()
    _same_files(home, landing)
    with shop(home, landing, pattern) as settings:
        first, last = settings["SLIPWAY_FIRST_DAY"], settings["SLIPWAY_LAST_DAY"]
        console.print(f"[bold]Slipway demo[/bold]  {first} to {last}, files in {settings['SLIPWAY_LANDING']}")
        environment = home.make(
            {**settings, REPORTS_URL: _reports_url(home, reports_port)},
            LOCATIONS,
            fixed=("SLIPWAY_LANDING", "SLIPWAY_FIRST_DAY", "SLIPWAY_LANDING_PATTERN"),
        )
        os.environ.update(environment)
        processes = Processes(home.dagster_home / "servers")
        processes.prepare()
        from slipway.embedded.materialize import materialize_all  # after the environment is set

        log = home.dagster_home / "demo.log"
        with output_to(log) as terminal, Bars(Console(file=terminal)) as bars:
            bars.said("Starting the code locations ...")
            outcome = materialize_all(home, processes, bars, width)
    _summary(console, home, outcome.written, time.monotonic() - started)
    for reason in outcome.failed.values():
        console.print(f"[red]failed:[/red] {escape(_first_lines(reason))}", highlight=False)
    if outcome.failed:
        console.print(f"The whole log: {log}")
        raise SystemExit(1)


@contextmanager
def shop(home: Home, landing: Path | None, pattern: str = _PATTERN) -> Iterator[dict[str, str]]:
    """Run the demo shop as a process of its own for as long as the block lasts; yields the settings to reach it.

    Raises:
        HomeError: it does not come up; with its own words.
    """
    folder = home.root / "shop"
    note = folder / "shop.json"
    arguments = [sys.executable, "-m", "demo", "serve", "--home", str(folder), "--port", "0"]
    if landing:
        arguments += ["--source", str(landing.absolute()), "--pattern", pattern, "--no-deliver"]
    else:
        arguments += ["--deliver"]
    log_path = home.root / "shop.log"
    with log_path.open("ab") as log:
        log_from = log.tell()
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            told = _wait_for_note(process, note, log_path, log_from)
            days = _days_of(landing, pattern) if landing else None
            calendar = told["calendar"]
            yield {
                "SLIPWAY_FIRST_DAY": days[0] if days else calendar["first_day"],
                "SLIPWAY_LAST_DAY": days[-1] if days else calendar["last_day"],
                "SLIPWAY_LANDING": str(landing.absolute()) if landing else str(Path(told["landing"]).absolute()),
                "SLIPWAY_LANDING_PATTERN": pattern,
                "SLIPWAY_SHOP_API_URL": told["url"],
                "SLIPWAY_SHOP_DATABASE_URL": told["databases"]["shop"],
            }
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for_note(process: subprocess.Popen[bytes], note: Path, log: Path, log_from: int) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            words = log.read_bytes()[log_from:].decode(errors="replace").strip()
            raise HomeError(f"The demo shop did not start: {words or f'it ended with code {process.returncode}'}")
        if note.exists():
            told: dict[str, Any] = json.loads(note.read_text())
            if told.get("url") and told.get("pid") == process.pid:
                return told
        time.sleep(0.05)
    raise HomeError(f"The demo shop did not come up within two minutes; see {log}.")


def _days_of(landing: Path, pattern: str) -> list[str]:
    """The days of the files on hand, in order; ISO dates. A link without its target counts, so that its day fails."""
    names = DayPattern(pattern)
    found = (names.day_of(file.name) for file in landing.iterdir() if file.is_file() or file.is_symlink())
    days = sorted(day.isoformat() for day in found if day is not None)
    if not days:
        raise HomeError(f"Expected files called {pattern} in {landing}, found none. Give another folder or --pattern.")
    return days


def _same_files(home: Home, landing: Path | None) -> None:
    """Refuse a home that was made for other files before anything in it is touched."""
    earlier = home.settings().get("SLIPWAY_LANDING")
    wanted = str(landing.absolute()) if landing else str((home.root / "shop" / "landing").absolute())
    if earlier and landing and earlier != wanted:
        raise HomeError(
            f"{home.root} was made for the files in {earlier}, and {wanted} is asked for. "
            "Keep them apart: give another folder (DIR=<other>), or remove this one."
        )
    if earlier and not landing and not Path(earlier).is_relative_to(home.root.absolute()):
        raise HomeError(
            f"{home.root} was made for the files in {earlier}, and the recorded ones are asked for. "
            f"Give LANDING={earlier} again, or another folder (DIR=<other>)."
        )


def _reports_url(home: Home, port: int | None) -> str:
    if port is None and (earlier := home.settings().get(REPORTS_URL)):
        return earlier
    return f"http://127.0.0.1:{port or REPORTS_PORT}"


def _summary(console: Console, home: Home, written: dict[str, int], seconds: float) -> None:
    """What there is now: a table of assets, the headline figures, the newest report, the way to the UI."""
    from slipway.lake import Lake, LakeSettings

    lake = Lake(LakeSettings.parse(str(home.lake)))
    table = Table(title="The lake", title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("asset", "partitions", "written now", "KiB"):
        table.add_column(heading, justify="left" if heading == "asset" else "right")
    sizes: dict[str, list[int]] = {}
    for found in lake.store.list(""):
        if found.path.endswith(".parquet") and not found.path.startswith("_"):
            asset = re.sub(r"/[^/]+=.*", "", found.path.removesuffix("/data.parquet"))
            sizes.setdefault(asset, []).append(found.size)
    order = {layer: n for n, layer in enumerate(("bronze", "silver", "gold", "quarantine"))}
    for asset in sorted(sizes, key=lambda a: (order.get(a.split("/")[0], 9), a)):
        now = written.get(asset, 0)
        table.add_row(asset, f"{len(sizes[asset]):,}", f"{now:,}" if now else "-", f"{sum(sizes[asset]) / 1024:,.0f}")
    console.print(table)
    _headline(console, home)
    pages = sorted((home.lake / _REPORTS).glob("week=*/*.html"))
    if pages:
        console.print(f"\nNewest weekly report: [bold]{pages[-1]}[/bold]", highlight=False, soft_wrap=True)
    console.print(
        f"Done in {seconds:.0f} s. Open the UI with [bold]make ui[/bold]; "
        "see what is late with [bold]slipway status[/bold].",
        highlight=False,
    )


def _first_lines(text: str, most: int = 12) -> str:
    lines = text.splitlines()
    rest = [f"  ... and {len(lines) - most} more lines in the log"] if len(lines) > most else []
    return "\n".join(lines[:most] + rest)


def _headline(console: Console, home: Home) -> None:
    import polars as pl

    folder = home.lake / "gold" / "daily_revenue"
    if not folder.exists():
        return
    figures = (
        pl.scan_parquet(folder / "**" / "*.parquet", hive_partitioning=False)
        .group_by("channel")
        .agg(pl.col("revenue").sum(), pl.col("orders").sum(), pl.col("units").sum())
        .sort("channel", descending=True)
        .collect()
    )
    console.print()
    for row in figures.iter_rows(named=True):
        console.print(
            f"{row['channel']:>10}: {row['revenue']:>16,} GBP in {row['orders']:,} orders, {row['units']:,} units",
            highlight=False,
        )
