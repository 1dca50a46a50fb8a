"""Is a day like its kind? Its measures against those of the same weekday in the last eight weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

WEEKS = 8
_ENOUGH = 4
_FACTOR = 3.0


def same_weekday_keys(partition: str) -> list[str]:
    """The keys of the eight partitions before this one that fall on the same weekday, newest first.

    Serves days and weeks alike; () for keys that are not dates.
    """
    try:
        day = dt.date.fromisoformat(partition)
    except ValueError:
        return []
    return [(day - dt.timedelta(weeks=week)).isoformat() for week in range(1, WEEKS + 1)]


def outside_bounds(measures: Mapping[str, float], history: Sequence[tuple[str, Mapping[str, float]]]) -> list[str]:
    """A sentence for each measure that is under a third of the least, or over three times the most, of its history.

    Days without trade (zero) are no history; with fewer than four days of it nothing is said.
    """
    sentences = []
    for name, value in measures.items():
        past = [figures[name] for _key, figures in history if figures.get(name)]
        if len(past) < _ENOUGH:
            continue
        low, high = min(past) / _FACTOR, max(past) * _FACTOR
        if not low <= value <= high:
            sentences.append(
                f"{name} is {value:,.2f}, outside {low:,.2f} to {high:,.2f} "
                f"(the last {len(past)} of the same weekday were between {min(past):,.2f} and {max(past):,.2f})"
            )
    return sentences
