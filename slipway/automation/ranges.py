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


def rectangles(all_keys: Sequence[str], wanted: Sequence[str]) -> list[tuple[str, str]]:
    """The same for two-dimensional keys such as `books|2010-12-01`, where a range is a product of two ranges.

    All categories of some neighbouring days are one stretch, though their keys are no neighbours in a list.
    """
    firsts = list(dict.fromkeys(key.split("|")[0] for key in all_keys))
    seconds = list(dict.fromkeys(key.split("|")[1] for key in all_keys))
    by_second: dict[str, list[str]] = {}
    for key in wanted:
        first, second = key.split("|")
        by_second.setdefault(second, []).append(first)
    # For each second key, its stretches of first keys; a stretch goes on while the next second key has the same one.
    found: list[tuple[str, str]] = []
    open_: dict[tuple[str, str], tuple[str, str]] = {}
    for second in seconds:
        here = set(contiguous(firsts, by_second.get(second, [])))
        for rows in [rows for rows in open_ if rows not in here]:
            start, end = open_.pop(rows)
            found.append((f"{rows[0]}|{start}", f"{rows[1]}|{end}"))
        for rows in here:
            open_[rows] = (open_[rows][0] if rows in open_ else second, second)
    found += [(f"{rows[0]}|{start}", f"{rows[1]}|{end}") for rows, (start, end) in open_.items()]
    return sorted(found, key=lambda stretch: stretch[1].split("|")[1], reverse=True)


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
