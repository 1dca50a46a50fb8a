"""A small asset graph for the storage tests; Dagster's commands load it with `-f`."""

import time

import dagster as dg

days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-01")


@dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
def sales(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    keys = context.partition_keys
    version = dg.DataVersion(f"of {keys[0]}") if len(keys) == 1 else None
    return dg.MaterializeResult(metadata={"days": len(keys)}, data_version=version)


@dg.asset_check(asset=sales, partitions_def=days)
def complete(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=context.partition_key != "2026-01-03")


@dg.asset(
    partitions_def=days,
    deps=[sales],
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=dg.AutomationCondition.any_deps_updated(),
)
def revenue() -> None: ...


@dg.asset
def slow(context: dg.AssetExecutionContext) -> None:
    for number in range(5):
        context.log.info(f"slow {number}")
        time.sleep(0.4)


defs = dg.Definitions([sales, revenue, slow], asset_checks=[complete])
