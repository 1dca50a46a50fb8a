"""The sentences of the page: what a manager would be told across the table."""

from __future__ import annotations

from decimal import Decimal

from reporting.weekly_page import notation
from reporting.weekly_page.figures import DayRow, Figures
from reporting.weekly_page.model import WeeklyReport


def lead(figures: Figures) -> list[str]:
    """The two or three sentences under the title."""
    if not figures.week.is_trade:
        return _without_trade(figures)
    sentences = [_against_the_week_before(figures)]
    strongest = _strongest_day(figures.days)
    if strongest is not None:
        sentences.append(
            f"{notation.weekday_and_date(strongest.date)} was the strongest day, with "
            f"{notation.pounds(strongest.totals.revenue)}."
        )
    split = _channels(figures)
    return [*sentences, split] if split else sentences


def incomplete(figures: Figures) -> list[str]:
    """What is missing and what that means; empty if every day is there."""
    if len(figures.missing) == 7:
        return ["The data of all seven days have yet to arrive."]
    sentences = _records(figures)
    if figures.missing:
        days = notation.enumerate_in_words([notation.weekday_and_date(d) for d in figures.missing])
        sentences.append(f"The data of {days} have yet to arrive. All totals will change when they do.")
    same = figures.same_days
    if same is not None and same.revenue.now is not None and same.revenue.before is not None:
        complete = "day that is" if same.days == 1 else f"{same.days} days that are"
        day = "day" if same.days == 1 else "days"
        ratio = "" if same.revenue.ratio is None else f" ({notation.change_in_percent(same.revenue.ratio)})"
        sentences.append(
            f"On the {complete} complete, revenue is {notation.pounds(same.revenue.now)}, against "
            f"{notation.pounds(same.revenue.before)} on the same {day} of the week before{ratio}."
        )
    return sentences


def _records(figures: Figures) -> list[str]:
    """Where the records begin and end, if that is within the week."""
    on_record = [day.date for day in figures.days if not day.is_off_record]
    if not figures.off_record or not on_record:
        return []
    sentences = []
    if figures.off_record[0] < on_record[0]:
        sentences.append(f"The records begin with {notation.weekday_and_date(on_record[0])}.")
    if figures.off_record[-1] > on_record[-1]:
        sentences.append(f"The records end with {notation.weekday_and_date(on_record[-1])}.")
    return sentences


def quarantine(figures: Figures, report: WeeklyReport) -> str:
    """How many of the lines read count, and how many do not."""
    if report.lines_read == 0:
        return "No lines were read for this week."
    read = notation.plural(report.lines_read, "line", "lines")
    if not figures.set_aside and not report.duplicates:
        verb = "counts" if report.lines_read == 1 else "count"
        return f"{read} read; nothing was set aside and there were no duplicates: all {verb}."
    parts = []
    if figures.set_aside:
        ratio = Decimal(figures.set_aside) / report.lines_read
        verb = "was" if figures.set_aside == 1 else "were"
        one_in = int((1 / ratio).to_integral_value())
        words = f", about one in {notation.count(one_in)}" if one_in >= 3 else ""
        parts.append(
            f"{notation.count(figures.set_aside)} ({notation.percent(ratio)}{words}) "
            f"{verb} set aside because a rule did not hold"
        )
    if report.duplicates:
        copies = (
            "1 was an exact copy of another line"
            if report.duplicates == 1
            else f"{notation.count(report.duplicates)} were exact copies of other lines"
        )
        parts.append(f"{copies} and left out")
    verb = "counts" if figures.counted == 1 else "count"
    rest = notation.plural(figures.counted, "line", "lines")
    return f"Of {read} read, {'; '.join(parts)}. The remaining {rest} {verb}."


def top_products(figures: Figures) -> str:
    number = len(figures.products)
    part = figures.top_product_share
    if part is None:
        return ""
    return (
        f"This product brought {notation.percent(part)} of the week\u2019s revenue."
        if number == 1
        else f"Together these {number} products brought {notation.percent(part)} of the week\u2019s revenue."
    )


def chart(figures: Figures) -> str:
    """The chart in words, for whoever cannot see it; every figure is in the table after it."""
    names = " and ".join(row.channel for row in figures.channels)
    parts = [f"{notation.weekday(day.date)} {_day(day)}" for day in figures.days]
    mark = " A line across each column marks the same day of the week before." if figures.before is not None else ""
    return f"One column a day, {names}: {', '.join(parts)}.{mark}"


def _day(day: DayRow) -> str:
    if not day.totals.is_trade:
        return "not in yet" if day.is_missing else "not on record" if day.is_off_record else "no trade"
    return notation.pounds(day.totals.revenue) + (" in part" if day.is_missing else "")


def _without_trade(figures: Figures) -> list[str]:
    if not figures.is_known:
        sentences = ["Nothing can be said about this week yet."]
    elif figures.missing:
        sentences = ["No trade has been recorded so far."]
    elif figures.off_record:
        sentences = ["There was no trade on the days on record."]
    else:
        sentences = [
            "There was no trade this week.",
            "The data of all seven days are in; none of them records a sale.",
        ]
    if figures.before is None:
        return [*sentences, "There is no week before on record."]
    if not figures.before.is_trade:
        return [*sentences, "The week before had no trade either."]
    return [*sentences, f"The week before brought {notation.pounds(figures.before.revenue)}."]


def _against_the_week_before(figures: Figures) -> str:
    if figures.before is None:
        return "There is no week before on record to compare with."
    if not figures.before.is_trade:
        return "The week before had no trade."
    change = figures.revenue
    if change.difference == 0:
        return "Revenue was the same as in the week before."
    amount = notation.pounds(abs(change.difference or Decimal(0)))
    ratio = "" if change.ratio is None else f" ({notation.percent(abs(change.ratio))})"
    direction = "more" if change.difference and change.difference > 0 else "less"
    this = "So far this" if figures.missing else "This"
    whole = "whole " if figures.missing or figures.off_record else ""
    return f"{this} is {amount}{ratio} {direction} than in the {whole}week before."


def _strongest_day(days: tuple[DayRow, ...]) -> DayRow | None:
    trading = [day for day in days if day.totals.revenue > 0]
    return max(trading, key=lambda day: day.totals.revenue) if len(trading) > 1 else None


def _channels(figures: Figures) -> str:
    selling = [row for row in figures.channels if row.totals.is_trade]
    if len(selling) == 1:
        return f"All of it came from {selling[0].channel}."
    if any(row.share is None or row.totals.revenue < 0 for row in selling):
        return ""
    first, *others = (f"{row.channel} {notation.percent(row.share)}" for row in selling)
    name, part = first.split(" ")
    return f"{name.capitalize()} brought {part} of revenue and {' and '.join(others)}."
