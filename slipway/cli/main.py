"""The root of the command line: groups by name, errors as one sentence, exit codes."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from slipway.embedded.home import Home

GROUPS = {
    "contracts": "Compare the declared tables with their committed snapshot.",
    "demo": "Run the example platform from nothing to a finished report.",
    "doctor": "Check this machine, the settings and the running stack.",
    "lake": "What the lake holds, who wrote it, and what it held before.",
    "new": "Scaffold a table: contract, asset, test.",
    "quarantine": "Look at rows that were set aside, and replay them.",
    "status": "What is up to date, late, failing or stale.",
    "ui": "Serve Dagster's UI with all locations and the daemon.",
}
"""Command group -> help line. The group lives in `slipway.cli.<name>` as `command`."""

_OWN = ("slipway", "demo", "contracts", "ingestion", "transformation", "reporting")


class _Groups(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(GROUPS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in GROUPS:
            return None
        command: click.Command = importlib.import_module(f"slipway.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        # Written from the table, so that `slipway --help` imports none of them.
        with formatter.section("Commands"):
            formatter.write_dl(sorted(GROUPS.items()))


@click.command(cls=_Groups, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=".slipway",
    show_default=True,
    envvar="SLIPWAY_DIR",
    help="Folder of the embedded platform; its settings are used where DAGSTER_HOME is not set.",
)
@click.pass_context
def commands(context: click.Context, directory: Path) -> None:
    """Slipway: a self-hosted data platform on Dagster.

    Exit codes: 0 done, 1 the answer is no (something is late, failed or breaking), 2 wrong use, 3 an error that the
    sentence on stderr explains.
    """
    context.obj = directory
    # The doctor looks at the stack, whose variables the embedded platform's would hide.
    if "DAGSTER_HOME" not in os.environ and context.invoked_subcommand != "doctor":
        os.environ.update(Home(directory).environment())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; expected errors are told in a sentence, without a stack.

    Exit codes: as `slipway --help` says.
    """
    warnings.filterwarnings("ignore", module="dagster")
    try:
        commands.main(args=list(arguments) if arguments is not None else None, prog_name="slipway")
    except Exception as error:
        if not _expected(error):
            raise
        console = Console(stderr=True, highlight=False)
        console.print("[red]error:[/red] ", end="")
        console.print(str(error), markup=False)
        sys.exit(3)


def _expected(error: Exception) -> bool:
    """Errors that this project raises on purpose say all that is needed; others keep their stack."""
    return type(error).__module__.split(".")[0] in _OWN
