"""Geometry of the report's charts, in SVG user units: pure functions from amounts to rectangles.

Coordinates are `Decimal` with two places: money never becomes a float, and the bytes of the page do
not depend on a machine's floating point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_UNIT = Decimal("0.01")
# Two lines of lettering, and as much again to keep clear of a mark.
_NOTE = Decimal(20)
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Frame:
    """Size of a drawing and the margins around its plot."""

    width: int
    height: int
    top: int
    right: int
    bottom: int
    left: int


# Two drawings of the same chart: scaling one down to a telephone would make its lettering tiny.
WIDE = Frame(width=720, height=250, top=10, right=0, bottom=42, left=54)
NARROW = Frame(width=340, height=220, top=10, right=0, bottom=42, left=46)


@dataclass(frozen=True, slots=True)
class Stack:
    """What one column shows: an amount a series, and an amount to compare their sum with."""

    amounts: tuple[Decimal, ...]
    reference: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One series' rectangle in a column."""

    series: int
    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """The horizontal line at a column's reference amount."""

    x1: Decimal
    x2: Decimal
    y: Decimal


@dataclass(frozen=True, slots=True)
class Column:
    """`note_y` is the first line of a note of two lines that stands clear of the mark."""

    centre: Decimal
    segments: tuple[Segment, ...]
    mark: Mark | None
    note_y: Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    amount: Decimal
    y: Decimal


@dataclass(frozen=True, slots=True)
class ColumnChart:
    frame: Frame
    baseline: Decimal
    ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]


def column_chart(stacks: Sequence[Stack], frame: Frame) -> ColumnChart | None:
    """Stacked columns from a common zero line; negative amounts hang below it.

    None if there is nothing to draw: no column, or neither an amount nor a reference but zero.
    """
    low = min((_extent(stack)[0] for stack in stacks), default=Decimal(0))
    high = max((_extent(stack)[1] for stack in stacks), default=Decimal(0))
    if low == high:
        return None
    amounts = ticks(low, high)
    plot_height = Decimal(frame.height - frame.top - frame.bottom)
    plot_width = Decimal(frame.width - frame.left - frame.right)
    low, high = amounts[0], amounts[-1]

    def y_of(amount: Decimal) -> Decimal:
        return (frame.top + plot_height * (high - amount) / (high - low)).quantize(_UNIT)

    slot = plot_width / len(stacks)
    columns = tuple(
        _column(stack, frame.left + slot * (place + Decimal("0.5")), slot, y_of, frame.top)
        for place, stack in enumerate(stacks)
    )
    return ColumnChart(
        frame=frame,
        baseline=y_of(Decimal(0)),
        ticks=tuple(Tick(amount, y_of(amount)) for amount in amounts),
        columns=columns,
    )


def ticks(low: Decimal, high: Decimal, intervals: int = 5) -> tuple[Decimal, ...]:
    """Round amounts that enclose low..high and contain zero, about `intervals` steps apart.

    Expects low <= 0 <= high and low < high.
    """
    least = (high - low) / intervals
    power = Decimal(1).scaleb(least.adjusted())
    step = next(power * factor for factor in _STEPS if power * factor >= least)
    first = int((low / step).to_integral_value(ROUND_FLOOR))
    last = int((high / step).to_integral_value(ROUND_CEILING))
    return tuple(step * place for place in range(first, last + 1))


def bar_length(amount: Decimal, largest: Decimal, full: int = 100) -> Decimal:
    """Length of a bar in a table, where `largest` has the length `full`; never negative."""
    if amount <= 0 or largest <= 0:
        return Decimal(0)
    return (min(amount / largest, Decimal(1)) * full).quantize(_UNIT)


def _extent(stack: Stack) -> tuple[Decimal, Decimal]:
    """The lowest and highest amount that a column reaches, zero included."""
    below = sum((amount for amount in stack.amounts if amount < 0), Decimal(0))
    above = sum((amount for amount in stack.amounts if amount > 0), Decimal(0))
    reference = stack.reference or Decimal(0)
    return min(below, reference), max(above, reference)


def _column(
    stack: Stack,
    centre: Decimal,
    slot: Decimal,
    y_of: Callable[[Decimal], Decimal],
    top: int,
) -> Column:
    width = (slot * Decimal("0.52")).quantize(_UNIT)
    left = (centre - width / 2).quantize(_UNIT)
    segments: list[Segment] = []
    above = below = Decimal(0)
    for series, amount in enumerate(stack.amounts):
        start = above if amount >= 0 else below
        # The edges are rounded, not the height: neighbours in a stack then share an edge.
        edges = sorted((y_of(start), y_of(start + amount)))
        if amount != 0:
            segments.append(Segment(series, left, edges[0], width, edges[1] - edges[0]))
        if amount >= 0:
            above += amount
        else:
            below += amount
    mark = None
    if stack.reference is not None:
        reach = (slot * Decimal("0.36")).quantize(_UNIT)
        mark = Mark(
            x1=(centre - reach).quantize(_UNIT),
            x2=(centre + reach).quantize(_UNIT),
            y=y_of(stack.reference),
        )
    floor = y_of(Decimal(0))
    if mark is not None and 0 <= floor - mark.y < 2 * _NOTE:
        floor = mark.y
    return Column(
        centre=centre.quantize(_UNIT),
        segments=tuple(segments),
        mark=mark,
        # Where every amount is negative, zero is at the top and the note hangs from it.
        note_y=floor - _NOTE if floor - _NOTE >= top else floor + _NOTE,
    )
