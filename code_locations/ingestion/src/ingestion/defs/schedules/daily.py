"""The jobs of ingestion by source, and the schedule that asks the API for each day when it is over."""

import datetime as dt

import dagster as dg

from contracts.calendar import calendar

HOUR = 6

ingest_api = dg.define_asset_job(
    "ingest_api",
    selection=dg.AssetSelection.kind("api"),
    description="What comes from the shop's API: customer feedback and exchange rates.",
)

ingest_database = dg.define_asset_job(
    "ingest_database",
    selection=dg.AssetSelection.kind("sql"),
    description="What comes from the shop's database: snapshots, and the orders of a day.",
)


@dg.schedule(
    job=ingest_api,
    cron_schedule=f"0 {HOUR} * * *",
    execution_timezone=calendar.timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Asks the API for yesterday. The database needs no schedule: its sensor sees what changes.",
)
def daily_api(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One run a day, for the day that is over."""
    day = calendar.day_of(context.scheduled_execution_time) - dt.timedelta(days=1)
    if day < calendar.first_day:
        return dg.SkipReason(f"The calendar begins on {calendar.first_day}.")
    if calendar.last_day is not None and day > calendar.last_day:
        return dg.SkipReason(f"The calendar ended on {calendar.last_day}.")
    return dg.RunRequest(run_key=day.isoformat(), partition_key=day.isoformat())
