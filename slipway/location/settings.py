"""Settings of a location, read from the environment when its definitions load, so that a wrong one is told at start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class SettingError(ValueError):
    """A variable is unset or malformed; the message names it and what it expects."""


def setting(
    variable: str,
    expected: str,
    parse: Callable[[str], T],
    default: str | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    secret: bool = False,
) -> T:
    """Read one variable. `<variable>_FILE` may name a file with its value instead, as secrets are often given.

    Args:
        expected: what a right value is, for the error: "a folder, such as /data/landing".
        parse: turns the text into the value; a ValueError means that it does not fit.
        secret: never show the value.

    Raises:
        SettingError
    """
    environ = os.environ if environ is None else environ
    text = environ.get(variable) or _from_file(variable, environ) or default
    if text is None:
        raise SettingError(f"{variable} is not set: expected {expected}.")
    try:
        return parse(text)
    except ValueError as error:
        reason = f" ({error})" if str(error) else ""
        shown = "not what it should be" if secret else repr(text)
        raise SettingError(f"{variable} is {shown}: expected {expected}{reason}.") from (None if secret else error)


def _from_file(variable: str, environ: Mapping[str, str]) -> str | None:
    name = environ.get(f"{variable}_FILE")
    if not name:
        return None
    try:
        return Path(name).read_text().strip()
    except OSError as error:
        raise SettingError(
            f"{variable}_FILE is {name!r}: expected a file that can be read, with the value in it ({error.strerror})."
        ) from error
