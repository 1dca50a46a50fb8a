"""A request's body as JSON that can be read in one way only.

The engine is written in Go, whose decoder takes the last of equal keys and does not tell `hostconfig` from
`HostConfig`: a body with both could be checked by one and run by the other.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from slipway.docker_api.refused import Refused, shown


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body is.

    Raises:
        Refused: it is none, or some object in it has keys that are equal but for case.
    """
    found = json_value(body)
    if not isinstance(found, dict):
        raise Refused("The body: expected a JSON object; found another value.", 400)
    return found


def json_value(text: bytes | str) -> Any:
    """Raises: Refused."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("The body or a filter: expected JSON in UTF-8; it cannot be read as such.", 400) from None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: set[str] = set()
    for key, _ in pairs:
        folded = key.casefold()
        if folded in seen:
            raise Refused(f"The body: expected each key once, whatever its case; found {shown(key)} twice.")
        seen.add(folded)
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
