"""The one error of this room that a client is meant to see."""

from __future__ import annotations

from typing import Any

_SHOWN = 80


class Refused(Exception):
    """A request does not get through to the engine.

    Attributes:
        sentence: what was expected and what was found.
        status: 403: not allowed; 400: not a proper request.
    """

    def __init__(self, sentence: str, status: int = 403) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


def shown(value: Any) -> str:
    """A client's value for a sentence or a log: printable ASCII, and not the whole of it if it is long."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
