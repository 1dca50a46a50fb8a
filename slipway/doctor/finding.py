"""What a check has found: a level and a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """From good to bad; a problem keeps the stack, or a part of it, from working."""

    OK = "ok"
    SKIPPED = "not checked"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """
    Attributes:
        check: what was looked at, in a word or two.
        sentence: what was found; of a warning or problem also what to do.
    """

    check: str
    level: Level
    sentence: str


def ok(check: str, sentence: str) -> Finding:
    return Finding(check, Level.OK, sentence)


def skipped(check: str, sentence: str) -> Finding:
    return Finding(check, Level.SKIPPED, sentence)


def warning(check: str, sentence: str) -> Finding:
    return Finding(check, Level.WARNING, sentence)


def problem(check: str, sentence: str) -> Finding:
    return Finding(check, Level.PROBLEM, sentence)


def worst(findings: Iterable[Finding]) -> Level:
    """Ok, warning or problem: what could not be looked at counts for nothing."""
    order = (Level.OK, Level.WARNING, Level.PROBLEM)
    return max((each.level for each in findings if each.level in order), key=order.index, default=Level.OK)


def one_line(text: str, most: int = 300) -> str:
    """What a program said, fit for a sentence: one line, not too long, without a full stop at its end."""
    line = " ".join(text.split())
    return (line if len(line) <= most else f"{line[: most - 3]}...").rstrip(".")
