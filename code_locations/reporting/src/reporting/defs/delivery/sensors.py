"""Published reports are delivered: a sensor on an asset that other runs make."""

from collections.abc import Mapping

import dagster as dg

from contracts.revenue import WeeklySalesReport
from reporting.defs.delivery.job import deliver_report
from slipway.automation import MAX_RUNS


def to_deliver(newest: Mapping[str, int], cursor: int | None) -> dict[str, int]:
    """The weeks to deliver now, in the order in which they were written.

    The first look delivers one report, that of the latest week. Those before it are history: a platform that starts
    with years of data, or whose daemon starts after they were made, is not to send them all to their readers.

    Args:
        newest: Monday -> id of the newest event that wrote the week's report; ids grow with time.
        cursor: id of the last event that was looked at; None at the first look.
    """
    if cursor is None:
        return {monday: newest[monday] for monday in sorted(newest)[-1:]}
    written = sorted((event, monday) for monday, event in newest.items() if event > cursor)
    return {monday: event for event, monday in written[:MAX_RUNS]}


@dg.sensor(
    target=deliver_report,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def report_published(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Delivers each report that was written since the last look.

    Not an asset sensor: that one sees the newest event of a tick, and a corrected day writes two weeks in one run.
    """
    newest = context.instance.event_log_storage.get_latest_storage_id_by_partition(
        WeeklySalesReport.contract.key, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    cursor = int(context.cursor) if context.cursor else None
    weeks = to_deliver(newest, cursor)
    if not weeks:
        return dg.SkipReason("No report was written.")
    seen = max(newest.values()) if cursor is None else max(weeks.values())
    return dg.SensorResult(
        # Weeks beyond the most of one tick have later events, and are found by the next one.
        cursor=str(seen),
        run_requests=[
            dg.RunRequest(
                # Not the data version: a report that is corrected and then corrected back has the first one's again,
                # and the page says more than the table whose version it is.
                run_key=f"{monday} {event}",
                run_config=dg.RunConfig(ops={name: {"config": {"monday": monday}} for name in ("download", "copy")}),
            )
            for monday, event in weeks.items()
        ],
    )
