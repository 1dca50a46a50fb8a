"""Other programs: asked with a time limit, never an exception."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

NOT_THERE = 127
NO_ANSWER = 124


@dataclass(frozen=True)
class Told:
    """
    Attributes:
        code: exit code; NOT_THERE: there is no such program; NO_ANSWER: it did not end in time.
    """

    code: int
    output: str = ""
    errors: str = ""


class Run(Protocol):
    """Runs a program in the checkout, with the environment of whoever asks."""

    def __call__(self, *arguments: str, seconds: float = 30) -> Told: ...


def runner(folder: Path, environ: Mapping[str, str]) -> Run:
    """A `Run` in this folder, with these variables."""

    def run(*arguments: str, seconds: float = 30) -> Told:
        return _run(arguments, folder, environ, seconds)

    return run


def _run(arguments: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float) -> Told:
    options: dict[str, Any] = {"cwd": folder, "env": dict(environ), "timeout": seconds, "stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run(arguments, capture_output=True, check=False, text=True, errors="replace", **options)
    except subprocess.TimeoutExpired:
        return Told(NO_ANSWER, errors=f"no answer within {seconds:g} s")
    except OSError as error:
        return Told(NOT_THERE, errors=str(error.strerror or error))
    return Told(done.returncode, done.stdout, done.stderr)
