"""`slipway demo` a second time, for other files, and for files of another year with a mistake in them."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

from demo import WholesaleFiles
from tests.platform_fixture import DemoPlatform


def slipway(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "DAGSTER_"))}
    return subprocess.run(
        [sys.executable, "-m", "slipway", "--dir", str(directory), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**environment, "COLUMNS": "200"},
    )


def written(output: str) -> dict[str, int]:
    """What the summary says was written this time, by asset."""
    rows = (line.split("│") for line in output.splitlines() if line.count("│") == 3)
    return {row[0].strip(): int(row[2].replace(",", "")) for row in rows if row[2].strip().replace(",", "").isdigit()}


def test_a_second_time_does_nothing(demo_platform: DemoPlatform) -> None:
    again = slipway(demo_platform.home, "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert written(again.stdout) == {}
    status = slipway(demo_platform.home, "status", "--json")
    assert status.returncode == 0, status.stdout
    assert json.loads(status.stdout)


def test_a_home_made_for_other_files_is_refused(demo_platform: DemoPlatform, tmp_path: Path) -> None:
    (tmp_path / "online_retail_2009-12-01.csv").write_bytes(WholesaleFiles().read(dt.date(2010, 12, 1)))
    refused = slipway(demo_platform.home, "demo", "--landing", str(tmp_path))
    assert refused.returncode == 3
    words = " ".join(refused.stderr.split())
    assert "was made for the files in" in words
    assert "DIR=<other>" in words
