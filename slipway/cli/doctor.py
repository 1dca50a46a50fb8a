"""`slipway doctor`: whether this machine, the settings and the running stack are as they should be."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway.doctor import Finding, Level, examine, worst

_LOOKS = {
    Level.OK: ("✓", "green"),
    Level.SKIPPED: ("-", "dim"),
    Level.WARNING: ("!", "bold yellow"),
    Level.PROBLEM: ("✗", "bold red"),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.option("--problems", "only_problems", is_flag=True, help="Show only warnings and problems.")
@click.option(
    "--checkout",
    type=click.Path(path_type=Path),
    default=".",
    show_default=True,
    help="The folder with docker-compose.yaml.",
)
@click.pass_context
def command(context: click.Context, as_json: bool, only_problems: bool, checkout: Path) -> None:
    """Check this machine, the settings and the running stack, and name the fix.

    \b
    problem      the stack, or a part of it, does not work like this
    warning      it works, and something should be put right
    not checked  it could not be looked at, or there is nothing yet to look at

    Settings are read as Compose does: the environment, then `.env`. Nothing is changed; the stack need not be started.

    Exit code: 0 no problem; 1 something is one.
    """
    findings = list(examine(checkout, os.environ))
    bad = (Level.WARNING, Level.PROBLEM)
    shown = [finding for finding in findings if finding.level in bad] if only_problems else findings
    if as_json:
        document = {"level": worst(findings), "findings": [asdict(finding) for finding in shown]}
        click.echo(json.dumps(document, indent=2))
    else:
        _print(Console(), shown, findings)
    if worst(findings) == Level.PROBLEM:
        context.exit(1)


def _print(console: Console, shown: Sequence[Finding], findings: Sequence[Finding]) -> None:
    """A row a finding, and a line that counts."""
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column("", width=max(len(level) for level in Level) + 2, no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("", overflow="fold")
    for finding in shown:
        mark, style = _LOOKS[finding.level]
        table.add_row(Text(f"{mark} {finding.level}", style), Text(finding.check), Text(finding.sentence))
    console.print(table)
    counts = Counter(finding.level for finding in findings)
    told = (Text(_count(counts[level], level), _LOOKS[level][1]) for level in Level if counts[level])
    console.print(Text(", ").join(told), highlight=False)


def _count(number: int, level: Level) -> str:
    counted = number > 1 and level in (Level.WARNING, Level.PROBLEM)
    return f"{number} {level}{'s' if counted else ''}"
