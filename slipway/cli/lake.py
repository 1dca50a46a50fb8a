"""`slipway lake`: what the lake holds, who wrote it, and what it held before."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from slipway.cli.options import contracts_option
from slipway.lake import Lake, LakeSettings, PartitionMissing, parquet
from slipway.lake.frames import to_polars
from slipway.lake.history import (
    Revision,
    StoredPartition,
    described,
    dimensions_of,
    find,
    history,
    key_of,
    partitions,
    tables,
)
from slipway.quality.declarations import tables_of
from slipway.quality.quarantined import plain_row

_PARTITION = click.option("--partition", metavar="KEY", help="Its key, such as 2010-12-01, or bags|2010-12-01.")
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")


@click.group()
def command() -> None:
    """Look at the lake: tables, partitions, and earlier versions of them.

    TABLE is a table's key, such as silver/sales, or just its last part.
    """


@command.command()
@click.argument("table", required=False)
@click.option("--limit", default=40, show_default=True, type=click.IntRange(min=1), help="At most so many partitions.")
@_JSON
def ls(table: str | None, limit: int, as_json: bool) -> None:
    """List the tables, or the partitions of one with who wrote them, the last key first."""
    lake = _lake()
    if table is None:
        _list_tables(lake, as_json)
        return
    asset = find(lake, table)
    found, count = partitions(lake, asset, limit)
    if as_json:
        click.echo(json.dumps([_plain_partition(each) for each in found], indent=2))
        return
    shown = _table(("partition", "rows>", "bytes>", "written", "run", "data version"))
    for each in found:
        who = each.provenance
        cells = (f"{who.rows:,}", who.run_id[:8], who.data_version[:12]) if who else ("-", "not ours", "-")
        shown.add_row(
            key_of(each.dimensions) or "-", cells[0], f"{each.stored.size:,}", _when(each.stored.modified), *cells[1:]
        )
    console = Console()
    console.print(shown)
    if count > limit:
        console.print(f"{limit} of {count:,} partitions; more with --limit.", style="dim", highlight=False)


@command.command()
@click.argument("table")
@_PARTITION
@click.option("--version", metavar="ID", help="An earlier version, as `slipway lake history` lists them.")
@click.option("--rows", default=5, show_default=True, type=click.IntRange(min=0), help="The first so many rows.")
@click.option("--personal", is_flag=True, help="Show columns with personal data, too.")
@_JSON
@contracts_option
def show(
    table: str, partition: str | None, version: str | None, rows: int, personal: bool, as_json: bool, contracts: str
) -> None:
    """Show a partition: who wrote it from what, and its first rows, without columns with personal data."""
    lake = _lake()
    asset = find(lake, table)
    dimensions = dimensions_of(lake, asset, partition)
    revision = _revision(lake, asset, dimensions, version)
    data = lake.store.get(revision.version.path, revision.version.id or None)
    if data is None:
        raise PartitionMissing(f"That version of {described(asset, dimensions)} has just been removed.")
    decoded, _provenance = parquet.decode(data)
    hidden = set() if personal else _personal(asset, contracts)
    first = to_polars(decoded.slice(0, rows)).drop([name for name in decoded.column_names if name in hidden])
    if as_json:
        told = _plain_revision(revision) | {"rows_shown": [plain_row(row) for row in first.iter_rows(named=True)]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    console = Console()
    console.print(f"[bold]{described(asset, dimensions)}[/bold]", highlight=False)
    console.print(_facts(revision), highlight=False)
    if rows and len(first.columns):
        console.print(_rows(first.iter_rows(named=True), first.columns))
    if left_out := [name for name in decoded.column_names if name in hidden]:
        console.print(f"Not shown, because personal: {', '.join(left_out)} (--personal).", style="dim", highlight=False)


@command.command("history")
@click.argument("table")
@_PARTITION
@_JSON
def history_(table: str, partition: str | None, as_json: bool) -> None:
    """List the versions of a partition that are kept, the newest first."""
    lake = _lake()
    asset = find(lake, table)
    dimensions = dimensions_of(lake, asset, partition)
    found = history(lake, asset, dimensions)
    if as_json:
        click.echo(json.dumps([_plain_revision(each) for each in found], indent=2))
        return
    shown = _table(("", "version", "written", "rows>", "bytes>", "run", "data version", "contract"))
    for each in found:
        who = each.provenance
        cells = (
            (f"{who.rows:,}", who.run_id[:8], who.data_version[:12], (who.contract or "-")[:8])
            if who
            else ("-", "not ours", "-", "-")
        )
        version = each.version
        mark = "now" if version.current else ""
        shown.add_row(mark, version.id or "-", _when(version.written), cells[0], f"{version.size:,}", *cells[1:])
    console = Console()
    console.print(f"[bold]{described(asset, dimensions)}[/bold]", highlight=False)
    console.print(shown)


def _list_tables(lake: Lake, as_json: bool) -> None:
    found = tables(lake)
    if as_json:
        told = [
            {
                "table": "/".join(each.asset),
                "partitions": each.partitions,
                "bytes": each.bytes,
                "newest": _iso(each.newest),
            }
            for each in found
        ]
        click.echo(json.dumps(told, indent=2))
        return
    console = Console()
    if not found:
        console.print(f"The lake {lake.settings.uri} is empty.", highlight=False, soft_wrap=True)
        return
    shown = _table(("table", "partitions>", "bytes>", "newest"))
    for each in found:
        shown.add_row("/".join(each.asset), f"{each.partitions:,}", f"{each.bytes:,}", _when(each.newest))
    console.print(shown)


def _revision(lake: Lake, asset: tuple[str, ...], dimensions: Mapping[str, str], version: str | None) -> Revision:
    found = history(lake, asset, dimensions)
    if version is None:
        current = [each for each in found if each.version.current]
        if not current:
            raise PartitionMissing(
                f"{described(asset, dimensions)} was removed; `slipway lake history` lists what it was."
            )
        return current[0]
    named = [each for each in found if each.version.id.startswith(version)]
    if len(named) != 1:
        kept = ", ".join(each.version.id for each in found)
        raise PartitionMissing(
            f"Expected the id of one version of {described(asset, dimensions)}, found {version!r}; kept are {kept}."
        )
    return named[0]


def _facts(revision: Revision) -> Table:
    provenance = revision.provenance
    shown = Table(box=None, show_header=False, padding=(0, 1))
    shown.add_column(style="dim")
    shown.add_column(overflow="fold")
    shown.add_row("written", _when(revision.version.written))
    shown.add_row("version", f"{revision.version.id or '-'}{', the current one' if revision.version.current else ''}")
    shown.add_row("bytes", f"{revision.version.size:,}")
    if provenance is None:
        shown.add_row("by", "something else: the object does not say who wrote it")
        return shown
    shown.add_row("rows", f"{provenance.rows:,}")
    shown.add_row("run", provenance.run_id)
    shown.add_row("data version", provenance.data_version)
    shown.add_row("code version", provenance.code_version or "-")
    shown.add_row("contract", provenance.contract or "-")
    for name, read in sorted(provenance.inputs.items()):
        shown.add_row("from", f"{name} at {read}")
    for name, value in provenance.source.items():
        shown.add_row(name, str(value))
    for name, value in provenance.measures.items():
        shown.add_row(name, f"{value:,.15g}")
    return shown


def _rows(rows: Iterable[Mapping[str, Any]], columns: list[str]) -> Table:
    shown = Table(padding=(0, 1), show_lines=False)
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row.values()))
    return shown


def _plain_partition(each: StoredPartition) -> dict[str, Any]:
    return {
        "partition": key_of(each.dimensions),
        "path": each.stored.path,
        "bytes": each.stored.size,
        "written": _iso(each.stored.modified),
        "provenance": vars(each.provenance) if each.provenance else None,
    }


def _plain_revision(each: Revision) -> dict[str, Any]:
    return {
        "version": each.version.id,
        "current": each.version.current,
        "path": each.version.path,
        "bytes": each.version.size,
        "written": _iso(each.version.written),
        "provenance": vars(each.provenance) if each.provenance else None,
    }


def _personal(asset: tuple[str, ...], contracts: str) -> set[str]:
    for contract in tables_of(contracts):
        for one in (contract, contract.quarantine):
            if one is not None and one.path == asset:
                return set(one.personal)
    return set()


def _table(columns: tuple[str, ...]) -> Table:
    """With headings; those that end with > are figures."""
    shown = Table(box=None, padding=(0, 1))
    for name in columns:
        shown.add_column(name.removesuffix(">"), justify="right" if name.endswith(">") else "left", overflow="fold")
    return shown


def _when(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds")


def _lake() -> Lake:
    return Lake(LakeSettings.from_environment())
