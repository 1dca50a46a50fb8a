"""Sensors that every location has."""

import datetime as dt

import dagster as dg

from slipway.lake import Lake
from slipway.lake.folder import Folder
from slipway.lake.scratch import Scratch
from slipway.location.settings import setting

_KEEP_DAYS = "SLIPWAY_SCRATCH_DAYS"


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Evaluates the location's automation conditions; running from the start, unlike Dagster's own default.

    Several partitions that are due at once become one backfill, which respects the assets' policy of one run for a
    range; single ones become runs.
    """
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=5,
        emit_backfills=True,
    )


def scratch_sensor(lake: Lake, layer: str) -> dg.SensorDefinition:
    """Removes the scratch space of runs of a layer: at once after success, after some days otherwise."""
    keep = dt.timedelta(days=setting(_KEEP_DAYS, "a number of days, such as 3", float, default="3"))

    @dg.sensor(
        name="scratch_cleanup",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Removes what ops handed to each other: after success, or {keep.days} days after a failure.",
    )
    def scratch_cleanup(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        scratch = Scratch(lake.store, layer)
        removed = 0
        if isinstance(lake.store, Folder):
            lake.store.sweep(keep)  # half-written files of processes that were killed
        for run_id in scratch.runs():
            record = context.instance.get_run_record_by_id(run_id)
            if record is None or (
                record.dagster_run.is_finished
                and (
                    record.dagster_run.is_success
                    or record.update_timestamp.replace(tzinfo=dt.UTC) < dt.datetime.now(dt.UTC) - keep
                )
            ):
                removed += scratch.remove(run_id)
        return dg.SkipReason(f"Removed {removed} objects of finished runs." if removed else "Nothing to remove.")

    return scratch_cleanup
