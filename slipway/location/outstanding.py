"""Partitions that should be made (again), can be, and are not on their way.

An automation condition sees changes as they happen, and Dagster's forgets some: an input that changes while the
partition is being made from what it was before (the run's end counts as having handled the change), and all that
changed before the condition was evaluated for the first time. Here nothing is remembered: what a partition was made
from is compared with what there is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

from slipway.automation import FOLLOWS_TAG
from slipway.automation.condition import LABEL
from slipway.observe.assets import Assets, Input, ObservedAsset, observed_assets
from slipway.observe.expected import WHOLE, expected
from slipway.observe.freshness import _partitions_read as partitions_read
from slipway.observe.freshness import stale_partitions
from slipway.observe.records import Made, Records
from slipway.quality import Contract

_ACTIVE = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]


class Followers:
    """A location's assets that are made when their inputs change, with all that they read.

    Attributes:
        assets: of the location, upstream first; tables that other locations make are among them.
        by_condition: those that the automation condition requests.
        tagged: those that only a sensor of the location requests.
    """

    def __init__(self, repository: dg.RepositoryDefinition, contracts: Sequence[Contract]) -> None:
        graph = repository.asset_graph
        known = {contract.key: contract for contract in contracts}
        found = observed_assets([graph], contracts)
        # Another location's checks are not among this one's definitions, but its tables' contracts tell them.
        self.assets = Assets(
            {
                key: asset if asset.made_here or key not in known else replace(asset, blocking_checks=_checks(known[key]))
                for key, asset in found.by_key.items()
            }
        )
        made = [asset.key for asset in self.assets.made()]
        conditions = {key: graph.get(key).automation_condition for key in made}
        self.by_condition = {key for key, found in conditions.items() if found is not None and found.get_label() == LABEL}
        self.tagged = {key for key in made if FOLLOWS_TAG in graph.get(key).tags}

    @property
    def keys(self) -> list[dg.AssetKey]:
        return [asset.key for asset in self.assets.made() if asset.key in self.by_condition | self.tagged]


def outstanding(
    instance: dg.DagsterInstance, followers: Followers, at: dt.datetime
) -> dict[dg.AssetKey, tuple[str, ...]]:
    """Partitions by asset, upstream assets first; `WHOLE` for an asset without partitions.

    Left out are those of which an input is missing, is being made, is itself outstanding or was refused; those that are
    being made; and those whose last attempt had the same inputs and came to nothing.
    """
    assets = followers.assets
    records = _Suspects(instance, assets)
    backfilled = _being_backfilled(instance)
    found: dict[dg.AssetKey, tuple[str, ...]] = {}
    wanted: dict[dg.AssetKey, Collection[str]] = {}
    with dg.partition_loading_context(effective_dt=at, dynamic_partitions_store=instance):
        for key in followers.keys:
            asset = assets[key]
            calendar = expected(asset.partitions, asset.due, at, records.dynamic_keys)
            there = records.events(asset)
            stale = stale_partitions(asset, calendar, assets, records)
            wanted[key] = {partition for partition in calendar.over if partition not in there or partition in stale}
            if not wanted[key] or backfilled & {key, *(one.key for one in asset.inputs)}:
                continue
            ready = _Readiness(asset, assets, records, wanted)
            possible = tuple(partition for partition in calendar.over if partition in wanted[key] and ready(partition))
            if possible:
                found[key] = possible
    return found


def newest_events(instance: dg.DagsterInstance, assets: Assets) -> dict[str, int]:
    """The newest materialization of each asset: as long as it stays, nothing new can be outstanding."""
    records = instance.get_asset_records(list(assets.by_key))
    newest = {record.asset_entry.asset_key: record.asset_entry.last_materialization_storage_id for record in records}
    return {asset.name: newest.get(key) or 0 for key, asset in assets.by_key.items()}


class _Suspects(Records):
    """Records that load a partition's own materialization, with all that was said of it, only where an input has
    changed since its run was planned: of a year, that is some days."""

    def __init__(self, instance: dg.DagsterInstance, assets: Assets) -> None:
        super().__init__(instance)
        self._assets = assets

    def _made(self, asset: ObservedAsset) -> Mapping[str, Made]:
        if asset.partitions is None:
            return super()._made(asset)
        planned = self.instance.event_log_storage.get_latest_storage_id_by_partition(
            asset.key, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        )
        events = self.events(asset)
        newest = _newest_inputs(asset, self._assets, self)
        suspects = {key for key in events if newest(key) > planned.get(key, 0)}
        return {key: made for key, made in self._load({key: events[key] for key in suspects}, asset).items()}

    def _load(self, wanted: Mapping[str, int], asset: ObservedAsset) -> Mapping[str, Made]:
        trimmed = Records(self.instance)
        trimmed.events = lambda _asset: wanted  # type: ignore[method-assign, assignment]
        return trimmed._made(asset)


class _Readiness:
    """Whether a partition can be made now, and was not tried with the same inputs."""

    def __init__(
        self,
        asset: ObservedAsset,
        assets: Assets,
        records: Records,
        wanted: Mapping[dg.AssetKey, Collection[str]],
    ) -> None:
        self._inputs = [
            _InputState(one, asset, assets[one.key], records, wanted.get(one.key, ()))
            for one in asset.inputs
            if one.key in assets and _is_materialized(assets[one.key], records)
        ]
        self._unknown = any(
            one.key in assets and assets[one.key].declared and not _is_materialized(assets[one.key], records)
            for one in asset.inputs
        )
        self._newest = _newest_inputs(asset, assets, records)
        self._attempts = _attempts(asset, records)

    def __call__(self, partition: str) -> bool:
        if self._unknown or not all(state.ready(partition) for state in self._inputs):
            return False
        attempt = self._attempts.get(partition)
        return attempt is None or attempt < self._newest(partition)


class _InputState:
    """One input's partitions: which are there, being made, refused, or to be made first."""

    def __init__(
        self,
        one: Input,
        asset: ObservedAsset,
        upstream: ObservedAsset,
        records: Records,
        wanted: Collection[str],
    ) -> None:
        self._read = partitions_read(asset, one, upstream)
        self._there = records.events(upstream)
        running = {key for key, attempt in records.attempts(upstream).items() if attempt.running}
        self._unfit = {*running, *records.failed_checks(upstream), *(wanted if one.rebuilds else ())}

    def ready(self, partition: str) -> bool:
        return all(key in self._there and key not in self._unfit for key in self._read(partition))


