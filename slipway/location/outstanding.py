"""Partitions that should be made (again), can be, and are not on their way.

An automation condition sees changes as they happen, and Dagster's forgets some: an input that changes while the
partition is being made from what it was before (the run's end counts as having handled the change), and all that
changed before the condition was evaluated for the first time. Here nothing is remembered: what a partition was made
from is compared with what there is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import dagster as dg

from slipway.automation import being_backfilled
from slipway.automation.condition import BY_SENSOR_TAG, follows_inputs
from slipway.observe.assets import Assets, Input, ObservedAsset, observed_assets
from slipway.observe.expected import expected
from slipway.observe.freshness import CODE, partitions_read, stale_partitions
from slipway.observe.records import Made, Records
from slipway.quality import Contract

MISSING = "missing"


class Followers:
    """A location's assets that are made when their inputs change, with all that they read.

    Attributes:
        assets: of the location, upstream first, beside the tables of other locations that they read.
        keys: those that are made when their inputs change.
        by_sensor: those among them that no automation condition requests.
        together: for each, the assets that its step makes at one time.
    """

    def __init__(self, repository: dg.RepositoryDefinition, contracts: Sequence[Contract]) -> None:
        graph = repository.asset_graph
        known = {contract.key: contract for contract in contracts}
        found = observed_assets([graph], contracts)
        # Another location's checks are not among this one's definitions, but its tables' contracts tell them.
        foreign = {
            key: replace(asset, blocking_checks=_checks(known[key]))
            for key, asset in found.by_key.items()
            if key in known and not asset.made_here
        }
        self.assets = Assets({**found.by_key, **foreign})
        nodes = {asset.key: graph.get(asset.key) for asset in self.assets.made()}
        self.by_sensor = {key for key, node in nodes.items() if BY_SENSOR_TAG in node.tags}
        self.keys = [key for key, node in nodes.items() if follows_inputs(node.to_asset_spec())]
        self.together = {key: tuple(sorted({key, *nodes[key].execution_set_asset_keys})) for key in self.keys}

    def dynamic_names(self) -> set[str]:
        """The dynamic partitions definitions in use: a new key of theirs is a partition that is missing."""
        definitions: list[dg.PartitionsDefinition | None] = []
        for key in self.keys:
            partitions = self.assets[key].partitions
            if isinstance(partitions, dg.MultiPartitionsDefinition):
                definitions += [dimension.partitions_def for dimension in partitions.partitions_defs]
            definitions.append(partitions)
        return {d.name for d in definitions if isinstance(d, dg.DynamicPartitionsDefinition) and d.name}


@dataclass
class Outstanding:
    """What a look has found.

    Attributes:
        causes: for each asset, upstream first, its partitions in order and why each is outstanding.
        waiting: whether more will be, when runs or backfills that are under way have ended, however they end.
    """

    causes: dict[dg.AssetKey, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    waiting: bool = False


def outstanding(instance: dg.DagsterInstance, followers: Followers, at: dt.datetime) -> Outstanding:
    """Compare what the location's partitions were made from with what there is.

    Left out are partitions of which an input is missing, is being made, is to be made first or was refused; those that
    are being made; and those whose last attempt had the same inputs and came to nothing.
    """
    assets, records = followers.assets, _Suspects(instance, followers.assets)
    # First what is under way, then what there is: a partition that is made in between must not look forgotten.
    backfilled = being_backfilled(instance)
    running = {key: _running(asset, records) for key, asset in assets.by_key.items()}
    attempts = {key: _attempts(assets[key], records) for key in followers.keys}
    found = Outstanding()
    wanted: dict[dg.AssetKey, Collection[str]] = {}
    with dg.partition_loading_context(effective_dt=at, dynamic_partitions_store=instance):
        for key in followers.keys:
            asset = assets[key]
            calendar = expected(asset.partitions, asset.due, at, records.dynamic_keys)
            there = records.events(asset)
            stale = stale_partitions(asset, calendar, assets, records)
            causes = {
                partition: stale[partition] if partition in there else (MISSING,)
                for partition in calendar.over
                # A new version of the code alone rebuilds nothing: that is for whoever has deployed it to decide.
                if partition not in there or set(stale.get(partition, ())) - {CODE}
            }
            wanted[key] = causes
            if not causes:
                continue
            if backfilled & {key, *(one.key for one in asset.inputs)}:
                found.waiting = True
                continue
            state_of = _States(asset, assets, records, running, attempts[key], wanted)
            states = {partition: state_of(partition) for partition in causes}
            found.waiting |= "under way" in states.values()
            if ready := {partition: cause for partition, cause in causes.items() if states[partition] == "ready"}:
                found.causes[key] = ready
    return found


def newest_events(instance: dg.DagsterInstance, followers: Followers) -> dict[str, int]:
    """The newest materialization of each asset: as long as they stay, nothing new can be outstanding."""
    records = instance.get_asset_records(list(followers.assets.by_key))
    return {
        record.asset_entry.asset_key.to_user_string(): record.asset_entry.last_materialization_storage_id or 0
        for record in records
    }


class _Suspects(Records):
    """Records that load a partition's own materialization, with all that was said of it, only where an input has
    changed since its run was planned: of a year's partitions, some."""

    def __init__(self, instance: dg.DagsterInstance, assets: Assets) -> None:
        super().__init__(instance)
        self._assets = assets

    def read_made(self, asset: ObservedAsset) -> Mapping[str, Made]:
        if asset.partitions is None:
            return super().read_made(asset)
        planned = self.instance.event_log_storage.get_latest_storage_id_by_partition(
            asset.key, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        )
        newest = _newest_inputs(asset, self._assets, self)
        suspects = {
            event: partition
            for partition, event in self.events(asset).items()
            if newest(partition) > planned.get(partition, 0)
        }
        return self.made_at(asset, suspects)


