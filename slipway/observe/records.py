"""What the Dagster instance has on record of an asset, in few queries: its partitions, attempts and failed checks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
)
from dagster._core.event_api import EventLogRecord
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from slipway.observe.assets import ObservedAsset
from slipway.observe.expected import WHOLE

_AT_ONCE = 1000
Item = TypeVar("Item")


@dataclass(frozen=True)
class Made:
    """The latest materialization of a partition.

    Attributes:
        event: its id in the event log; ids grow with time.
        at: seconds since 1970.
        version: its data version, if one was recorded.
        inputs: data version read of each upstream asset, by its key as text.
        pointers: the newest event of each upstream asset then.
    """

    event: int
    run_id: str
    at: float
    version: str | None = None
    code_version: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    pointers: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, record: EventLogRecord) -> Made:
        """From the record of a materialization; what its run's tags do not say is left empty."""
        materialization = record.asset_materialization
        tags: Mapping[str, str] = (materialization.tags if materialization else None) or {}
        pointers = _below(tags, INPUT_EVENT_POINTER_TAG_PREFIX)
        return cls(
            event=record.storage_id,
            run_id=record.run_id,
            at=record.timestamp,
            version=tags.get(DATA_VERSION_TAG),
            code_version=tags.get(CODE_VERSION_TAG),
            inputs=_below(tags, INPUT_DATA_VERSION_TAG_PREFIX),
            pointers={key: int(event) for key, event in pointers.items() if event.isdigit()},
        )


@dataclass(frozen=True)
class Attempt:
    """A run that was to make a partition and has not (yet)."""

    run_id: str
    running: bool


class Records:
    """Reads the instance; what was read once is kept, so one object is one look at the instance."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.dynamic_keys = cache(instance.get_dynamic_partitions)
        self.events = cache(self._events)
        self.versions = cache(self._versions)
        self.made = cache(self.read_made)

    # -- materializations; partitions are keys, WHOLE for an asset without partitions

    def _events(self, asset: ObservedAsset) -> Mapping[str, int]:
        """Event id of each partition's latest materialization."""
        if asset.partitions is None:
            record = self._latest(asset.key)
            return {WHOLE: record.storage_id} if record else {}
        return self.instance.event_log_storage.get_latest_storage_id_by_partition(
            asset.key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )

    def _versions(self, asset: ObservedAsset) -> Mapping[str, str]:
        """Data version of each materialized partition that has one on record."""
        if asset.partitions is None:
            record = self._latest(asset.key)
            version = Made.of(record).version if record else None
            return {WHOLE: version} if version else {}
        return self.versions_before(asset, None)

    def versions_before(self, asset: ObservedAsset, event: int | None) -> dict[str, str]:
        """Data versions as they were before an event."""
        found = self.instance.event_log_storage.get_latest_tags_by_partition(
            asset.key, dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION_TAG], before_cursor=event
        )
        return {partition: tags[DATA_VERSION_TAG] for partition, tags in found.items()}

    def read_made(self, asset: ObservedAsset) -> Mapping[str, Made]:
        """Each materialized partition with what it was made from; `made` keeps the answer."""
        if asset.partitions is None:
            record = self._latest(asset.key)
            return {WHOLE: Made.of(record)} if record else {}
        return self.made_at(asset, {event: partition for partition, event in self.events(asset).items()})

    def made_at(self, asset: ObservedAsset, by_id: Mapping[int, str]) -> dict[str, Made]:
        """The materializations of these events: event id -> partition."""
        found: dict[str, Made] = {}
        for ids in _chunks(sorted(by_id)):
            wanted = dg.AssetRecordsFilter(asset_key=asset.key, storage_ids=ids)
            for record in self.instance.fetch_materializations(wanted, limit=_AT_ONCE).records:
                found[by_id[record.storage_id]] = Made.of(record)
        return found

    def _latest(self, key: dg.AssetKey) -> EventLogRecord | None:
        [*records] = self.instance.get_asset_records([key])
        return records[0].asset_entry.last_materialization_record if records else None

    # -- what went wrong since

    def attempts(self, asset: ObservedAsset) -> dict[str, Attempt]:
        """Partitions whose latest attempt came after their latest materialization, and failed or still runs."""
        runs = {partition: run_id for partition, (run_id, _event) in self.attempts_without_result(asset).items()}
        statuses = self._statuses(set(runs.values()))
        found = {}
        for partition, run_id in runs.items():
            status = statuses.get(run_id)
            if status is None or status in (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS):
                continue  # given up by hand or forgotten: the partition is as it was
            found[partition] = Attempt(run_id, running=status not in FINISHED_STATUSES)
        return found

    def attempts_without_result(self, asset: ObservedAsset) -> Mapping[str, tuple[str, int]]:
        """Partitions whose latest attempt has made nothing (yet): its run, and the event at which it was planned."""
        storage = self.instance.event_log_storage
        if asset.partitions is not None:
            return storage.get_latest_asset_partition_materialization_attempts_without_materializations(asset.key)
        planned = storage.get_latest_planned_materialization_info(asset.key)
        if planned is None or planned.storage_id < self.events(asset).get(WHOLE, 0):
            return {}
        return {WHOLE: (planned.run_id, planned.storage_id)}

    def _statuses(self, run_ids: Collection[str]) -> dict[str, dg.DagsterRunStatus]:
        return {
            run.run_id: run.status
            for ids in _chunks(sorted(run_ids))
            for run in self.instance.get_runs(filters=dg.RunsFilter(run_ids=ids))
        }

    def failed_checks(self, asset: ObservedAsset) -> dict[str, tuple[dg.AssetCheckKey, str]]:
        """Partitions whose latest evaluation of a blocking check failed: the check, and the run."""
        if not asset.blocking_checks:
            return {}
        found = {}
        for info in self.instance.event_log_storage.get_asset_check_partition_info(list(asset.blocking_checks)):
            if info.latest_execution_status == AssetCheckExecutionRecordStatus.FAILED:
                found[info.partition_key or WHOLE] = (info.check_key, info.latest_planned_run_id)
        return found


def _below(tags: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {tag.removeprefix(f"{prefix}/"): value for tag, value in tags.items() if tag.startswith(f"{prefix}/")}


def _chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield list(items[start : start + _AT_ONCE])
