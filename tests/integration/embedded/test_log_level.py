"""What a run's own process writes to its console: the level of the home's instance, INFO unless told otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import dagster as dg
import pytest

from slipway.embedded.home import LOG_LEVEL, Home
from slipway.location import SettingError

LINES = ("whispered", "said", "warned")
PROJECT = """
[tool.dg]
directory_type = "project"
[tool.dg.project]
root_module = "talking"
"""
DEFINITIONS = """
from pathlib import Path

import dagster as dg

from slipway.location import code_location


@dg.definitions
def defs():
    return code_location(Path(__file__).parent, layer="bronze")
"""
ASSETS = """
import dagster as dg


@dg.asset
def talk(context):
    context.log.debug("whispered")
    context.log.info("said")
    context.log.warning("warned")
    return [1]
"""


def location(folder: Path) -> Path:
    """A dg project of one plain asset that logs at three levels; its source folder."""
    package = folder / "talking" / "src" / "talking"
    (package / "defs").mkdir(parents=True)
    (folder / "talking" / "pyproject.toml").write_text(PROJECT)
    (package / "__init__.py").touch()
    (package / "defs" / "__init__.py").touch()
    (package / "definitions.py").write_text(textwrap.dedent(DEFINITIONS))
    (package / "defs" / "assets.py").write_text(textwrap.dedent(ASSETS))
    return package.parent


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (None, ("said", "warned")),
        ("debug", LINES),
        ("WARNING", ("warned",)),
    ],
)
def test_a_run_shows_what_the_level_lets_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str | None, shown: tuple[str, ...]
) -> None:
    if level:
        monkeypatch.setenv(LOG_LEVEL, level)
    variables = Home(tmp_path / "platform").make({}, ["talking"])
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "dagster",
            "asset",
            "materialize",
            "--select",
            "*",
            "-m",
            "talking.definitions",
        ],
        env={**os.environ, **variables, "PYTHONPATH": str(location(tmp_path))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = done.stdout + done.stderr

    assert done.returncode == 0, told
    assert tuple(line for line in LINES if f" {line}" in told) == shown
    assert ("- DEBUG -" in told) is (level == "debug")
    with dg.DagsterInstance.from_config(variables["DAGSTER_HOME"]) as instance:
        [run] = instance.get_runs()
        events = {entry.dagster_event_type for entry in instance.all_logs(run.run_id) if entry.is_dagster_event}
    assert dg.DagsterEventType.STEP_SUCCESS in events, "logged at DEBUG, and stored all the same"


def test_a_level_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOG_LEVEL, "loud")
    with pytest.raises(
        SettingError, match=r"^SLIPWAY_LOG_LEVEL is 'loud': expected one of DEBUG, INFO, WARNING, ERROR"
    ):
        Home(tmp_path / "platform").make({}, ["talking"])
