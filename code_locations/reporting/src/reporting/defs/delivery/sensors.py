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
    context: dg.SensorEvaluationContext,  # noqa: ARG001 -- Dagster hands it over by position
    asset_event: dg.EventLogEntry,
) -> dg.RunRequest | dg.SkipReason:
    """Delivers the newest report whenever one is written."""
    materialization = asset_event.asset_materialization
    if materialization is None or materialization.partition is None:
        return dg.SkipReason("No report was written.")
    monday = materialization.partition
    return dg.RunRequest(
        # Not the data version: a report that is corrected and then corrected back has the first one's again, and the
        # page says more than the table whose version it is.
        run_key=f"{monday} {asset_event.run_id}",
        run_config=dg.RunConfig(ops={name: {"config": {"monday": monday}} for name in ("download", "copy")}),
    )
