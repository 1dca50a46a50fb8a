"""Options that several commands have, and what they share: types, the database's URL, signals."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])


class Day(click.ParamType):  # type: ignore[type-arg]  # older versions of click have it not generic
    """A calendar day, ISO."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2010-12-01.", param, ctx)


def database_options(command: F) -> F:
    """Where the shop's tables are, if not in SQLite files of the home."""
    url = click.option(
        "--database-url",
        envvar="SHOP_DATABASE_URL",
        help="Postgres instead of SQLite files in the home.",
    )
    file = click.option(
        "--database-url-file",
        type=FILE,
        envvar="SHOP_DATABASE_URL_FILE",
        help="A file with that URL, as secrets are mounted.",
    )
    return url(file(command))


def database_url_of(url: str | None, file: Path | None) -> str | None:
    """The URL that the two options give."""
    if file is None:
        return url
    return file.read_text(encoding="utf-8").strip()


def stop_on_signal() -> threading.Event:
    """Set by the first SIGINT or SIGTERM."""
    stopped = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped
