"""The newest partitions of a calendar that has ended: without this, the UI plots nothing over them.

The UI plots an asset's metadata over its newest partitions, which it asks for page by page from the end. In Dagster
1.13.27 `TimeWindowPartitionsDefinition.get_paginated_partition_keys` begins the first such page at the present moment,
also where the partitions end before it: the page then holds days that are no partitions, and the plots stay empty.
Here the first page begins at the end.

It stands in this package, because the webserver imports it as part of the instance, and knows partitions by a
serialised description alone: a definition of our own would not reach it. `tests/unit/instance/test_ended_calendars.py`
pins both the fault and the remedy.
"""

from __future__ import annotations

import functools

import dagster as dg
from dagster._core.definitions.partitions.context import PartitionLoadingContext
from dagster._core.definitions.partitions.utils.time_window import TimeWindowCursor
from dagster._core.types.pagination import PaginatedResults

_dagsters_own = dg.TimeWindowPartitionsDefinition.get_paginated_partition_keys


@functools.wraps(_dagsters_own)
def _from_the_end(
    self: dg.TimeWindowPartitionsDefinition,
    context: PartitionLoadingContext,
    limit: int,
    ascending: bool,
    cursor: str | None = None,
) -> PaginatedResults[str]:
    end = self.end_timestamp
    ended = end is not None and end < context.effective_dt.timestamp()
    # With a cursor Dagster leaves out what it does for an end_offset below zero, so that case is left to it.
    if ended and not cursor and not ascending and self.end_offset >= 0:
        cursor = _cursor(start_timestamp=int(self.start_timestamp), end_timestamp=int(end or 0))
    return _dagsters_own(self, context, limit, ascending, cursor)


def _cursor(**timestamps: int) -> str:
    return str(TimeWindowCursor(**timestamps, offset_partition_count=0))


def page_from_the_end() -> None:
    """Mend the paging in this process."""
    dg.TimeWindowPartitionsDefinition.get_paginated_partition_keys = _from_the_end  # type: ignore[method-assign]
