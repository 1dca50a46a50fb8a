"""`slipway ui`: Dagster's UI, the daemon and all locations, for what `slipway demo` made."""

from __future__ import annotations

import functools
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console

from slipway.cli.demo import REPORTS_PORT, REPORTS_URL, shop
from slipway.embedded.home import Home, HomeError

_HOST = "127.0.0.1"
_STOP_SECONDS = 60


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI on 127.0.0.1."
)
@click.pass_obj
def command(directory: Path, port: int) -> None:
    """Serve the UI until Ctrl-C: all locations, the daemon (sensors and schedules run), the reports and the shop."""
    home = Home(directory)
    if not home.workspace.exists():
        raise HomeError(f"There is no platform in {directory} yet. Make one with `make demo`.")
    if _serves(port):
        raise HomeError(f"Port {port} is not free. End what uses it, or give another one (make ui PORT=<other>).")
    console = Console()
    earlier = home.settings()
    landing = Path(earlier["SLIPWAY_LANDING"])
    own_files = landing.is_relative_to(home.root.absolute())
    # The links to reports were written with this port.
    reports_port = urlsplit(earlier.get(REPORTS_URL, "")).port or REPORTS_PORT
    with (
        _ended_by_signals(),
        shop(home, None if own_files else landing, earlier["SLIPWAY_LANDING_PATTERN"]) as reached,
        reports(home.lake, reports_port, console),
    ):
        settings = {**earlier, **reached}
        environment = home.make(settings, settings["SLIPWAY_LOCATIONS"].split(","))
        log = home.dagster_home / "ui.log"
        console.print("Starting the code locations, the daemon and the UI ...")
        with _dagster(home.workspace, port, {**os.environ, **environment}, log) as process:
            while not _serves(port):
                _still_there(process, log)
                time.sleep(0.2)
            console.print(f"Dagster's UI: [bold]http://{_HOST}:{port}[/bold]   (Ctrl-C ends it)", highlight=False)
            console.print(f"Its log: {log}", highlight=False, soft_wrap=True)
            while True:
                _still_there(process, log)
                time.sleep(0.5)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """However the program is told to end, it ends in order, like by Ctrl-C: nothing that it started stays behind."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    # A closed terminal ends it too, unless `nohup` has said that it must not.
    names = [signal.SIGINT, signal.SIGTERM]
    names += [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
    before = {name: signal.signal(name, end) for name in names}
    try:
        yield
    except KeyboardInterrupt:
        Console().print("Ended.")
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _dagster(workspace: Path, port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster dev` in a process group of its own: Ctrl-C would otherwise reach all of its processes at once, those
    too that it wants to end itself, and what it leaves behind could not be told from other processes."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", _HOST, "-p", str(port)],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):  # told to end once more: at once, then
                pass
            finally:
                _end_group(process.pid)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGTERM)
        time.sleep(1)
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all of them had ended


def _still_there(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        lines = log.read_text(errors="replace").strip().splitlines()
        raise HomeError(f"Dagster has ended with code {process.returncode}: {lines[-1] if lines else ''} (see {log})")


def _serves(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0


@contextmanager
def reports(lake: Path, port: int, console: Console) -> Iterator[None]:
    """Serve the lake's HTML pages, and nothing else of it, to browsers on this machine."""
    try:
        pages = functools.partial(_Pages, directory=str(lake.absolute()))
        server = http.server.ThreadingHTTPServer((_HOST, port), pages)
    except OSError as error:
        console.print(
            f"[yellow]Port {port}, where the links to reports lead, is not free ({error.strerror}): they will not "
            "open. End what uses it, and start the UI again.[/yellow]"
        )
        yield
        return
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

    def log_message(self, format: str, *args: Any) -> None:
        pass
