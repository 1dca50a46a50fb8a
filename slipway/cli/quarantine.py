"""`slipway quarantine`: look at rows that were set aside, and make their partitions again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from slipway.cli.options import contracts_option, locations_option
from slipway.lake import Lake, LakeSettings
from slipway.observe import load_locations, location_names, open_instance
from slipway.observe.errors import ObserveError
from slipway.observe.failures import failures_of
from slipway.quality import Contract
from slipway.quality.declarations import tables_of
from slipway.quality.quarantined import (
    REASON,
    RULE,
    Outcome,
    Quarantine,
    as_text,
    between,
    find_table,
    outcome,
    plain_row,
    tables_with_quarantine,
)
from slipway.quality.replay import RangeRun, ranges, run_range

_PARTITION = click.option("--partition", metavar="KEY", help="Only this partition, such as 2010-12-01.")
_FROM = click.option("--from", "first", metavar="KEY", help="From this partition on.")
_TO = click.option("--to", "last", metavar="KEY", help="Up to this partition, itself included.")
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")


@click.group()
def command() -> None:
    """Look at rows that were set aside, and replay them.

    A row that breaks a table's rules is kept out of it and lies in `quarantine/<table>`, with the rule and the reason.
    TABLE is a table's key, such as silver/sales, or just its last part.
    """


@command.command()
@_JSON
@contracts_option
def ls(as_json: bool, contracts: str) -> None:
    """Count the rows in quarantine by table and rule."""
    tables = tables_of(contracts)
    lake = _lake(tables)
    counts = [one for table in tables_with_quarantine(tables) for one in Quarantine(lake, table).count()]
    if as_json:
        click.echo(json.dumps([vars(one) for one in counts], indent=2))
        return
    console = Console()
    if not counts:
        console.print(f"No rows in quarantine in {lake.settings.uri}.", highlight=False, soft_wrap=True)
        return
    table = Table(box=None, padding=(0, 1))
    for name in ("table", "rule"):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("partitions", justify="right")
    table.add_column("newest")
    for one in counts:
        table.add_row(one.table, one.rule, f"{one.rows:,}", f"{one.partitions:,}", one.newest or "-")
    console.print(table)


@command.command()
@click.argument("table")
@_PARTITION
@_FROM
@_TO
@click.option("--rule", help="Only rows that break this rule.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="At most so many rows.")
@click.option("--personal", is_flag=True, help="Show columns with personal data, too.")
@_JSON
@contracts_option
def show(
    table: str,
    partition: str | None,
    first: str | None,
    last: str | None,
    rule: str | None,
    limit: int,
    personal: bool,
    as_json: bool,
    contracts: str,
) -> None:
    """Show rows in quarantine, newest partition first. Columns with personal data are left out."""
    tables = tables_of(contracts)
    quarantine = Quarantine(_lake(tables), find_table(table, tables))
    rows = quarantine.rows(_chosen(quarantine, partition, first, last))
    if rule is not None:
        rows = rows.filter(pl.col(RULE) == rule)
    hidden = [] if personal else [name for name in rows.columns if name in quarantine.contract.personal]
    if quarantine.dimensions:
        rows = rows.sort(list(quarantine.dimensions), descending=True, maintain_order=True)
    shown = rows.drop(hidden).head(limit)
    if as_json:
        click.echo(json.dumps([plain_row(row) for row in shown.to_dicts()], indent=2, ensure_ascii=False))
        return
    console = Console()
    if rows.is_empty():
        console.print(f"No such rows of {quarantine.table.key_text} in quarantine.", highlight=False)
        return
    for row in shown.iter_rows(named=True):
        console.print(_block(row, quarantine.dimensions), highlight=False)
    console.print(Text(_footer(len(shown), len(rows), hidden), "dim"), highlight=False)


@command.command("replay")
@click.argument("table")
@_PARTITION
@_FROM
@_TO
@click.option("--rule", help="Partitions with rows that break this rule.")
@click.option("--all", "everything", is_flag=True, help="Every partition with rows in quarantine.")
@locations_option
@contracts_option
def replay_(
    table: str,
    partition: str | None,
    first: str | None,
    last: str | None,
    rule: str | None,
    everything: bool,
    locations: tuple[str, ...],
    contracts: str,
) -> None:
    """Make partitions again after a rule or a file was corrected.

    The partitions that are asked for and have rows in quarantine are materialized again, in as few runs as there are
    stretches of them. Then it says how many rows left the quarantine. What depends on the table follows by its
    automation.

    Exit code: 0 all runs succeeded, 1 some failed.
    """
    if not (partition or first or last or rule or everything):
        raise click.UsageError("Say which partitions: --partition, --from, --to, --rule or --all.")
    tables = tables_of(contracts)
    contract = find_table(table, tables)
    quarantine = Quarantine(_lake(tables), contract)
    keys = quarantine.affected(_chosen(quarantine, partition, first, last), rule)
    console = Console()
    if not keys:
        console.print(f"No rows of {contract.key_text} in quarantine there; nothing to replay.", highlight=False)
        return
    definitions = _maker(contract, locations or location_names())
    before = quarantine.rows(keys)
    with open_instance() as instance:
        stretches = ranges(contract.partitions, keys, instance)
        if not stretches:
            console.print("Those partitions are not in the calendar any more; nothing to replay.")
            return
        runs = []
        with _progress(console) as progress:
            task = progress.add_task("", total=len(stretches))
            for start, end in stretches:
                progress.update(task, description=_span(start, end))
                runs.append(run_range(definitions, contract.key, start, end, instance))
                progress.advance(task)
        failed = [(run, [f.text for f in failures_of(instance, run.run_id)]) for run in runs if not run.succeeded]
    _tell(console, contract, len(keys), runs, outcome(before, quarantine.rows(keys)))
    for run, texts in failed:
        console.print(f"Run {run.run_id[:8]} ({_span(run.first, run.last)}) failed:", style="red", highlight=False)
        console.print(Text("\n".join(texts) or "it ended without saying why"), highlight=False)
    if failed:
        raise click.exceptions.Exit(1)


def _lake(tables: Sequence[Contract]) -> Lake:
    return Lake(LakeSettings.from_environment(), {table.path: table for table in tables})


def _chosen(
    quarantine: Quarantine, partition: str | None, first: str | None, last: str | None
) -> list[str | None] | None:
    """The partitions that options name; None for all of them."""
    if partition is not None and (first or last):
        raise click.UsageError("--partition is one partition; --from and --to are a range. Use one or the other.")
    if (partition or first or last) and not quarantine.dimensions:
        raise click.UsageError(
            f"{quarantine.table.key_text} has no partitions; leave --partition, --from and --to out."
        )
    if partition is not None:
        return [partition]
    return between(quarantine.keys(), first, last) if first or last else None


def _maker(contract: Contract, locations: Sequence[str]) -> Any:
    for definitions in load_locations(locations).values():
        graph = definitions.resolve_asset_graph()
        if contract.key in graph.materializable_asset_keys:
            return definitions
    raise ObserveError(
        f"None of the code locations {', '.join(locations)} makes {contract.key_text}. Name the one that does with "
        "--location or SLIPWAY_LOCATIONS."
    )


def _block(row: dict[str, Any], dimensions: Sequence[str]) -> Text:
    """A row as a heading (partition, rule, reason) and its values below, wrapped to the terminal."""
    where = "|".join(str(row[name]) for name in dimensions)
    text = Text()
    text.append(f"{where}  " if where else "", "bold").append(str(row[RULE]), "bold red")
    text.append(f"  {row[REASON]}\n")
    values = [(n, v) for n, v in row.items() if n not in (RULE, REASON, *dimensions) and v is not None]
    for number, (name, value) in enumerate(values):
        text.append("  " if number == 0 else "; ").append(f"{name} ", "dim").append(as_text(value))
    return text.append("\n")


def _footer(shown: int, found: int, hidden: Sequence[str]) -> str:
    parts = [f"{shown:,} of {found:,} rows"]
    if hidden:
        parts.append(f"not shown, because personal: {', '.join(hidden)} (--personal)")
    return "; ".join(parts)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _span(first: str | None, last: str | None) -> str:
    if first is None or last is None:
        return "the whole table"
    return first if first == last else f"{first} to {last}"


def _tell(console: Console, contract: Contract, partitions: int, runs: Sequence[RangeRun], result: Outcome) -> None:
    console.print(
        f"{contract.key_text}: {partitions:,} {_plural(partitions, 'partition')} in {len(runs)} "
        f"{_plural(len(runs), 'run')}.",
        highlight=False,
    )
    table = Table(box=None, padding=(0, 1))
    table.add_column("rule", overflow="fold")
    table.add_column("before", justify="right")
    table.add_column("now", justify="right")
    for rule, was, now in result.by_rule:
        table.add_row(rule, f"{was:,}", f"{now:,}")
    console.print(table)
    arrived = f", {result.arrived:,} new {_plural(result.arrived, 'row')} came" if result.arrived else ""
    console.print(
        f"{result.left:,} {_plural(result.left, 'row')} left the quarantine, {result.stayed:,} stayed{arrived}.",
        highlight=False,
    )


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
