"""What runs are making at the moment."""

from __future__ import annotations

import dagster as dg


def under_way(instance: dg.DagsterInstance, asset: dg.AssetKey) -> set[str]:
    """Partitions that a run is to make, queued or started, and has not made yet."""
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(asset)
    run_ids = {run_id for run_id, _event in attempts.values()}
    if not run_ids:
        return set()
    runs = instance.get_runs(filters=dg.RunsFilter(run_ids=list(run_ids)))
    unfinished = {run.run_id for run in runs if not run.is_finished}
    return {partition for partition, (run_id, _event) in attempts.items() if run_id in unfinished}