class _States:
    """Whether a partition that is wanted can be made now, waits for what is under way, or must wait for an event."""

    def __init__(
        self,
        asset: ObservedAsset,
        assets: Assets,
        records: Records,
        running: Mapping[dg.AssetKey, Collection[str]],
        attempts: Mapping[str, int],
        wanted: Mapping[dg.AssetKey, Collection[str]],
    ) -> None:
        self._inputs = [
            _Input(one, asset, assets[one.key], records, running[one.key], wanted.get(one.key, ()))
            for one in asset.inputs
            if one.key in assets
        ]
        self._running = running[asset.key]
        self._newest = _newest_inputs(asset, assets, records)
        self._attempts = attempts

    def __call__(self, partition: str) -> Literal["ready", "under way", "held"]:
        if partition in self._running or any(one.running(partition) for one in self._inputs):
            return "under way"
        if not all(one.fit(partition) for one in self._inputs):
            return "held"
        attempt = self._attempts.get(partition)
        return "ready" if attempt is None or attempt < self._newest(partition) else "held"


class _Input:
    """One input's partitions: which are there, are being made, were refused, or are to be made first."""

    def __init__(
        self,
        one: Input,
        asset: ObservedAsset,
        upstream: ObservedAsset,
        records: Records,
        running: Collection[str],
        wanted: Collection[str],
    ) -> None:
        self._read = partitions_read(asset, one, upstream)
        self._there = records.events(upstream)
        self._running = running
        self._unfit = {*records.failed_checks(upstream), *wanted}

    def running(self, partition: str) -> bool:
        return bool(self._running) and any(key in self._running for key in self._read(partition))

    def fit(self, partition: str) -> bool:
        return all(key in self._there and key not in self._unfit for key in self._read(partition))


def _running(asset: ObservedAsset, records: Records) -> set[str]:
    return {partition for partition, attempt in records.attempts(asset).items() if attempt.running}


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
    """Partitions whose last attempt has made nothing, with the event at which it was planned. How it ended does not
    matter: who cancels a run does not want it again at once."""
    return {partition: event for partition, (_run_id, event) in records.attempts_without_result(asset).items()}


def _checks(contract: Contract) -> tuple[dg.AssetCheckKey, ...]:
    return tuple(spec.key for spec in contract.check_specs if spec.blocking)
