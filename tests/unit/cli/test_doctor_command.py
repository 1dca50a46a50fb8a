"""`slipway doctor`: the table, the document for programs, the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway.cli import doctor
from slipway.cli.main import commands
from slipway.doctor.finding import Finding, ok, problem, skipped, warning

FOUND = [ok("docker", "It answers."), skipped("disk", "Elsewhere."), warning("runs", "[bold]Too many.")]


def invoke(monkeypatch: pytest.MonkeyPatch, findings: list[Finding], *arguments: str):
    monkeypatch.setattr(doctor, "examine", lambda checkout, environ: iter(findings))
    return CliRunner().invoke(commands, ["doctor", *arguments])


def test_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, FOUND)
    assert result.exit_code == 0
    assert "✓ ok" in result.output
    assert "[bold]Too many." in result.output, "sentences are no markup"
    assert "1 ok, 1 not checked, 1 warning" in result.output


def test_a_problem_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, [*FOUND, problem("port", "It is taken."), problem("disk", "It is full.")])
    assert result.exit_code == 1
    assert "✗ problem" in result.output
    assert "1 warning, 2 problems" in result.output


def test_only_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, FOUND, "--problems")
    assert "It answers." not in result.output
    assert "Too many." in result.output


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, [problem("port", "It is taken.")], "--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "level": "problem",
        "findings": [{"check": "port", "level": "problem", "sentence": "It is taken."}],
    }


def test_the_embedded_platform_s_settings_are_not_the_stack_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / ".slipway"
    home.mkdir()
    (home / "settings.env").write_text("SLIPWAY_TIMEZONE=Mars/Olympus\n")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    seen: dict[str, str] = {}
    monkeypatch.setattr(doctor, "examine", lambda checkout, environ: iter([seen.update(environ) or ok("a", "b.")]))
    assert CliRunner().invoke(commands, ["--dir", str(home), "doctor"]).exit_code == 0
    assert seen
    assert seen.get("SLIPWAY_TIMEZONE") != "Mars/Olympus"


def test_the_doctor_does_not_import_dagster() -> None:
    """It is asked when something is wrong, and must answer at once; Docker's library it does without, too."""
    code = (
        "import sys, slipway.doctor; sys.exit(' '.join({'dagster', 'docker', 'boto3', 'psycopg2'} & "
        "set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
