"""Where a run executes: its limits, and why it died."""

from slipway.runs.deaths import Death, Worker, diagnose
from slipway.runs.limits import CPUS_TAG, MEMORY_TAG, LimitError, Limits, limits_of

__all__ = ["CPUS_TAG", "MEMORY_TAG", "Death", "LimitError", "Limits", "Worker", "diagnose", "limits_of"]
