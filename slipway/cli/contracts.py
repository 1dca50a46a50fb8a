"""`slipway contracts`: what a change of the declared tables means, and their page in the documentation."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from slipway.cli.options import contracts_option
from slipway.quality import snapshot
from slipway.quality.declarations import project_of, tables_of
from slipway.quality.tables_page import tables_page


@click.group()
def command() -> None:
    """Compare the declared tables with their committed snapshot, and document them."""


@command.command()
@click.option(
    "--write", is_flag=True, help="Bring the snapshot, and docs/tables.md, up to date. Breaking changes are refused."
)
@click.option("--accept-breaking", is_flag=True, help="With --write: take breaking changes into the snapshot, too.")
@click.option(
    "--snapshot",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The snapshot; default: {snapshot.FILE} in the package's project.",
)
@click.option("--json", "as_json", is_flag=True, help="The changes as JSON, for programs. Not with --write.")
@contracts_option
def diff(write: bool, accept_breaking: bool, path: Path | None, as_json: bool, contracts: str) -> None:
    """Say what has changed since the snapshot, and whom it breaks.

    \b
    additive   a new table, a new column that may be missing, a wider type, a
               further marker, another owner, deadline, measure or warning:
               what is read and written is as before
    breaking   a removed table or column, another type, key or partitions,
               missing values allowed or refused, any change of a rule, of a
               blocking check or of the tables whose rows are all accounted
               for, a marker for personal data removed

    Exit code: 0 nothing changed or all of it is additive, 1 something is breaking.
    """
    if accept_breaking and not write:
        raise click.UsageError("--accept-breaking goes with --write.")
    if as_json and write:
        raise click.UsageError("--json says what has changed; leave it out with --write.")
    page = None if path else _page(contracts)
    path = path or project_of(contracts) / snapshot.FILE
    tables = tables_of(contracts)
    changes = snapshot.compare(snapshot.read(path), snapshot.tables_as_json(tables))
    breaking = any(change.breaking for change in changes)
    if as_json:
        click.echo(json.dumps([vars(change) for change in changes], indent=2, ensure_ascii=False))
        raise click.exceptions.Exit(int(breaking))
    console = Console()
    for change in changes:
        label = Text("breaking  ", "bold red") if change.breaking else Text("additive  ", "green")
        console.print(label + Text(change.sentence))
    if not changes:
        console.print(f"{len(tables)} tables, all as in {path.name}.", highlight=False)
    if write and (accept_breaking or not breaking):
        snapshot.write(path, tables, accept_breaking=accept_breaking)
        if changes:
            console.print(f"Written to {path}.", highlight=False, soft_wrap=True)
        if page is not None and page.exists():
            page.write_text(tables_page(tables), encoding="utf-8")
    elif write:
        console.print("Not written: breaking changes need --accept-breaking.", highlight=False)
    elif changes and not breaking:
        console.print("Take them into the snapshot: slipway contracts diff --write", highlight=False)
    if breaking and not (write and accept_breaking):
        raise click.exceptions.Exit(1)


@command.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page; default: docs/tables.md at the root of the checkout.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if the page is not up to date.")
@contracts_option
def docs(output: Path | None, check: bool, contracts: str) -> None:
    """Write one Markdown page of all tables."""
    path = output or _page(contracts)
    text = tables_page(tables_of(contracts))
    there = path.read_text(encoding="utf-8") if path.exists() else None
    console = Console()
    if there == text:
        console.print(f"{path} is up to date.", highlight=False, soft_wrap=True)
        return
    if check:
        console.print(f"{path} is not up to date. Write it: slipway contracts docs", highlight=False, soft_wrap=True)
        raise click.exceptions.Exit(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    console.print(f"Written to {path}.", highlight=False, soft_wrap=True)


def _page(package: str) -> Path:
    """`docs/tables.md` of the checkout: the nearest folder above the project that lists the projects (dg.toml)."""
    project = project_of(package)
    root = next((folder for folder in project.parents if (folder / "dg.toml").is_file()), project.parent.parent)
    return root / "docs" / "tables.md"
