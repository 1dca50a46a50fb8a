"""Run requests for many partitions: one run for a stretch of neighbouring keys, not one a partition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import dagster as dg

MAX_RUNS = 15
"""At most so many runs a tick: a first start, or a whole year delivered again, is no storm of runs."""

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def contiguous(all_keys: Sequence[str], wanted: Sequence[str]) -> list[tuple[str, str]]:
    """The wanted keys as stretches (first, last) of neighbours in `all_keys`, newest stretch first."""
    chosen = set(wanted)
    stretches: list[tuple[str, str]] = []
    previous_was_chosen = False
    for key in all_keys:
        if key in chosen:
            stretches.append((stretches.pop()[0], key) if previous_was_chosen else (key, key))
        previous_was_chosen = key in chosen
    return stretches[::-1]


def ranged_runs(
    assets: Sequence[dg.AssetKey],
    partitions: dg.PartitionsDefinition,
    wanted: Sequence[str],
    *,
    run_key: Callable[[str, str], str] | None = None,
    limit: int = MAX_RUNS,
) -> tuple[list[dg.RunRequest], list[str]]:
    """Requests for the wanted partitions, newest first, and the keys that are left for the next tick.

    Args:
        run_key: makes a stretch's run key of its first and last key; the same key never starts twice.
    """
    stretches = contiguous(partitions.get_partition_keys(), wanted)
    requests = [
        dg.RunRequest(
            run_key=run_key(first, last) if run_key else None,
            asset_selection=list(assets),
            # A range of one is still a range: the same path for one day and for many.
            tags={RANGE_START: first, RANGE_END: last},
        )
        for first, last in stretches[:limit]
    ]
    left = [key for first, last in stretches[limit:] for key in wanted if first <= key <= last]
    return requests, left
