"""`slipway new table`: a contract, an asset and a test to begin with."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from slipway.cli.options import contracts_option
from slipway.cli.scaffold import ScaffoldRefused, new_table
from slipway.quality.declarations import classes_of


@click.group()
def command() -> None:
    """Scaffold what a new table needs."""


@command.command()
@click.argument("key", metavar="LAYER/NAME")
@click.option(
    "--partitions",
    type=click.Choice(["day", "none"]),
    default="day",
    show_default=True,
    help="A partition a day of the calendar, or one table as it is now.",
)
@click.option("--upstream", metavar="KEY", help="The declared table that it is made from, such as silver/sales.")
@click.option(
    "--subject", metavar="NAME", help="The contracts' file to add it to; default: one called after the table."
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The checkout; default: the nearest folder with a dg.toml, from here upwards.",
)
@contracts_option
def table(
    key: str, partitions: str, upstream: str | None, subject: str | None, root: Path | None, contracts: str
) -> None:
    """Add a table: its contract, its asset, a test.

    The layer says which code location makes it. The result imports and its test passes; nothing that is there is
    overwritten. With --upstream it begins as a copy of that table's rows; without, as an empty source.

    \b
    slipway new table silver/returns --upstream bronze/wholesale_sales
    slipway new table bronze/crm/leads --partitions none
    """
    root = (root or _checkout()).resolve()
    added, files = new_table(
        key,
        root=root,
        package=contracts,
        tables=classes_of(contracts),
        daily=partitions == "day",
        upstream=upstream,
        subject=subject,
    )
    console = Console()
    for path, text in files.items():
        verb = "changed" if path.exists() else "new    "
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        console.print(f"{verb} {path.relative_to(root)}", highlight=False, soft_wrap=True)
    test = next(path for path in files if path.name.startswith("test_")).relative_to(root)
    console.print(
        f"\nNext:\n"
        f"  1. Say in {added.module} what a row is; keep the columns that you need, and give them rules.\n"
        f"  2. Write {added.location}.defs.{added.function}.assets, and run its test: pytest {test}\n"
        f"  3. Take the contract into the snapshot: slipway contracts diff --write",
        highlight=False,
        soft_wrap=True,
    )


def _checkout() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "dg.toml").is_file():
            return folder
    raise ScaffoldRefused(f"Expected a dg.toml in {here} or above it, found none. Name the checkout with --root.")
