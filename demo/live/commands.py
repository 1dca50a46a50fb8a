"""The commands of the live shop: `live`, `first-day`, `check`."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from demo.api import RateLimit
from demo.live.check import DEFAULT_PORT, main_check
from demo.live.service import LiveSettings, LiveShop
from demo.live.timetable import DELIVERY_HOUR, first_day_for, local_clock
from demo.options import FOLDER, MOMENT, Day, database_options, database_url_of, stop_on_signal
from demo.settings import DEFAULT_SEED

_GRACE_SECONDS = 3.0


def option(name: str, variable: str, help_text: str, **settings: Any) -> Callable[[Any], Any]:
    return click.option(name, envvar=variable, show_envvar=True, help=help_text, **settings)


@click.command()
@option("--home", "SHOP_HOME", "For SQLite, and for the landing if none is given.", type=FOLDER)
@option("--landing", "SHOP_LANDING", "A folder, or s3://bucket/prefix; default: `landing` in the home.")
@option(
    "--dates",
    "SHOP_DATES",
    "The recorded days shifted by whole weeks, or as recorded and all at once.",
    type=click.Choice(["recent", "original"]),
    default="recent",
    show_default=True,
)
@option(
    "--first-day",
    "SHOP_FIRST_DAY",
    "What 2010-12-01 becomes. Default: as the database was built, else as `first-day` says.",
    type=Day(),
)
@option(
    "--hour",
    "SHOP_DELIVERY_HOUR",
    "When the file of the day before is delivered, in London.",
    type=click.IntRange(0, 23),
    default=DELIVERY_HOUR,
    show_default=True,
)
@option("--seed", "SHOP_SEED", "Of everything that is made up.", type=int, default=DEFAULT_SEED, show_default=True)
@option("--host", "SHOP_HOST", "Where the API listens.", default="0.0.0.0", show_default=True)
@option(
    "--port",
    "SHOP_PORT",
    "0: a free one.",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
)
@option(
    "--fault-share",
    "SHOP_FAULT_SHARE",
    "API requests that fail by chance.",
    type=click.FloatRange(0, 0.99),
    default=0.005,
    show_default=True,
)
@option("--rate", "SHOP_RATE", "API requests a second.", type=float, default=100.0, show_default=True)
@option("--burst", "SHOP_BURST", "API requests at once.", type=int, default=200, show_default=True)
@option("--now", "SHOP_NOW", "Begin at another moment than the real one, and run on from there.", type=MOMENT)
@click.option("--once", is_flag=True, help="One round, without the API: database and files as of now, then end.")
@database_options
def live(
    home: Path | None,
    landing: str | None,
    dates: str,
    first_day: date | None,
    hour: int,
    seed: int,
    host: str,
    port: int,
    fault_share: float,
    rate: float,
    burst: int,
    now: datetime | None,
    once: bool,
    database_url: str | None,
    database_url_file: Path | None,
) -> None:
    """The shop as a service that goes with the real time, for ever.

    Waits for a database or an object store that does not answer yet; ends on SIGTERM or Ctrl-C.
    """
    _log_to_standard_output()
    settings = LiveSettings(
        home=home,
        landing=landing,
        database_url=database_url_of(database_url, database_url_file),
        first_day=first_day,
        original=dates == "original",
        hour=hour,
        seed=seed,
        host=host,
        port=port,
        rate_limit=RateLimit(rate, burst),
        fault_share=fault_share,
    )
    clock = local_clock(now)
    if once:
        with LiveShop(settings, clock) as shop:
            shop.deliver()
        return
    stopped = stop_on_signal()
    _run(LiveShop(settings, clock, stopped=stopped), stopped)


@click.command("first-day")
@click.option("--today", type=Day(), help="Default: today in London.")
def first_day(today: date | None) -> None:
    """Print what the first recorded day becomes for a shop that is first started today."""
    click.echo(first_day_for(today or local_clock()().date()))


@click.command()
def check() -> None:
    """Exit with 0 if the live shop of this container is well, else with 1 (SHOP_HOST, SHOP_PORT)."""
    sys.exit(main_check())


def _run(shop: LiveShop, stopped: threading.Event) -> None:
    """Run in a thread, so that the main one can hear a signal while the other is in a request that cannot be broken."""
    ended: list[BaseException] = []

    def work() -> None:
        try:
            shop.run()
        except BaseException as error:
            ended.append(error)
        finally:
            stopped.set()

    worker = threading.Thread(target=work, name="shop", daemon=True)
    worker.start()
    stopped.wait()
    worker.join(_GRACE_SECONDS)
    if worker.is_alive():
        # Nothing is lost: what is in the database is committed, and a file that has not landed is delivered next time.
        logging.shutdown()
        os._exit(0)
    if ended:
        raise ended[0]


def _log_to_standard_output() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log = logging.getLogger("demo.live")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
