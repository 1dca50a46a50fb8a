"""The sensor of a source database: what has changed becomes runs, and nothing else does."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from ingestion.source_database.changes import SNAPSHOT, Change, Look, Memory, held_by_lake, look
from ingestion.source_database.database import SourceDatabase
from ingestion.source_database.errors import DatabaseUnreachable
from ingestion.source_database.signature import Signature
from ingestion.source_database.table import SourceTable
from slipway.automation import MAX_RUNS, contiguous
from slipway.automation.ranges import RANGE_END, RANGE_START
from slipway.lake import Lake, LakeIOManager


def changes_sensor(
    name: str, tables: Sequence[SourceTable], resource_key: str, *, seconds: int, recent_days: int
) -> dg.SensorDefinition:
    """Asks the database for what has changed, and requests exactly that."""

    @dg.sensor(
        name=name,
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        target=dg.AssetSelection.assets(*(table.contract.key for table in tables)),
        required_resource_keys={"io_manager", resource_key},
        description=f"Requests what has changed in {len(tables)} tables; deletions in the last {recent_days} days.",
    )
    def changes(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        manager: LakeIOManager = context.resources.io_manager
        database: SourceDatabase = getattr(context.resources, resource_key)
        memory = Memory.from_text(context.cursor)
        looks = [look(database, manager.lake, table, memory, recent_days) for table in tables]
        unreadable = [one for one in looks if one.error is not None]
        for one in unreadable:
            context.log.warning(str(one.error))
        if len(unreadable) == len(looks) and all(isinstance(one.error, DatabaseUnreachable) for one in looks):
            assert looks[0].error is not None
            raise looks[0].error
        for one in unreadable:
            one.changes = _failure(one, manager.lake, memory)
        requests = run_requests(looks, memory)
        return dg.SensorResult(
            run_requests=requests,
            cursor=memory.to_text(),
            skip_reason=None if requests else dg.SkipReason("Nothing has changed in the source."),
        )

    return changes


def run_requests(looks: Iterable[Look], memory: Memory, limit: int = MAX_RUNS) -> list[dg.RunRequest]:
    """Changed snapshots as one run, unreadable tables as one more, changed days as ranges, the newest first.

    `memory` learns what is asked for; a table with days left over is looked at again from where it was.
    """
    looks = list(looks)
    groups: list[tuple[list[Change], dict[str, str]]] = []
    for failed in (False, True):
        snapshots = [
            change
            for one in looks
            for change in one.changes
            if change.partition == SNAPSHOT and (one.error is not None) == failed
        ]
        if snapshots:
            groups.append((snapshots, {}))
    ranges: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in looks:
        changed = {change.partition: change for change in one.changes if change.partition != SNAPSHOT}
        if changed:
            for first, last in contiguous(one.table.days_until(max(changed)), list(changed)):
                # Tables with the same stretch of days share a run; a step of one can fail without the others'.
                ranges[first, last] += [change for day, change in changed.items() if first <= day <= last]
    for (first, last), stretch in sorted(ranges.items(), key=lambda item: item[0][1], reverse=True):
        groups.append((stretch, {RANGE_START: first, RANGE_END: last}))
    requests = []
    for group, tags in groups[:limit]:
        requests.append(_request(group, tags))
        for change in group:
            memory.ask(change)
    left = {change.table.name for group, _tags in groups[limit:] for change in group}
    for one in looks:
        if one.error is None and one.table.name not in left:
            memory.newest[one.table.name] = one.newest
    return requests


def _request(changes: Sequence[Change], tags: Mapping[str, str]) -> dg.RunRequest:
    keys = list(dict.fromkeys(change.table.contract.key for change in changes))
    # The key names the step from what the lake has to what the source has. Asked for twice it starts once, also when
    # the cursor was lost in between; a source that goes back to what it was (A -> B -> A) is another step.
    steps = hashlib.blake2b("\n".join(sorted(map(str, changes))).encode(), digest_size=8).hexdigest()
    names = "+".join(sorted({change.table.name for change in changes}))
    what = names if len(names) <= 60 else f"{len(keys)} tables"
    days = " ".join(tags.values())
    return dg.RunRequest(run_key=" ".join(filter(None, (what, days, steps))), asset_selection=keys, tags=dict(tags))


def _failure(one: Look, lake: Lake, memory: Memory) -> list[Change]:
    """A table that cannot be read is requested once: as a failed run it is seen, in a sensor's log it is not."""
    partition = SNAPSHOT
    if one.table.day is not None:
        taken = [dims["day"] for dims, _size in lake.partitions(one.table.contract.path)]
        newest = max(taken, default=one.table.days.get_last_partition_key())
        if newest is None:
            return []
        partition = newest
    now = Signature.unreadable(type(one.error).__name__)
    if memory.asked.get(one.table.name, {}).get(partition) == now:
        return []
    return [Change(one.table, partition, now, held_by_lake(lake, one.table, [partition])[partition][1])]
