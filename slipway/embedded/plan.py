"""Which runs bring a platform up to date, and in which order: pure functions over a description of its assets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from slipway.automation.ranges import contiguous, rectangles

Key = str
"""An asset key as a path."""


class RunOf(NamedTuple):
    """One run: its assets, and the range of partitions (None: unpartitioned)."""

    assets: tuple[Key, ...]
    first: str | None
    last: str | None
    partitions: int


@dataclass(frozen=True)
class Node:
    """An asset as the planner needs it.

    Attributes:
        parents: assets that it reads, also of other locations.
        partitions: names the partitions definition; "" for an unpartitioned asset.
        together: assets that one step makes, so that they must run together.
        steps: ops that it takes, as a weight.
    """

    key: Key
    location: str
    parents: frozenset[Key] = frozenset()
    partitions: str = ""
    together: frozenset[Key] = frozenset()
    steps: int = 1


@dataclass
class Bundle:
    """Assets that one run can make: one location, partitions of one definition, beside unpartitioned ones."""

    location: str
    keys: list[Key] = field(default_factory=list)
    weight: int = 0


def waves(nodes: Sequence[Node], width: int) -> list[list[Bundle]]:
    """Bundles in the order in which they must run; those of one wave can run side by side, at most `width` of them
    for each location and partitions definition.

    An asset is in an earlier wave than another that reads it, unless one run can make both: same location, and
    partitions of the same definition (or none).

    Args:
        nodes: in topological order.

    Raises:
        ValueError: assets wait for each other in a circle, so there is no such order.
    """
    first: frozenset[Key] = frozenset()
    while True:
        wave_of = _levels(nodes, first)
        members = [[node for node in nodes if wave_of[node.key] == level] for level in sorted(set(wave_of.values()))]
        mixed = {node.key for wave in members for group in _connected(wave) for node in _shared(group)}
        if mixed <= first:
            return [_bundles(wave, width) for wave in members]
        first |= mixed


def _levels(nodes: Sequence[Node], first: frozenset[Key]) -> dict[Key, int]:
    """Each asset's wave; those in `first` are made before partitioned assets that read them, not along with them."""
    known = {node.key: node for node in nodes}
    wave_of = dict.fromkeys(known, 0)
    while True:  # once, and again where what one step makes had to wait for another output's inputs
        before = dict(wave_of)
        for node in nodes:
            for parent in sorted(node.parents & known.keys()):
                wave_of[node.key] = max(wave_of[node.key], wave_of[parent] + _later(known[parent], node, first))
            together = (node.together & known.keys()) | {node.key}
            wave_of |= dict.fromkeys(together, max(wave_of[key] for key in together))
        if wave_of == before:
            return wave_of
        if max(wave_of.values()) > len(nodes):
            raise ValueError(
                f"Expected an order in which {', '.join(sorted(known)[:5])} and the other assets can be made; found "
                "some that wait for each other. Part the asset function that makes several of them."
            )


def _later(parent: Node, child: Node, first: frozenset[Key]) -> int:
    """Waves between an asset and one that reads it: none if one run can make both."""
    along = not parent.partitions and parent.key not in first
    return 0 if parent.location == child.location and (along or parent.partitions == child.partitions) else 1


def _shared(group: Sequence[Node]) -> list[Node]:
    """Unpartitioned assets that partitioned ones of several definitions read, directly or not: no one run makes them
    all, and the runs of one wave do not wait for each other."""
    several = len({node.partitions for node in group if node.partitions}) > 1
    return [node for node in group if several and not node.partitions]


def _bundles(nodes: Sequence[Node], width: int) -> list[Bundle]:
    """Connected assets stay together; groups of one location and partitioning share at most `width` runs."""
    by_run: dict[tuple[str, str], list[list[Node]]] = {}
    partitioned = {(n.location, n.partitions) for n in nodes if n.partitions}
    for group in _connected(nodes):
        location = group[0].location
        own = next((n.partitions for n in group if n.partitions), "")
        # Unpartitioned assets ride along with a partitioned run of their location, if there is one.
        fitting = own or next((p for place, p in sorted(partitioned) if place == location), "")
        by_run.setdefault((location, fitting), []).append(group)
    bundles = []
    for (location, _partitions), groups in by_run.items():
        bins = [Bundle(location) for _ in range(min(width, len(groups)))]
        for group in sorted(groups, key=lambda members: -sum(n.steps for n in members)):
            lightest = min(bins, key=lambda b: b.weight)
            lightest.keys += [n.key for n in group]
            lightest.weight += sum(n.steps for n in group)
        bundles += bins
    return bundles


def _connected(nodes: Sequence[Node]) -> list[list[Node]]:
    """Groups of nodes that are linked by a dependency or made by one step."""
    group_of: dict[Key, int] = {}
    groups: dict[int, list[Node]] = {}
    for index, node in enumerate(nodes):
        linked = {group_of[key] for key in (node.parents | node.together) & group_of.keys()}
        merged = [node]
        for number in linked:
            merged = groups.pop(number) + merged
        groups[index] = merged
        group_of |= {member.key: index for member in merged}
    return list(groups.values())


def stretches(
    wanted: Mapping[Key, Sequence[str] | None],
    all_keys: Mapping[Key, Sequence[str]],
    two_dimensional: Collection[Key] = (),
) -> list[RunOf]:
    """The runs for a bundle.

    Args:
        wanted: the partitions to make of each asset; None for an unpartitioned one; assets without need are absent.
        all_keys: every partition key of each partitioned asset, in order.
        two_dimensional: assets whose keys are two, joined by `|`.

    Assets that want the same partitions share their runs; unpartitioned ones join the first of them.
    """
    alone = [key for key, keys in wanted.items() if keys is None]
    groups: dict[tuple[str, ...], list[Key]] = {}
    for key, keys in wanted.items():
        if keys:
            groups.setdefault(tuple(keys), []).append(key)
    runs: list[RunOf] = []
    for keys, assets in groups.items():
        order = all_keys[assets[0]]
        if assets[0] in two_dimensional:
            runs += [RunOf(tuple(assets), *ends, _area(order, *ends)) for ends in rectangles(order, keys)]
        else:
            runs += [RunOf(tuple(assets), *ends, _length(order, *ends)) for ends in contiguous(order, keys)]
    if alone and runs:
        runs[0] = runs[0]._replace(assets=(*alone, *runs[0].assets))
    elif alone:
        runs.append(RunOf(tuple(alone), None, None, 1))
    return runs


def _length(order: Sequence[str], first: str, last: str) -> int:
    return order.index(last) - order.index(first) + 1


def _area(order: Sequence[str], first: str, last: str) -> int:
    """How many keys a two-dimensional range has: the product of its sides."""
    sides = (list(dict.fromkeys(key.split("|")[part] for key in order)) for part in (0, 1))
    lengths = [
        _length(side, *ends)
        for side, ends in zip(sides, zip(first.split("|"), last.split("|"), strict=True), strict=True)
    ]
    return lengths[0] * lengths[1]
