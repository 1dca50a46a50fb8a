"""The command of a run's container: Dagster's own, begun sooner."""

from __future__ import annotations

import subprocess
import sys


def execute(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slipway.location.execute", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_has_dagsters_commands() -> None:
    told = execute("api", "execute_run", "--help")
    assert told.returncode == 0
    assert "INPUT_JSON" in told.stdout


def test_another_command_is_refused() -> None:
    told = execute("dev")
    assert told.returncode == 1
    assert told.stderr.strip() == "Expected `api ...` as in `dagster api ...`, found 'dev'."


def test_a_run_that_is_none_is_a_failure() -> None:
    told = execute("api", "execute_run", "{}")
    assert told.returncode == 1
    assert "Traceback" in told.stderr
