"""What is missing, and what was made from inputs that have changed since.

Every partition of a declared table carries the data version of each input that it was made from (several partitions of
an input are joined into one version). The same is worked out here from the versions as they are now: if the two differ,
the partition is stale. So a backfill that brings back the same content makes nothing stale, and a correction of a day
makes stale exactly what read that day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from slipway.lake.lake import joint_version
from slipway.observe.assets import Assets, Input, ObservedAsset, Source, observed_assets
from slipway.observe.expected import WHOLE, Expected, expected
from slipway.observe.records import Made, Records
from slipway.quality import Contract

CODE = "code version"


@dataclass(frozen=True)
class Needs:
    """Partitions of an asset that should be made (again), oldest first; `WHOLE` for an asset without partitions.

    Attributes:
        missing: their window is over and they were never made.
        stale: an input has other data than they were made from, or the asset's code version is another one.
        causes: for each stale partition, the inputs that changed (as text), or "code version".
    """

    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    causes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale)

    @property
    def all(self) -> tuple[str, ...]:
        """Missing and stale ones; a partition is never both."""
        return (*self.missing, *self.stale)


def missing_and_stale(
    instance: dg.DagsterInstance,
    definitions: Mapping[str, Source] | Sequence[Source] | Assets,
    *,
    only: Collection[dg.AssetKey] | None = None,
    at: dt.datetime | None = None,
    contracts: Sequence[Contract] | None = None,
) -> dict[dg.AssetKey, Needs]:
    """What of each asset is to be made (again), upstream assets first.

    It looks one step back only: while an input is stale itself, what depends on it counts as fresh. So whoever
    materializes by it goes through the assets in this order and asks again after each (`only`).

    Args:
        definitions: of all locations (or their asset graphs); or `observed_assets` of them, worth keeping when asked
            repeatedly.
        only: assets to look at; default: all that the locations materialize.
        at: the moment at which windows are over or not; default: now.
    """
    assets = definitions if isinstance(definitions, Assets) else observed_assets(definitions, contracts)
    moment = at or dt.datetime.now(dt.UTC)
    records = Records(instance)
    with dg.partition_loading_context(effective_dt=moment, dynamic_partitions_store=instance):
        return {
            asset.key: needs(asset, assets, records, moment)
            for asset in assets.made()
            if only is None or asset.key in only
        }


def needs(asset: ObservedAsset, assets: Assets, records: Records, at: dt.datetime) -> Needs:
    """What of one asset is missing and stale. Call it within a `dg.partition_loading_context` of the same moment."""
    calendar = expected(asset.partitions, asset.due, at, records.dynamic_keys)
    there = records.events(asset)
    causes = stale_partitions(asset, calendar, assets, records)
    return Needs(
        missing=tuple(key for key in calendar.over if key not in there),
        stale=tuple(key for key in calendar.existing if key in causes),
        causes=causes,
    )


def stale_partitions(
    asset: ObservedAsset, calendar: Expected, assets: Assets, records: Records
) -> dict[str, tuple[str, ...]]:
    """Partitions that were made from something else than there is now, each with its causes."""
    inputs = [(one, assets[one.key]) for one in asset.inputs if one.rebuilds and one.key in assets]
    if not inputs and asset.code_version is None:
        return {}
    existing = set(calendar.existing)
    made = {key: record for key, record in records.made(asset).items() if key in existing}
    causes: dict[str, list[str]] = {}
    for one, upstream in inputs:
        changed = _changed_since_read if asset.declared else _changed_since_event
        for key in changed(asset, one, upstream, made, records):
            causes.setdefault(key, []).append(upstream.name)
    for key, record in made.items():
        # Without tags of its own (a partition that was reported by hand) nothing is known of how it was made.
        if asset.code_version and record.code_version and record.code_version != asset.code_version:
            causes.setdefault(key, []).append(CODE)
    return {key: tuple(found) for key, found in causes.items()}


def _changed_since_read(
    asset: ObservedAsset, one: Input, upstream: ObservedAsset, made: Mapping[str, Made], records: Records
) -> Iterable[str]:
    """For declared tables: compare the version that was read with the one that a read would give now."""
    there, versions = records.events(upstream), records.versions(upstream)
    name = upstream.key.to_user_string()
    read = partitions_read(asset, one, upstream)
    for key, record in made.items():
        if not record.inputs:
            continue
        recorded = record.inputs.get(name)
        if recorded is None:
            yield key  # it reads this input only since
            continue
        now = [partition for partition in read(key) if partition in there]
        if not all(partition in versions for partition in now):
            continue  # reported by hand without a version: nothing to compare
        if not now and upstream.partitions is None:
            continue
        if recorded != joint_version({partition or None: versions[partition] for partition in now}):
            yield key


def _changed_since_event(
    asset: ObservedAsset, one: Input, upstream: ObservedAsset, made: Mapping[str, Made], records: Records
) -> Iterable[str]:
    """For plain assets, whose recorded versions are Dagster's (in a run over many partitions: of all of them together):
    compare the versions before and after the newest event that the run knew of. So does Dagster itself."""
    there, versions = records.events(upstream), records.versions(upstream)
    name = upstream.key.to_user_string()
    read = partitions_read(asset, one, upstream)
    before: dict[int, Mapping[str, str]] = {}
    for key, record in made.items():
        if upstream.partitions is None:
            if name in record.inputs and WHOLE in versions and record.inputs[name] != versions[WHOLE]:
                yield key
            continue
        pointer = record.pointers.get(name)
        newer = [p for p in read(key) if pointer is not None and there.get(p, 0) > pointer]
        if not newer or pointer is None:
            continue
        if pointer not in before:
            before[pointer] = records.versions_before(upstream, pointer + 1)
        if any(before[pointer].get(p) != versions.get(p) for p in newer):
            yield key


def partitions_read(asset: ObservedAsset, one: Input, upstream: ObservedAsset) -> Callable[[str], Sequence[str]]:
    """Which partitions of an input a partition of an asset reads, as a function of its key.

    Call that function within a `dg.partition_loading_context`. An input without partitions is read as `WHOLE`.

    Args:
        one: the input, as the asset declares it.
        upstream: the same asset, as observed.
    """
    own, theirs, mapping = asset.partitions, upstream.partitions, one.mapping
    if theirs is None:
        return lambda _key: (WHOLE,)
    if own == theirs and _is_identity(mapping):
        return lambda key: (key,)
    known: dict[str, Sequence[str]] = {}

    def read(key: str) -> Sequence[str]:
        # In two dimensions, all keys of a day read the same day: ask once.
        if isinstance(own, dg.MultiPartitionsDefinition) and isinstance(
            mapping, dg.MultiToSingleDimensionPartitionMapping
        ):
            name = mapping.partition_dimension_name or _shared_dimension(own, theirs)
            if name is not None:
                return (own.get_partition_key_from_str(key).keys_by_dimension[name],)
        if key not in known:
            subset = own.subset_with_partition_keys([key]) if own is not None else None
            result = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, own, theirs)
            known[key] = sorted(result.partitions_subset.get_partition_keys())
        return known[key]

    return read


def _shared_dimension(own: dg.MultiPartitionsDefinition, theirs: dg.PartitionsDefinition) -> str | None:
    names = [dimension.name for dimension in own.partitions_defs if dimension.partitions_def == theirs]
    return names[0] if len(names) == 1 else None


def _is_identity(mapping: dg.PartitionMapping) -> bool:
    if isinstance(mapping, dg.TimeWindowPartitionMapping):
        return mapping.start_offset == 0 and mapping.end_offset == 0
    return isinstance(mapping, dg.IdentityPartitionMapping)
