"""Which runs bring a platform up to date, and in which order: pure functions over a description of its assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from slipway.automation.ranges import contiguous

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
    """Bundles in the order in which they must run; those of one wave can run side by side, at most `width` of them.

    An asset is in an earlier wave than another that reads it, unless one run can make both: same location, and
    partitions of the same definition (or none).

    Args:
        nodes: in topological order.
    """
    wave_of: dict[Key, int] = {}
    known = {node.key: node for node in nodes}
    for node in nodes:
        level = 0
        for parent in node.parents & wave_of.keys():
            same_run = known[parent].location == node.location and (
                not known[parent].partitions or known[parent].partitions == node.partitions
            )
            level = max(level, wave_of[parent] + (0 if same_run else 1))
        wave_of[node.key] = level
    for node in nodes:  # what one step makes runs at one time
        wave_of[node.key] = max((wave_of[key] for key in node.together if key in wave_of), default=wave_of[node.key])
    result = []
    for level in sorted(set(wave_of.values())):
        members = [node for node in nodes if wave_of[node.key] == level]
        result.append(_bundles(members, width))
    return result


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
    wanted: Mapping[Key, Sequence[str] | None], all_keys: Mapping[Key, Sequence[str]]
) -> list[RunOf]:
    """The runs for a bundle.

    Args:
        wanted: the partitions to make of each asset; None for an unpartitioned one; assets without need are absent.
        all_keys: every partition key of each partitioned asset, in order.

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
        position = {key: index for index, key in enumerate(order)}
        for first, last in contiguous(order, keys):
            count = position[last] - position[first] + 1
            runs.append(RunOf(tuple(assets), first, last, count))
    if alone and runs:
        runs[0] = runs[0]._replace(assets=(*alone, *runs[0].assets))
    elif alone:
        runs.append(RunOf(tuple(alone), None, None, 1))
    return runs
