"""The page: figures, charts and sentences put into the template."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reporting.weekly_page import charts, notation, wording
from reporting.weekly_page.figures import DayRow, Figures, compute
from reporting.weekly_page.model import WeeklyReport


def render(report: WeeklyReport) -> str:
    """The report as an HTML page, complete in itself and well-formed XML besides.

    The same report gives the same text. Amounts are summed exactly and rounded to the penny
    only where they are written.
    """
    with localcontext(notation.EXACT):
        figures = compute(report)
        return _ENVIRONMENT.get_template("weekly.html.j2").render(
            report=report,
            figures=figures,
            is_known=figures.is_known,
            lead=wording.lead(figures),
            incomplete=wording.incomplete(figures),
            quarantine=wording.quarantine(figures, report),
            top_products=wording.top_products(figures),
            conversions=_conversions(report, figures),
            drawings=_drawings(figures),
            drawing_in_words=wording.chart(figures),
            pounds=notation.pounds,
            count=notation.count,
            change_in_pounds=notation.change_in_pounds,
            change_in_count=notation.change_in_count,
        )


def _drawings(figures: Figures) -> dict[str, charts.ColumnChart]:
    """The chart of the days in its two sizes; none if no day of this week has an amount."""
    if all(day.totals.revenue == 0 for day in figures.days):
        return {}
    stacks = [_stack(day) for day in figures.days]
    sizes = {"wide": charts.WIDE, "narrow": charts.NARROW}
    drawn = {name: charts.column_chart(stacks, frame) for name, frame in sizes.items()}
    return {name: chart for name, chart in drawn.items() if chart is not None}


def _stack(day: DayRow) -> charts.Stack:
    # A mark on the zero line would be read as a rule of the chart, not as a day without trade.
    return charts.Stack(amounts=day.by_channel, reference=day.revenue.before or None)


def _conversions(report: WeeklyReport, figures: Figures) -> list[tuple[str, Decimal, Decimal]]:
    """Currency code, the week's revenue in it, and the rate; nothing is worth converting at 0."""
    if not figures.week.revenue:
        return []
    return [(code, figures.week.revenue * rate, rate) for code, rate in sorted((report.rates or {}).items())]


def _printable(value: object) -> object:
    # Markup comes from the template's own macros, whose parts have been here already.
    if isinstance(value, str) and not isinstance(value, Markup):
        return notation.printable(value)
    return value


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printable,
    )
    for write in (
        notation.amount,
        notation.pounds,
        notation.change_in_pounds,
        notation.change_in_amount,
        notation.count,
        notation.change_in_count,
        notation.percent,
        notation.change_in_percent,
        notation.compact_pounds,
        notation.rate,
        notation.weekday,
        notation.day_and_month,
        notation.weekday_and_date,
        notation.week_range,
        notation.moment,
    ):
        environment.filters[write.__name__] = write
    return environment


_ENVIRONMENT = _environment()
