"""When and how runs start by themselves: the condition that follows the data, and requests for ranges of partitions."""

from slipway.automation.condition import when_inputs_change
from slipway.automation.ranges import MAX_RUNS, contiguous, ranged_runs
from slipway.automation.under_way import being_backfilled, under_way

__all__ = ["MAX_RUNS", "being_backfilled", "contiguous", "ranged_runs", "under_way", "when_inputs_change"]
