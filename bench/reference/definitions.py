"""The reference's one code location: a partitioned asset with its job, and the job that is measured."""

import dagster as dg


@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-01-01"))
def visits(context: dg.AssetExecutionContext) -> None:
    context.log.info("The day is %s.", context.partition_key)


daily_visits = dg.define_asset_job("daily_visits", selection=[visits])


@dg.op
def nothing() -> None: ...


@dg.job
def noop() -> None:
    nothing()


defs = dg.Definitions(assets=[visits], jobs=[daily_visits, noop])
