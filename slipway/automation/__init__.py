"""When and how runs start by themselves: the condition that follows the data, and requests for ranges of partitions."""

from slipway.automation.condition import when_inputs_change
from slipway.automation.ranges import MAX_RUNS, contiguous, ranged_runs

__all__ = ["MAX_RUNS", "contiguous", "ranged_runs", "when_inputs_change"]
