"""Days that the schedule has not asked the API for: before the platform was set up, or while its daemon was down."""

import datetime as dt

import dagster as dg

from contracts.calendar import calendar
from contracts.feedback import Comments, Posts, Users
from contracts.rates import ExchangeRates
from slipway.automation import ranged_runs
from slipway.quality import Table

_CALLS: tuple[tuple[type[Table], ...], ...] = ((Users, Posts, Comments), (ExchangeRates,))
"""Tables that one call brings."""
_AFTER_SCHEDULE = dt.timedelta(hours=1)


def missed_days(instance: dg.DagsterInstance, tables: tuple[type[Table], ...], now: dt.datetime) -> list[str]:
    """Days that are due and that no run has asked for, of one call.

    A day that failed is not among them: who sees the failure materializes it again.
    """
    due = [day.isoformat() for day in calendar.all_days() if _due(day.isoformat()) + _AFTER_SCHEDULE <= now]
    storage = instance.event_log_storage
    done: list[set[str]] = []
    for table in tables:
        key = table.contract.key
        attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
        done.append(instance.get_materialized_partitions(key) | set(attempts))
    return [day for day in due if not all(day in days for days in done)]


def _due(day: str) -> dt.datetime:
    assert ExchangeRates.contract.due is not None
    return ExchangeRates.contract.due.due(calendar.days.time_window_for_partition_key(day).end)


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=dg.AssetSelection.assets(*(table.contract.key for tables in _CALLS for table in tables)),
    description="Asks the API for the days that the schedule daily_api has missed.",
)
def missed_api_days(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Neighbouring days as one run; calls that lack the same days share it."""
    lacking: dict[tuple[str, ...], list[dg.AssetKey]] = {}
    for tables in _CALLS:
        if days := missed_days(context.instance, tables, calendar.now()):
            lacking.setdefault(tuple(days), []).extend(table.contract.key for table in tables)
    requests = [request for days, keys in lacking.items() for request in ranged_runs(keys, calendar.days, days)[0]]
    return dg.SensorResult(run_requests=requests) if requests else dg.SkipReason("No day was missed.")
