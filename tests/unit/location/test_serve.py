"""A code server's start: the calendar of the first start, and a wrong variable said before anything is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from slipway.location.serve import settle


def test_what_the_first_start_has_settled_is_set(tmp_path: Path) -> None:
    calendar = tmp_path / "calendar.env"
    calendar.write_text("SLIPWAY_FIRST_DAY=2026-01-01\nSLIPWAY_LAST_DAY=2026-02-01\n")
    environ = {"SLIPWAY_FIRST_DAY": "", "OTHER": "kept"}
    settle(environ, calendar)
    assert environ == {"SLIPWAY_FIRST_DAY": "2026-01-01", "SLIPWAY_LAST_DAY": "2026-02-01", "OTHER": "kept"}


def test_what_is_set_outside_wins(tmp_path: Path) -> None:
    calendar = tmp_path / "calendar.env"
    calendar.write_text("SLIPWAY_FIRST_DAY=2026-01-01\n")
    environ = {"SLIPWAY_FIRST_DAY": "2020-01-01"}
    settle(environ, calendar)
    assert environ == {"SLIPWAY_FIRST_DAY": "2020-01-01"}


def test_without_a_first_start(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    settle(environ, tmp_path / "none")
    assert environ == {}


def test_a_wrong_variable_is_one_sentence() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "AWS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "slipway.location.serve", "ingestion"],
        env={**environ, "SLIPWAY_RUN_NETWORK": "a", "SLIPWAY_RUN_CPUS": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "Code location ingestion: SLIPWAY_RUN_CPUS is 'many': expected a number such as 2 "
        "(could not convert string to float: 'many')."
    )
    assert "Traceback" not in done.stderr
