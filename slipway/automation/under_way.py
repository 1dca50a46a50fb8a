"""What runs and backfills are making at the moment."""

from __future__ import annotations

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

_ACTIVE = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]


def under_way(instance: dg.DagsterInstance, asset: dg.AssetKey) -> bool:
    """Whether a run (queued or started) or a backfill is to make partitions of an asset and has not made them yet."""
    if asset in being_backfilled(instance):
        return True
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(asset)
    run_ids = {run_id for run_id, _event in attempts.values()}
    runs = instance.get_runs(filters=dg.RunsFilter(run_ids=list(run_ids))) if run_ids else []
    return any(not run.is_finished for run in runs)


def being_backfilled(instance: dg.DagsterInstance) -> set[dg.AssetKey]:
    """Assets of which a backfill that is not over makes partitions."""
    active = instance.get_backfills(filters=BulkActionsFilter(statuses=_ACTIVE))
    return {key for backfill in active for key in backfill.asset_selection or ()}
