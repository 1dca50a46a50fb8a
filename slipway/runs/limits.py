"""How much memory and processor time a run may take: by tags on its job and its assets, the largest of them.

Pure functions over plain descriptions: every launcher (Docker, Kubernetes, ECS) has the gap that an asset's tags do not
reach the container that makes it, and can close it with these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T", int, float)

MEMORY_TAG = "slipway/memory"
CPUS_TAG = "slipway/cpus"

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i|i?b)?", re.IGNORECASE)
_LEAST_MEMORY = 6 << 20
"""Docker refuses less."""


class LimitError(ValueError):
    """A limit cannot be read, or the host does not have what it asks for; the message says whose it is."""


@dataclass(frozen=True)
class Limits:
    """What a container may take; None: no limit.

    Attributes:
        memory: bytes.
        cpus: processors, such as 1.5.
    """

    memory: int | None = None
    cpus: float | None = None

    def at_most(self, host: Limits) -> Limits:
        """The same limits, if a host has as much.

        Raises:
            LimitError: it has less.
        """
        if self.memory and host.memory and self.memory > host.memory:
            raise LimitError(
                f"The run asks for {show_memory(self.memory)} of memory, and the host has {show_memory(host.memory)}. "
                f"Lower the tag {MEMORY_TAG} on its job or assets, or run it on a larger host."
            )
        if self.cpus and host.cpus and self.cpus > host.cpus:
            raise LimitError(
                f"The run asks for {self.cpus:g} processors, and the host has {host.cpus:g}. "
                f"Lower the tag {CPUS_TAG} on its job or assets, or run it on a larger host."
            )
        return self


def limits_of(
    job: str, tags: Mapping[str, str], asset_tags: Mapping[str, Mapping[str, str]], default: Limits
) -> Limits:
    """The limits of a run: the largest that its job and its assets ask for.

    Args:
        job: the job's name, for errors.
        tags: the run's, with those of its job.
        asset_tags: of each asset that it makes, by name: {"silver/sales": {"slipway/memory": "2g"}}.
        default: its code location's. A tag may ask for less than that, too; an asset that asks for nothing asks for
            this, unless the job speaks for all of them.

    Raises:
        LimitError: a tag's value cannot be read.
    """
    return Limits(
        _largest(MEMORY_TAG, memory_bytes, job, tags, asset_tags, default.memory),
        _largest(CPUS_TAG, processors, job, tags, asset_tags, default.cpus),
    )


def _largest(
    tag: str,
    parse: Callable[[str], T],
    job: str,
    tags: Mapping[str, str],
    asset_tags: Mapping[str, Mapping[str, str]],
    default: T | None,
) -> T | None:
    of_all = {f"job {job}": tags} | {f"asset {key}": of for key, of in asset_tags.items()}
    asked = [_read(whose, tag, of[tag], parse) for whose, of in of_all.items() if tag in of]
    silent = tag not in tags and any(tag not in of for of in asset_tags.values())
    if default is not None and (silent or not asked):
        asked.append(default)
    return max(asked, default=None)


def _read(whose: str, tag: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except LimitError as error:
        raise LimitError(f"The tag {tag} of {whose}: {error}") from None


def memory_bytes(text: str) -> int:
    """Bytes from a text as Docker and Kubernetes write it: 512m, 2g, 1.5GiB, 512Mi; units are powers of 1024.

    Raises:
        LimitError
    """
    found = _MEMORY.fullmatch(text.strip())
    if not found:
        raise LimitError(f"expected an amount of memory, such as 512m or 2g; found {text!r}.")
    amount = math.floor(float(found[1]) * _UNITS[found[2].lower()])
    if amount < _LEAST_MEMORY:
        raise LimitError(f"expected at least {show_memory(_LEAST_MEMORY)} of memory, such as 512m; found {text!r}.")
    return amount


def processors(text: str) -> float:
    """Processors from a text: 2, 0.5, or 500m as Kubernetes writes it.

    Raises:
        LimitError
    """
    number = text.strip()
    try:
        found = float(number[:-1]) / 1000 if number.endswith("m") else float(number)
    except ValueError:
        found = math.nan
    if not 0.01 <= found < math.inf:
        raise LimitError(f"expected a number of processors, such as 2 or 0.5; found {text!r}.")
    return found


def show_memory(amount: int) -> str:
    """As people read it: 512 MiB, 1.5 GiB."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= size:
            return f"{amount / size:.3f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{amount} bytes"
