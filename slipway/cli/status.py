"""`slipway status`: what is up to date, late, failing, stale or missing."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway.calendar import iso_week
from slipway.cli.options import locations_option
from slipway.observe import WHOLE, AssetStatus, State, load_locations, location_names, open_instance, problems, status

_LOOKS = {
    State.FAILING: ("✗", "bold red"),
    State.LATE: ("!", "bold yellow"),
    State.MISSING: ("○", "yellow"),
    State.STALE: ("~", "cyan"),
    State.UP_TO_DATE: ("✓", "green"),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document with every partition key, for programs.")
@click.option("--problems", "only_problems", is_flag=True, help="Show only what is not up to date.")
@click.option(
    "--at",
    metavar="TIME",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="Judge deadlines as of this time, such as 2010-12-05T06:30 (UTC unless it says otherwise); default: now.",
)
@locations_option
def command(as_json: bool, only_problems: bool, at: dt.datetime | None, locations: tuple[str, ...]) -> None:
    """What is up to date, late, failing, stale or missing.

    \b
    failing     the latest attempt at a partition failed, or a blocking check did
    late        the newest partition whose deadline has passed is not there
    missing     an older partition is not there
    stale       an input has other data than the partition was made from
    up to date  none of these

    The instance that DAGSTER_HOME names says what has been made; the contracts say what is due. Making old days again
    does not make a missing today look fresh.

    Exit code: 0 nothing is failing, late or missing; 1 something is.
    """
    moment = at.replace(tzinfo=at.tzinfo or dt.UTC) if at else dt.datetime.now(dt.UTC)
    definitions = load_locations(locations or location_names())
    with open_instance() as instance:
        statuses = status(instance, definitions, at=moment)
    shown = [one for one in statuses if one.state != State.UP_TO_DATE] if only_problems else statuses
    if as_json:
        document = {"at": moment.isoformat(timespec="seconds"), "assets": [one.as_json() for one in shown]}
        click.echo(json.dumps(document, indent=2))
    else:
        show(Console(), shown, statuses)
    if problems(statuses):
        raise click.exceptions.Exit(1)


def show(console: Console, shown: Sequence[AssetStatus], statuses: Sequence[AssetStatus]) -> None:
    """A row an asset, by layer; why what fails does, in a line each; and a line that counts."""
    table = Table(box=None, padding=(0, 1), show_header=bool(shown))
    table.add_column("", width=max(len(state) for state in State) + 2, no_wrap=True)
    table.add_column("asset", overflow="fold", max_width=28)
    table.add_column("newest", overflow="fold", min_width=10, max_width=18)
    table.add_column("", overflow="fold")
    layers = list(dict.fromkeys(one.layer for one in statuses))
    for layer in layers:
        group = sorted((one for one in shown if one.layer == layer), key=lambda one: one.name)
        if group:
            table.add_row(Text(layer, "bold"))
        for one in group:
            mark, style = _LOOKS[one.state]
            table.add_row(Text(f"{mark} {one.state}", style), _short(one), _newest(one), Text(what(one)))
    console.print(table)
    for one in shown:
        if one.failure:
            where = " ".join(filter(None, (one.name, _label(one, one.failure.partition))))
            text = Text(f"{where}, run {one.failure.run_id[:8]}: ", _LOOKS[State.FAILING][1]) + Text(one.failure.reason)
            console.print(text, highlight=False)
    console.print(_count(statuses), highlight=False)


def what(one: AssetStatus) -> str:
    """What there is to say of an asset beyond its state, in words."""
    parts = []
    if len(one.failing) > 1:
        parts.append(f"{len(one.failing)} failed, the newest {_label(one, one.failing[-1])}")
    elif one.failing:
        parts.append(f"{_label(one, one.failing[-1]) or 'it'} failed")
    if one.late:
        parts.append(f"{_label(one, one.late[-1])} is due and not there")
    if one.missing == (WHOLE,):
        parts.append("never made")
    elif one.missing:
        older = "older " if one.late else ""
        parts.append(f"{len(one.missing)} {older}of {one.due} missing, the newest {_label(one, one.missing[-1])}")
    if one.stale:
        causes = sorted({cause for found in one.causes.values() for cause in found})
        which = "stale" if one.stale == (WHOLE,) else f"{len(one.stale)} stale"
        parts.append(f"{which}: {', '.join(causes)} changed")
    if one.running:
        parts.append("being made" if one.running == (WHOLE,) else f"{len(one.running)} being made")
    if not parts and not one.due:
        parts.append("nothing is due yet")
    return "; ".join(parts)


def _label(one: AssetStatus, key: str) -> str:
    """A partition key as people say it: weeks by their number, two dimensions with the time first."""
    if one.weekly:
        return iso_week(dt.date.fromisoformat(key))
    return " ".join(sorted(key.split("|"), key=lambda part: not part[:4].isdigit()))


def _newest(one: AssetStatus) -> str:
    if one.made_at is not None:
        return f"{dt.datetime.fromtimestamp(one.made_at).astimezone():%Y-%m-%d %H:%M}"
    return "none" if one.newest is None else _label(one, one.newest)


def _short(one: AssetStatus) -> str:
    """The name without the layer, which stands above it."""
    return "/".join(one.key.path[1:]) if len(one.key.path) > 1 and one.key.path[0] == one.layer else one.name


def _count(statuses: Sequence[AssetStatus]) -> Text:
    counts = Counter(one.state for one in statuses)
    text = Text(f"{len(statuses)} assets: ")
    return text + Text(", ").join(
        Text(f"{counts[state]} {state}", _LOOKS[state][1]) for state in State if counts[state]
    )
