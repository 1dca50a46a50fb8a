"""The geometry of the page's charts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from code_locations.reporting.tests.weekly_page.pages import (
    amounts,
)
from reporting.weekly_page import (
    charts,
    notation,
)

stacks = st.lists(
    st.builds(
        charts.Stack,
        amounts=st.tuples(amounts, amounts),
        reference=st.none() | amounts,
    ),
    min_size=1,
    max_size=7,
)
frames = st.sampled_from([charts.WIDE, charts.NARROW])
PIXEL = Decimal("0.02")


@given(stacks, frames)
def test_everything_drawn_lies_in_the_plot(columns: list[charts.Stack], frame: charts.Frame) -> None:
    chart = charts.column_chart(columns, frame)
    if chart is None:
        assert not any(stack.reference or any(stack.amounts) for stack in columns)
        return

    top, bottom = frame.top, frame.height - frame.bottom
    left, right = frame.left, frame.width - frame.right
    assert top <= chart.baseline <= bottom
    assert len(chart.columns) == len(columns)
    for tick in chart.ticks:
        assert top <= tick.y <= bottom
    for column in chart.columns:
        assert left < column.centre < right
        assert 0 <= column.note_y <= bottom
        for segment in column.segments:
            assert left <= segment.x <= segment.x + segment.width <= right
            assert top <= segment.y <= segment.y + segment.height <= bottom
        if column.mark is not None:
            assert left <= column.mark.x1 < column.mark.x2 <= right
            assert top <= column.mark.y <= bottom
    for one, other in pairwise(chart.columns):
        assert one.centre < other.centre
        for a, b in zip(one.segments[:1], other.segments[:1], strict=False):
            assert a.x + a.width < b.x


@given(stacks, frames)
def test_heights_are_proportional_to_amounts(columns: list[charts.Stack], frame: charts.Frame) -> None:
    chart = charts.column_chart(columns, frame)
    if chart is None:
        return
    low, high = chart.ticks[0], chart.ticks[-1]
    unit = (low.y - high.y) / (high.amount - low.amount)

    for stack, column in zip(columns, chart.columns, strict=True):
        for segment in column.segments:
            assert abs(segment.height - abs(stack.amounts[segment.series]) * unit) <= PIXEL
        if column.mark is not None and stack.reference is not None:
            assert abs(chart.baseline - column.mark.y - stack.reference * unit) <= PIXEL


@given(stacks, frames)
def test_segments_stack_without_gap_or_overlap(columns: list[charts.Stack], frame: charts.Frame) -> None:
    chart = charts.column_chart(columns, frame)
    if chart is None:
        return
    for stack, column in zip(columns, chart.columns, strict=True):
        above = [s for s in column.segments if stack.amounts[s.series] > 0]
        below = [s for s in column.segments if stack.amounts[s.series] < 0]
        assert [s.y + s.height for s in above] == [chart.baseline, *(s.y for s in above)][: len(above)]
        edges = [chart.baseline, *(s.y + s.height for s in below)]
        assert [s.y for s in below] == edges[: len(below)]


@given(amounts, amounts)
def test_ticks_are_few_round_and_enclose_the_amounts(one: Decimal, other: Decimal) -> None:
    low, high = min(one, other, Decimal(0)), max(one, other, Decimal(0))
    if low == high:
        return
    found = charts.ticks(low, high)

    assert found[0] <= low
    assert high <= found[-1]
    assert 0 in found
    assert 2 <= len(found) <= 8
    steps = {b - a for a, b in pairwise(found)}
    assert len(steps) == 1
    assert len(steps.pop().normalize().as_tuple().digits) <= 2
    assert all(len(notation.compact_pounds(amount)) <= 8 for amount in found if abs(amount) >= 1)


@given(st.lists(amounts, min_size=1, max_size=10))
def test_bars_in_tables_are_proportional_and_fit(values: Sequence[Decimal]) -> None:
    largest = max(values)
    lengths = [charts.bar_length(value, largest) for value in values]

    assert all(0 <= length <= 100 for length in lengths)
    for value, length in zip(values, lengths, strict=True):
        if value > 0:
            assert abs(length - value / largest * 100) <= PIXEL
        else:
            assert length == 0


def test_nothing_to_draw_is_no_chart() -> None:
    assert charts.column_chart([], charts.WIDE) is None
    assert charts.column_chart([charts.Stack((Decimal(0),), Decimal(0))] * 7, charts.WIDE) is None


def test_a_note_stands_clear_of_a_low_mark() -> None:
    low, high = Decimal(3), Decimal(90)
    chart = charts.column_chart(
        [charts.Stack((), low), charts.Stack((), high), charts.Stack((Decimal(100),))], charts.WIDE
    )

    assert chart is not None
    over_mark, under_mark, _ = chart.columns
    assert over_mark.mark is not None
    assert over_mark.note_y < over_mark.mark.y
    assert under_mark.mark is not None
    assert under_mark.mark.y < under_mark.note_y < chart.baseline
