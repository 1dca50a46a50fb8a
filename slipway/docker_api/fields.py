"""Checks of single fields of a JSON body: each takes where the field stands and its value, and gives what to send on.

Each raises `Refused` with what was expected and what was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from slipway.docker_api.refused import Refused, shown

Check = Callable[[str, Any], Any]

LEFT_OUT: Final = object()
"""What a check gives for a field that is all right, and that the engine need not be told."""


def checked(where: str, value: Any, fields: Mapping[str, Check]) -> dict[str, Any]:
    """An object with no other than these fields, spelled just so; null is as good as absent.

    Raises:
        Refused
    """
    if not isinstance(value, dict):
        refuse(where, "an object", value)
    result = {}
    for name, found in value.items():
        place = f"{where}.{name}" if where else name
        if name not in fields:
            raise Refused(f"{shown(place)} is not among the fields that a run's container may have (case counts).")
        if found is not None and (send := fields[name](place, found)) is not LEFT_OUT:
            result[name] = send
    return result


def refuse(where: str, expected: str, found: Any) -> NoReturn:
    raise Refused(f"{where}: expected {expected}; found {shown(found)}.")


def integer(least: int, most: int = (1 << 62)) -> Check:
    def check(where: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            refuse(where, f"a whole number from {least} to {most}", value)
        return value

    return check


def flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        refuse(where, "true or false", value)
    return value


def text(pattern: str, expected: str) -> Check:
    def check(where: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            refuse(where, expected, value)
        return value

    return check


def texts(where: str, value: Any) -> list[str]:
    """The values are not told in the error: they may be an environment."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused(f"{where}: expected a list of texts; found another value.")
    return value


def nothing(where: str, value: Any) -> object:
    """For what clients send though it is empty: false, 0, "", [], {}."""
    if value:
        refuse(where, "nothing", value)
    return LEFT_OUT


def decided(_where: str, _value: Any) -> object:
    """For what has been read elsewhere, and is decided there."""
    return LEFT_OUT


def unread(where: str, value: Any) -> object:
    """For flags that only matter to the client that sends them."""
    flag(where, value)
    return LEFT_OUT
