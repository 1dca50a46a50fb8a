"""`slipway ui` as a process of its own, and what is left of it when it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.platform_fixture import clean_environment
from tests.servers import free_port

START_SECONDS = 300
STOP_SECONDS = 90


@dataclass(frozen=True)
class UI:
    """A UI that is being served.

    Attributes:
        url: where, without a slash at the end.
        home: the platform's folder.
        ready: when it answered first (seconds since 1970).
    """

    process: subprocess.Popen[str]
    url: str
    home: Path
    output: Path
    ready: float

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Tell it to end, as Ctrl-C does; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def served(home: Path) -> Iterator[UI]:
    """Run `slipway ui` on a free port until the block ends, and wait until it answers."""
    port = free_port()
    output = home / "ui.out"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "slipway", "--dir", str(home), "ui", "--port", str(port)],
            stdout=file,
            stderr=file,
            text=True,
            env=clean_environment(),
            # As from a terminal of its own: signals of the test run's do not reach it.
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while "Ctrl-C ends it" not in output.read_text():
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < deadline, f"`slipway ui` was not ready in time: {output.read_text()}"
                time.sleep(0.1)
            yield UI(process, f"http://127.0.0.1:{port}", home, output, time.time())
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that work for a platform: they carry its folder in arguments or environment."""
    mark = str(home.absolute()).encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue  # it has just ended, or is somebody else's
        if int(folder.name) != os.getpid() and mark in command + environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found
