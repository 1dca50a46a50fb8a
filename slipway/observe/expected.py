"""Which partitions there should be at a moment, by the calendar. Pure: the clock and the dynamic keys are arguments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg

from slipway.calendar import Deadline

WHOLE = ""
"""Stands for the one "partition" of an asset without partitions."""


@dataclass(frozen=True)
class Expected:
    """The partitions of an asset at a moment, oldest first.

    Attributes:
        existing: every key that the definition knows then.
        over: those whose window has ended, so that they can be made.
        due: those whose deadline has passed; without a deadline, those that are over.
        newest: the newest due ones (several keys in two dimensions): if one is missing, the asset is late. Empty for
            an asset without a deadline, which is never late.
    """

    existing: tuple[str, ...]
    over: tuple[str, ...]
    due: tuple[str, ...]
    newest: tuple[str, ...] = ()


def expected(
    partitions: dg.PartitionsDefinition | None,
    deadline: Deadline | None,
    at: dt.datetime,
    dynamic_keys: Callable[[str], Sequence[str]] = lambda _name: (),
) -> Expected:
    """The partitions that exist, are over, and are due.

    Args:
        at: a moment with its time zone.
        dynamic_keys: the keys of a dynamic definition, by its name.
    """
    if partitions is None:
        return Expected((WHOLE,), (WHOLE,), (WHOLE,))
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        windows = _windows(partitions, deadline, at)
        return _collect([(key, over, due, [key]) for key, over, due in windows], deadline)
    if isinstance(partitions, dg.MultiPartitionsDefinition):
        return _two_dimensions(partitions, deadline, at, dynamic_keys)
    keys = _plain_keys(partitions, dynamic_keys)
    return Expected(keys, keys, keys)


def _windows(
    partitions: dg.TimeWindowPartitionsDefinition, deadline: Deadline | None, at: dt.datetime
) -> list[tuple[str, bool, bool]]:
    """Each key with whether its window is over, and whether it is due."""
    with dg.partition_loading_context(effective_dt=at):
        keys = partitions.get_partition_keys()
    ends = [(key, partitions.time_window_for_partition_key(key).end) for key in keys]
    return [(key, end <= at, (deadline.due(end) if deadline else end) <= at) for key, end in ends]


def _two_dimensions(
    partitions: dg.MultiPartitionsDefinition,
    deadline: Deadline | None,
    at: dt.datetime,
    dynamic_keys: Callable[[str], Sequence[str]],
) -> Expected:
    dimensions = partitions.partitions_defs
    timed = [d for d in dimensions if isinstance(d.partitions_def, dg.TimeWindowPartitionsDefinition)]
    if len(timed) != 1:
        pairs: list[dict[str, str]] = [{}]
        for dimension in dimensions:
            if isinstance(dimension.partitions_def, dg.TimeWindowPartitionsDefinition):
                keys: Sequence[str] = [key for key, over, _due in _windows(dimension.partitions_def, None, at) if over]
            else:
                keys = _plain_keys(dimension.partitions_def, dynamic_keys)
            pairs = [{**pair, dimension.name: key} for pair in pairs for key in keys]
        every = tuple(str(dg.MultiPartitionKey(pair)) for pair in pairs)
        return Expected(every, every, every)
    [time] = timed
    [other] = [d for d in dimensions if d is not time]
    others = _plain_keys(other.partitions_def, dynamic_keys)
    assert isinstance(time.partitions_def, dg.TimeWindowPartitionsDefinition)
    return _collect(
        [
            (window, over, due, [str(dg.MultiPartitionKey({time.name: window, other.name: key})) for key in others])
            for window, over, due in _windows(time.partitions_def, deadline, at)
        ],
        deadline,
    )


def _collect(windows: Sequence[tuple[str, bool, bool, list[str]]], deadline: Deadline | None) -> Expected:
    due = [keys for _window, _over, due, keys in windows if due]
    return Expected(
        existing=tuple(key for _window, _over, _due, keys in windows for key in keys),
        over=tuple(key for _window, over, _due, keys in windows if over for key in keys),
        due=tuple(key for keys in due for key in keys),
        newest=tuple(due[-1]) if due and deadline else (),
    )


def _plain_keys(partitions: dg.PartitionsDefinition, dynamic_keys: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    if isinstance(partitions, dg.DynamicPartitionsDefinition) and partitions.name:
        return tuple(dynamic_keys(partitions.name))
    return tuple(partitions.get_partition_keys())
