"""The assets of all code locations as one graph: what is made, from what, on which partitions, and when it is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from slipway.calendar import Deadline
from slipway.quality import Contract, declared_tables


@dataclass(frozen=True)
class Input:
    """An upstream asset, and which of its partitions a partition reads."""

    key: dg.AssetKey
    mapping: dg.PartitionMapping
    rebuilds: bool = True
    """Whether a change of it makes a partition stale; see `observed_assets`."""


@dataclass(frozen=True, eq=False)
class ObservedAsset:
    """One asset, as its own location declares it.

    Attributes:
        layer: the group it is shown in.
        made_here: whether a location materializes it; else it is only read, or written along with another one.
        declared: whether it has a contract, so that the lake recorded the versions that each partition was made from.
        blocking_checks: those whose failure means that the partition cannot be relied on.
    """

    key: dg.AssetKey
    layer: str
    partitions: dg.PartitionsDefinition | None = None
    due: Deadline | None = None
    made_here: bool = True
    declared: bool = True
    code_version: str | None = None
    inputs: tuple[Input, ...] = ()
    blocking_checks: tuple[dg.AssetCheckKey, ...] = ()
    location: str = ""

    @property
    def name(self) -> str:
        return "/".join(self.key.path)


@dataclass(frozen=True)
class Assets:
    """All assets by key, upstream before downstream."""

    by_key: Mapping[dg.AssetKey, ObservedAsset] = field(default_factory=dict)

    def __getitem__(self, key: dg.AssetKey) -> ObservedAsset:
        return self.by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self.by_key

    def made(self) -> list[ObservedAsset]:
        """Those that the locations materialize."""
        return [asset for asset in self.by_key.values() if asset.made_here]


Source = dg.Definitions | BaseAssetGraph[Any]
"""A location's definitions, or a graph of assets (that of a workspace's code servers, say)."""


def observed_assets(
    definitions: Mapping[str, Source] | Sequence[Source],
    contracts: Sequence[Contract] | None = None,
) -> Assets:
    """Put the locations' definitions together.

    A table that one location makes and another reads is in both; the maker's definition counts. An input that the
    asset's automation condition ignores does not make a partition stale: the definitions say that a change of it alone
    rebuilds nothing (a snapshot that concerns few days, which a sensor then requests).

    Args:
        definitions: or graphs, of each location, by name or in a row.
        contracts: where the deadlines stand; default: every declared table.
    """
    named = definitions.items() if isinstance(definitions, Mapping) else enumerate(definitions)
    known = {c.path: c for c in (declared_tables() if contracts is None else contracts)}
    found: dict[dg.AssetKey, ObservedAsset] = {}
    for location, defs in named:
        graph = defs.resolve_asset_graph() if isinstance(defs, dg.Definitions) else defs
        for key in graph.toposorted_asset_keys:
            asset = _observed(graph, key, str(location), known.get(tuple(key.path)))
            if key not in found or (asset.made_here and not found[key].made_here):
                found[key] = asset
    return Assets({key: found[key] for key in _upstream_first(found)})


def _observed(graph: BaseAssetGraph[Any], key: dg.AssetKey, location: str, contract: Contract | None) -> ObservedAsset:
    node = graph.get(key)
    ignored = _ignored(node.automation_condition, graph)
    return ObservedAsset(
        key=key,
        layer=node.group_name if node.group_name != "default" else key.path[0],
        partitions=node.partitions_def,
        due=contract.due if contract else None,
        made_here=node.is_materializable,
        declared=contract is not None,
        code_version=node.code_version,
        inputs=tuple(
            Input(parent, graph.get_partition_mapping(key, parent), parent not in ignored)
            for parent in sorted(node.parent_keys)
            if parent != key
        ),
        blocking_checks=tuple(
            check for check in sorted(node.check_keys, key=str) if node.is_materializable and graph.get(check).blocking
        ),
        location=location,
    )


def _ignored(condition: Any, graph: BaseAssetGraph[Any]) -> set[dg.AssetKey]:
    """Assets whose changes the condition does not look at. Read from the condition itself, so that the decision stands
    in one place: where the asset is defined."""
    if condition is None:
        return set()
    selection = getattr(condition, "ignore_selection", None)
    own = set(selection.resolve(graph, allow_missing=True)) if isinstance(selection, dg.AssetSelection) else set()
    return own.union(*(_ignored(child, graph) for child in condition.children))


def _upstream_first(assets: Mapping[dg.AssetKey, ObservedAsset]) -> Iterator[dg.AssetKey]:
    done: set[dg.AssetKey] = set()

    def visit(key: dg.AssetKey) -> Iterator[dg.AssetKey]:
        if key in done or key not in assets:
            return
        done.add(key)
        for one in assets[key].inputs:
            yield from visit(one.key)
        yield key

    for key in sorted(assets):
        yield from visit(key)
