"""The command: `python -m demo --help`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from demo.api import RateLimit
from demo.database import ShopDatabase
from demo.database.shop_database import stored_settings
from demo.errors import SettingsError, ShopError
from demo.live import commands as live
from demo.options import FOLDER, MOMENT, Day, F, database_options, database_url_of, stop_on_signal
from demo.settings import DEFAULT_SEED
from demo.shop import Shop, read_note
from demo.wholesale import DEFAULT_PATTERN, WholesaleFiles


def home_option(command: F) -> F:
    option = click.option("--home", type=FOLDER, required=True, help="The folder of the shop: all it keeps.")
    return option(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """The shop: a source system that behaves like one, the same for everyone by seed.

    Exit codes: 3 wholesale files, 4 settings, 5 address taken or unreachable, 6 clock, 2 command
    line.
    """


for command in (live.live, live.first_day, live.check):
    commands.add_command(command)


@commands.command()
@home_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, show_default="a free one", type=click.IntRange(0, 65535))
@click.option("--first-day", type=Day(), help="Default: that of the first wholesale file.")
@click.option("--last-day", type=Day(), help="Default: that of the last wholesale file.")
@click.option("--seed", type=int, help=f"Default: {DEFAULT_SEED}.")
@click.option("--source", type=FOLDER, help="A folder of daily files; default: the real 44 days.")
@click.option("--pattern", help=f"Their names; default: {DEFAULT_PATTERN}.")
@click.option("--landing", type=FOLDER, help="Default: `landing` in the home.")
@click.option("--deliver/--no-deliver", default=True, show_default=True, help="Files at start.")
@click.option(
    "--now",
    type=MOMENT,
    help="The simulated moment; default: the end of the last day.",
)
@click.option("--fault-share", default=0.005, show_default=True, type=click.FloatRange(0, 0.99))
@click.option("--rate", default=100.0, show_default=True, help="API requests a second.")
@click.option("--burst", default=200, show_default=True, help="API requests at once.")
@database_options
def serve(
    home: Path,
    host: str,
    port: int,
    first_day: date | None,
    last_day: date | None,
    seed: int | None,
    source: Path | None,
    pattern: str | None,
    landing: Path | None,
    deliver: bool,
    now: datetime | None,
    fault_share: float,
    rate: float,
    burst: int,
    database_url: str | None,
    database_url_file: Path | None,
) -> None:
    """Build the shop in a home, or go on with it, and serve its API until Ctrl-C.

    A home keeps its calendar, seed, source and pattern; other ones are refused. `shop.json` in
    the home says where everything is.
    """
    shop = Shop(
        home,
        first_day,
        last_day,
        seed,
        source,
        pattern=pattern,
        now=now,
        landing=landing,
        deliver=deliver,
        database_url=database_url_of(database_url, database_url_file),
        host=host,
        port=port,
        rate_limit=RateLimit(rate, burst),
        fault_share=fault_share,
    )
    stopped = stop_on_signal()
    with shop:
        Console().print(_summary(shop))
        Console().print("Ctrl-C stops the shop; the home keeps everything.", style="dim")
        stopped.wait()


@commands.command("deliver")
@home_option
@click.argument("days", nargs=-1, required=True, type=Day(), metavar="DAY...")
def deliver_days(home: Path, days: Sequence[date]) -> None:
    """Deliver (again) the wholesale files of these days into the shop's landing folder."""
    note = read_note(home)
    files = WholesaleFiles(Path(note["source"]) if note["source"] else None, note["pattern"])
    for day in days:
        path = files.deliver(day, Path(note["landing"]))
        click.echo(f"{day}  {path.stat().st_size:>9,} bytes  {path}")


@commands.command()
@home_option
@click.option("--to", type=MOMENT, required=True, help="The simulated moment.")
@database_options
def advance(home: Path, to: datetime, database_url: str | None, database_url_file: Path | None) -> None:
    """Let everything in the shop's database happen until a simulated moment."""
    url = database_url_of(database_url, database_url_file)
    settings = stored_settings(home, url)
    if settings is None:
        read_note(home)
        raise SettingsError(f"The shop in {home} has its tables elsewhere: give --database-url.")
    database = ShopDatabase.open(home, settings, list, url)
    advanced = database.advance(to)
    click.echo(
        f"The shop is at {to}: {advanced.orders} orders placed, {advanced.corrections} lines "
        f"corrected, {advanced.cancellations} orders cancelled, {advanced.deletions} deleted, "
        f"{advanced.customers} new customers, {advanced.customer_changes} changed."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; a mistake is a sentence on standard error and an exit code."""
    try:
        commands(arguments, prog_name="python -m demo")
    except ShopError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def _summary(shop: Shop) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("API", shop.url)
    for schema, url in shop.database_urls.items():
        table.add_row(f"schema {schema}", make_url(url).render_as_string(hide_password=True))
    counts = {name: shop.database.count(f"shop.{name}") for name in ("orders", "customers")}
    table.add_row("in it", ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    table.add_row("as of", str(shop.database.now))
    table.add_row("calendar", f"{shop.calendar.first_day} to {shop.calendar.last_day}")
    table.add_row("landing", str(shop.landing))
    table.add_row("note", str(shop.note))
    return table