def _is_materialized(asset: ObservedAsset, records: Records) -> bool:
    return bool(records.events(asset))


def _newest_inputs(asset: ObservedAsset, assets: Assets, records: Records) -> Callable[[str], int]:
    """The newest event among the partitions that a partition reads; 0 where there is none."""
    inputs = [
        (partitions_read(asset, one, assets[one.key]), records.events(assets[one.key]))
        for one in asset.inputs
        if one.key in assets
    ]

    def newest(partition: str) -> int:
        return max((events.get(key, 0) for read, events in inputs for key in read(partition)), default=0)

    return newest


def _attempts(asset: ObservedAsset, records: Records) -> dict[str, int]:
    """Partitions whose last attempt has made nothing (yet), with the event at which it was planned. How it ended does
    not matter: who cancels a run does not want it again at once."""
    storage = records.instance.event_log_storage
    if asset.partitions is not None:
        found = storage.get_latest_asset_partition_materialization_attempts_without_materializations(asset.key)
        return {partition: event for partition, (_run, event) in found.items()}
    planned = storage.get_latest_planned_materialization_info(asset.key)
    if planned is None or planned.storage_id < records.events(asset).get(WHOLE, 0):
        return {}
    return {WHOLE: planned.storage_id}


def _being_backfilled(instance: dg.DagsterInstance) -> set[dg.AssetKey]:
    active = instance.get_backfills(filters=BulkActionsFilter(statuses=_ACTIVE))
    return {key for backfill in active for key in backfill.asset_selection or ()}


def _checks(contract: Contract) -> tuple[dg.AssetCheckKey, ...]:
    return tuple(spec.key for spec in contract.check_specs if spec.blocking)


def _unused() -> Iterator[None]:  # pragma: no cover
    yield
