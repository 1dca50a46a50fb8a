"""The platform's own housekeeping, outside Dagster's daemon: `python -m slipway.steward`.

Two tasks so far: the watcher ends runs whose container is dead, with the cause on their page; the reaper removes
containers that nobody needs any more. What is done is decided by pure functions (`watching`, `reaping`); Docker and
Dagster are touched in `watcher` and `reaper`. `Service` runs tasks side by side, each at its own interval.
"""

from slipway.steward.service import Service, Task
from slipway.steward.settings import Settings, SettingsError

__all__ = ["Service", "Settings", "SettingsError", "Task"]
