"""The embedded platform as `slipway demo` leaves it; made once a session, for the tests that look at it.

It is the program itself, started in a process of its own: what the tests then see is what a newcomer sees.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import free_port

_SECONDS = 600


@dataclass(frozen=True)
class DemoPlatform:
    """A finished demo.

    Attributes:
        home: its folder, as `slipway --dir` takes it.
        output: what the command printed.
    """

    home: Path
    output: str


@pytest.fixture(scope="session")
def demo_platform(tmp_path_factory: pytest.TempPathFactory) -> DemoPlatform:
    """Run `slipway demo` on the built-in files. Tests may run it again, or serve it, but leave its files alone."""
    home = tmp_path_factory.mktemp("demo") / "platform"
    return make_demo(home)


def make_demo(home: Path) -> DemoPlatform:
    """Run `slipway demo` in a folder."""
    done = slipway(home, "demo", "--reports-port", str(free_port()), seconds=_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return DemoPlatform(home, done.stdout)


def slipway(home: Path, *arguments: str, seconds: float = 300, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command of `slipway` on the platform in `home`, with these variables set."""
    return subprocess.run(
        [sys.executable, "-m", "slipway", "--dir", str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**clean_environment(), **variables},
    )


def clean_environment() -> dict[str, str]:
    """This process's environment without other tests' settings; wide, so that printed tables keep their lines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "DAGSTER_"))}
    return {**kept, "COLUMNS": "200", "DAGSTER_DISABLE_TELEMETRY": "1"}
