"""Which variables a compose file reads, and what it takes where they are not set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_START = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Reference:
    """
    Attributes:
        default: what stands in its place where the variable is not set, as written; None: nothing does.
        empty_counts: whether an empty value is one (`-`), and not the same as none (`:-`).
    """

    name: str
    default: str | None = None
    empty_counts: bool = False


def references(text: str) -> list[Reference]:
    """Every `${...}` of a compose file in order, also those within the default of another."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return list(_references("\n".join(lines)))


def _references(text: str) -> Iterator[Reference]:
    for found in _START.finditer(text):
        rest = text[found.end() : _end(text, found.end())]
        operator = re.match(r":?[-?+]", rest)
        default = rest[operator.end() :] if operator and operator[0].endswith("-") else None
        yield Reference(found[1], default, empty_counts=bool(operator) and rest.startswith("-"))


def _end(text: str, at: int) -> int:
    """Where the brace closes that was opened before `at`; a default may hold others."""
    depth = 1
    for position in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if not depth:
            return position
    return len(text)


def expand(text: str, values: Mapping[str, str]) -> str:
    """A default with what it refers to put in its place."""
    found = _START.search(text)
    if not found:
        return text
    end = _end(text, found.end())
    [reference, *_nested] = _references(text[found.start() : end + 1])
    value = values.get(reference.name)
    if value is None or (not value and not reference.empty_counts):
        value = expand(reference.default or "", values)
    return text[: found.start()] + value + expand(text[end + 1 :], values)


def defaults(text: str) -> dict[str, str | None]:
    """Variable -> its default, by name. An empty one gives way: it only keeps Compose from warning.

    Raises:
        ValueError: two places disagree on a default.
    """
    found: dict[str, str | None] = {}
    for reference in references(text):
        earlier = found.setdefault(reference.name, reference.default)
        if not reference.default or reference.default == earlier:
            continue
        if earlier:
            raise ValueError(f"{reference.name} has two defaults: {earlier!r} and {reference.default!r}.")
        found[reference.name] = reference.default
    return found
