"""Parts of the Dagster instance, named in `dagster.yaml` by `module: slipway.instance`.

The class path and its configuration travel into every run, also into images built earlier: what
is exported here keeps its name and its configuration. `SqliteStorage` keeps runs, events and
schedules of an embedded deployment in one SQLite file; its errors are `StorageUnavailableError`.
"""

from slipway.instance.ended_calendars import page_from_the_end
from slipway.instance.sqlite import SqliteStorage
from slipway.instance.sqlite_database import StorageUnavailableError

__all__ = ["SqliteStorage", "StorageUnavailableError"]

page_from_the_end()
