"""A published report is delivered: a sensor on an asset that another job makes."""

import dagster as dg

from contracts.revenue import WeeklySalesReport
from reporting.defs.delivery.job import deliver_report


@dg.asset_sensor(
    asset_key=WeeklySalesReport.contract.key,
    job=deliver_report,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def report_published(
    context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry
) -> dg.RunRequest | dg.SkipReason:
    """Delivers the newest report whenever one is written with new content."""
    materialization = asset_event.asset_materialization
    if materialization is None or materialization.partition is None:
        return dg.SkipReason("No report was written.")
    monday = materialization.partition
    version = (materialization.tags or {}).get("dagster/data_version", context.cursor or "")
    return dg.RunRequest(
        run_key=f"{monday} {version}",
        run_config=dg.RunConfig(ops={name: {"config": {"monday": monday}} for name in ("download", "copy")}),
    )
