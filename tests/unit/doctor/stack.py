"""The variables of a stack as docker-compose.yaml gives them, with some set, for tests."""

from __future__ import annotations

from pathlib import Path

from slipway.doctor.compose_file import defaults
from slipway.doctor.finding import Finding, Level
from slipway.doctor.project import Variables

ROOT = Path(__file__).resolve().parents[3]
KNOWN = defaults((ROOT / "docker-compose.yaml").read_text())


def variables(**values: str) -> Variables:
    """As if they stood in `.env`."""
    return Variables(values, frozenset(values), KNOWN)


def is_problem(finding: Finding | None, *parts: str) -> None:
    """A problem, told in one sentence that has these parts."""
    _is(finding, Level.PROBLEM, parts)


def is_warning(finding: Finding | None, *parts: str) -> None:
    _is(finding, Level.WARNING, parts)


def _is(finding: Finding | None, level: Level, parts: tuple[str, ...]) -> None:
    assert finding is not None
    assert finding.level == level, finding
    assert "\n" not in finding.sentence
    assert finding.sentence.endswith((".", "?")), finding.sentence
    for part in parts:
        assert part in finding.sentence, finding.sentence
