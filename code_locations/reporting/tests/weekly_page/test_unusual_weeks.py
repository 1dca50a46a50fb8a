"""Weeks without trade, without a week before, with days missing, or with amounts out of proportion."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import localcontext

from code_locations.reporting.tests.weekly_page.pages import (
    MONDAY,
    VARIANTS,
    WITHOUT_TRADE,
    ZEROS,
    ZEROS_BEFORE,
    day,
    headings,
    report,
    rows_under,
    text_of,
)
from reporting.weekly_page import (
    render,
)


def test_a_week_without_trade_says_so_calmly() -> None:
    for days in ((), ZEROS):
        page = render(dataclasses.replace(WITHOUT_TRADE, days=days))
        text = text_of(page)

        assert "There was no trade this week." in text
        assert "The week before brought £91,000.00." in text
        assert ["Revenue", "£0.00", "£91,000.00", "\u2212£91,000.00 \u2212100.0%"] in rows_under(
            page, "The week in figures"
        )
        assert headings(page) == ["The week in figures", "What was left out"]
        assert "<svg" not in page


def test_a_week_whose_data_have_not_arrived_is_not_a_week_without_trade() -> None:
    whole_week = tuple(MONDAY + dt.timedelta(days=place) for place in range(7))
    text = text_of(render(dataclasses.replace(WITHOUT_TRADE, missing_days=whole_week)))

    assert "Nothing can be said about this week yet." in text
    assert "The data of all seven days have yet to arrive." in text
    assert "no trade" not in text.lower()
    assert "Revenue \u2013" in text


def test_missing_days_are_told_and_the_others_compared_like_for_like() -> None:
    tuesday, sunday = MONDAY + dt.timedelta(days=1), MONDAY + dt.timedelta(days=6)
    page = render(report(missing_days=(sunday, tuesday), days=(*report().days[:2], day(1, "5.00", "web"))))

    text = text_of(page)
    assert "The data of Tuesday 7 December and Sunday 12 December have yet to arrive." in text
    assert (
        "On the 5 days that are complete, revenue is £42,434.67, against £91,000.00 on the same "
        "days of the week before (\u221253.4%)."
    ) in text
    rows = {row[0]: row for row in rows_under(page, "Revenue by day")}
    assert rows["Tue 7 in part"][5] == "\u2013", "a part of a day has no change to tell"
    assert rows["Sun 12 not in yet"][3] == "\u2013"


def test_days_after_the_end_of_the_records_are_no_days_without_trade() -> None:
    off_record = tuple(MONDAY + dt.timedelta(days=place) for place in range(1, 7))
    page = render(report(days=report().days[:2], days_off_record=off_record, countries=()))

    text = text_of(page)
    assert "no trade" not in text
    assert "The records end with Monday 6 December." in text
    assert (
        "On the day that is complete, revenue is £42,434.67, against £41,000.00 on the same day of the week before "
        "(+3.5%)."
    ) in text
    assert "less than in the whole week before." in text
    rows = {row[0]: row for row in rows_under(page, "Revenue by day")}
    assert rows["Wed 8 not on record"][3:6] == ["\u2013", "50,000.00", "\u2013"]
    assert "Tuesday not on record" in page


def test_days_before_the_records_begin_are_told_without_a_week_to_compare_with() -> None:
    off_record = (MONDAY, MONDAY + dt.timedelta(days=1))
    text = text_of(render(report(days=report().days[3:], days_before=(), days_off_record=off_record, countries=())))

    assert "Not complete. The records begin with Wednesday 8 December." in text
    assert "There is no week before on record to compare with." in text


def test_no_trade_on_the_days_on_record() -> None:
    off_record = tuple(MONDAY + dt.timedelta(days=place) for place in range(1, 7))
    text = text_of(render(dataclasses.replace(WITHOUT_TRADE, days_off_record=off_record)))

    assert "There was no trade on the days on record. The week before brought £91,000.00." in text
    assert "all seven days" not in text


def test_without_a_week_before_nothing_is_compared() -> None:
    page = render(report(days_before=()))

    assert "There is no week before on record to compare with." in text_of(page)
    assert rows_under(page, "The week in figures")[1] == ["Revenue", "£112,435.90"]
    assert 'class="mark"' not in page
    assert "week before £" not in page.lower()


def test_after_a_week_without_trade_there_is_a_difference_but_no_percentage() -> None:
    page = render(report(days_before=ZEROS_BEFORE))

    assert "The week before had no trade." in text_of(page)
    assert rows_under(page, "The week in figures")[1] == [
        "Revenue", "£112,435.90", "£0.00", "+£112,435.90 \u2013",
    ]  # fmt: skip


def test_less_revenue_is_told_as_less() -> None:
    page = render(report(days=(day(0, "45500.00"),), countries=()))

    assert "This is £45,500.00 (50.0%) less than in the week before." in text_of(page)
    assert rows_under(page, "The week in figures")[1][-1] == "\u2212£45,500.00 \u221250.0%"


def test_a_single_channel_needs_no_table_of_channels() -> None:
    page = render(report(days=(day(0, "10.00"), day(1, "20.00")), days_before=()))

    assert "All of it came from wholesale." in text_of(page)
    assert "Channels" not in headings(page)
    assert rows_under(page, "Revenue by day")[0] == ["Day", "Revenue £", "Orders", "Customers"]
    assert 'class="web"' not in page


def test_huge_amounts_keep_every_penny() -> None:
    page = render(VARIANTS["huge"])

    # The sum has 31 figures, more than Python's usual 28.
    assert "£" + ",".join(["1", *["000"] * 9]) + ".00" in text_of(page)


def test_the_callers_decimal_context_does_not_matter() -> None:
    usual = render(report())

    with localcontext() as context:
        context.prec = 5
        assert render(report()) == usual
