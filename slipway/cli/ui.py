"""`slipway ui`: Dagster's UI, the daemon and all locations, for what `slipway demo` made."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from slipway.cli.demo import REPORTS_PORT, shop
from slipway.embedded.home import Home, HomeError


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port of the UI on 127.0.0.1.")
@click.pass_obj
def command(directory: Path, port: int) -> None:
    """Serve the UI until Ctrl-C: all locations, the daemon (sensors and schedules run), the reports and the shop."""
    home = Home(directory)
    if not home.workspace.exists():
        raise HomeError(f"There is no platform in {directory} yet. Make one with `make demo`.")
    earlier = home.settings()
    landing = Path(earlier["SLIPWAY_LANDING"])
    own_files = landing.is_relative_to(home.root.absolute())
    with (
        shop(home, None if own_files else landing, earlier["SLIPWAY_LANDING_PATTERN"]) as reached,
        reports(home.lake, REPORTS_PORT),
    ):
        settings = {**earlier, **reached}
        environment = home.make(settings, settings["SLIPWAY_LOCATIONS"].split(","))
        Console().print(f"Dagster's UI: [bold]http://127.0.0.1:{port}[/bold]   (Ctrl-C ends it)", highlight=False)
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-w", str(home.workspace), "-h", "127.0.0.1", "-p", str(port)],
            env={**os.environ, **environment},
        )
        try:
            raise SystemExit(process.wait())
        except KeyboardInterrupt:
            process.wait(60)


@contextmanager
def reports(lake: Path, port: int) -> Iterator[None]:
    """Serve the lake's HTML pages, and nothing else of it, to browsers on this machine."""
    try:
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), functools.partial(_Pages, directory=str(lake.absolute()))
        )
    except OSError as error:
        raise HomeError(f"Port {port}, where reports are served, is not free ({error.strerror}). End what uses it.") from error
    threading.Thread(target=server.serve_forever, name="reports", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Pages(http.server.SimpleHTTPRequestHandler):
    def send_head(self) -> Any:
        if not self.path.split("?")[0].endswith(".html"):
            self.send_error(404, "Only published pages are served here")
            return None
        return super().send_head()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002
        pass
