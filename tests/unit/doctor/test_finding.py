"""What several findings come to, and what other programs say as part of a sentence."""

from __future__ import annotations

import pytest

from slipway.doctor.finding import Finding, Level, ok, one_line, problem, skipped, warning, worst

OK, SKIPPED, WARNING, PROBLEM = ok("a", "b."), skipped("a", "b."), warning("a", "b."), problem("a", "b.")


@pytest.mark.parametrize(
    ("findings", "level"),
    [
        ([], "ok"),
        ([OK, SKIPPED], "ok"),
        ([SKIPPED], "ok"),
        ([WARNING, OK, SKIPPED], "warning"),
        ([WARNING, PROBLEM, OK], "problem"),
    ],
)
def test_the_worst_counts(findings: list[Finding], level: str) -> None:
    assert worst(findings) == Level(level)


def test_one_line() -> None:
    assert one_line("Cannot connect.\n  Is it running?\n") == "Cannot connect. Is it running?"
    assert one_line("It says no.") == "It says no"
    assert len(one_line("x" * 1000)) <= 300
