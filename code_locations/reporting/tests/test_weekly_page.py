"""The weekly sales page: what it says, what it survives, and the geometry of its charts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal, localcontext
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting import weekly_page
from reporting.weekly_page import (
    CHANNELS,
    Channel,
    Country,
    Day,
    Product,
    Rejection,
    WeeklyReport,
    charts,
    notation,
    render,
)

MONDAY = dt.date(2010, 12, 6)
HOSTILE = "</style><script>alert(\"1\")</script><img src=x onerror='x'>&amp; {{ 7*7 }} http://e.vil"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


# The report that the tests bend


def day(place: int, revenue: str, channel: Channel = "wholesale", *, orders: int = 10, weeks: int = 0) -> Day:
    date = MONDAY + dt.timedelta(days=place, weeks=weeks)
    return Day(date, channel, Decimal(revenue), orders, units=orders * 7, customers=orders - 1)


def report(**changes: Any) -> WeeklyReport:
    usual = WeeklyReport(
        week="2010-W49",
        monday=MONDAY,
        days=(
            day(0, "41234.565", orders=120),
            day(0, "1200.10", "web", orders=30),
            day(1, "52001.23", orders=140),
            day(6, "18000.00", orders=60),
        ),
        days_before=(
            day(0, "40000.00", orders=100, weeks=-1),
            day(0, "1000.00", "web", orders=25, weeks=-1),
            day(2, "50000.00", orders=150, weeks=-1),
        ),
        products=(
            Product("22423", "REGENCY CAKESTAND 3 TIER", 851, Decimal("10902.59")),
            Product("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 1122, Decimal("3539.40")),
        ),
        countries=(
            Country("United Kingdom", Decimal("100000.00"), 340),
            Country("EIRE", Decimal("12435.895"), 10),
        ),
        quarantine=(
            Rejection("not_cancelled", "cancelled invoice", 302),
            Rejection("price_above_zero", "price of zero or less", 101),
        ),
        lines_read=16588,
        duplicates=201,
    )
    return dataclasses.replace(usual, **changes)


WITHOUT_TRADE = report(days=(), products=(), countries=(), quarantine=(), lines_read=0, duplicates=0)
ZEROS = tuple(
    Day(MONDAY + dt.timedelta(days=place), channel, Decimal("0.000"), 0, 0, 0)
    for place in range(7)
    for channel in CHANNELS
)
ZEROS_BEFORE = tuple(dataclasses.replace(row, date=row.date - dt.timedelta(days=7)) for row in ZEROS)
VARIANTS = {
    "usual": report(),
    "first week": report(days_before=()),
    "week before without trade": report(days_before=ZEROS_BEFORE),
    "without trade": WITHOUT_TRADE,
    "zeros": dataclasses.replace(WITHOUT_TRADE, days=ZEROS),
    "nothing at all": dataclasses.replace(WITHOUT_TRADE, days_before=()),
    "one channel": report(days=(day(3, "99.99"),), days_before=()),
    "incomplete": report(missing_days=(MONDAY + dt.timedelta(days=6),)),
    "refunds": report(days=(day(0, "-50.00"), day(1, "20.00", "web"))),
    "huge": report(days=(day(0, "9" * 27 + ".99"), day(1, "0.01", "web"))),
    "hostile": report(
        products=(Product(HOSTILE, HOSTILE + "\x00\x1b\ud800\u202e", 1, Decimal("1.00")),),
        countries=(Country(HOSTILE, Decimal("1.00"), 1),),
        quarantine=(Rejection(HOSTILE, HOSTILE, 1),),
        rates={HOSTILE: Decimal("1.2")},
        run_id=HOSTILE,
    ),
}
each_variant = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())


def parse(page: str) -> ElementTree.Element:
    """The page as XML: any tag left open or entity unknown to XML fails here."""
    return ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


def text_of(page: str) -> str:
    """What is read on the page, in single spaces."""
    body = parse(page).find("body")
    assert body is not None
    return re.sub(r"\s+", " ", " ".join(body.itertext()))


def rows_under(page: str, heading: str) -> list[list[str]]:
    """The cells of the table in the section with this heading, bars left out."""
    sections = [s for s in parse(page).iter("section") if s.findtext("h2") == heading]
    assert len(sections) == 1, f"expected one section {heading!r}, found {len(sections)}"
    return [
        [re.sub(r"\s+", " ", "".join(cell.itertext())).strip() for cell in row if cell.tag in ("th", "td")]
        for row in sections[0].iter("tr")
    ]


def headings(page: str) -> list[str]:
    return ["".join(heading.itertext()) for heading in parse(page).iter("h2")]


# What the page says


def test_totals_are_exact_to_the_penny_and_compared_with_the_week_before() -> None:
    table = rows_under(render(report()), "The week in figures")

    # 41,234.565 + 1,200.10 + 52,001.23 + 18,000.00 = 112,435.895: summed first, then rounded.
    assert table[1] == ["Revenue", "£112,435.90", "£91,000.00", "+£21,435.90 +23.6%"]
    assert table[2] == ["Orders", "350", "275", "+75 +27.3%"]
    assert table[3] == ["Units", "2,450", "1,925", "+525 +27.3%"]
    assert table[4] == ["Average order", "£321.25", "£330.91", "\u2212£9.66 \u22122.9%"]


def test_title_names_the_week_and_its_dates() -> None:
    root = parse(render(report()))

    assert root.findtext("head/title") == "Weekly sales report 2010-W49: 6\u201312\u00a0December 2010"
    assert root.findtext("body/main/header/h1") == "6\u201312\u00a0December 2010"


def test_channels_have_their_share_and_their_change() -> None:
    table = rows_under(render(report()), "Channels")

    assert table[1] == [
        "Wholesale", "111,235.80", "98.9%", "+21,235.80 +23.6%", "320", "2,240", "347.61",
    ]  # fmt: skip
    assert table[2] == ["Web", "1,200.10", "1.1%", "+200.10 +20.0%", "30", "210", "40.00"]


def test_every_day_is_in_the_table_with_its_channels() -> None:
    table = rows_under(render(report()), "Revenue by day")

    assert [row[0] for row in table] == [
        "Day", "Mon 6", "Tue 7", "Wed 8", "Thu 9", "Fri 10", "Sat 11", "Sun 12", "Week",
    ]  # fmt: skip
    assert table[1][1:] == [
        "41,234.57",
        "1,200.10",
        "42,434.67",
        "41,000.00",
        "+3.5%",
        "150",
        "148",
    ]
    assert table[3][1:] == [
        "\u2013",
        "\u2013",
        "\u2013",
        "50,000.00",
        "\u2212100.0%",
        "\u2013",
        "\u2013",
    ]
    assert table[8][1:] == [
        "111,235.80",
        "1,200.10",
        "112,435.90",
        "91,000.00",
        "+23.6%",
        "350",
        "",
    ]


def test_products_come_by_revenue_with_their_part_of_the_week() -> None:
    reversed_products = tuple(reversed(report().products))
    page = render(report(products=reversed_products))

    table = rows_under(page, "Products with the most revenue")
    assert [row[:3] for row in table[1:]] == [
        ["REGENCY CAKESTAND 3 TIER 22423", "851", "10,902.59"],
        ["WHITE HANGING HEART T-LIGHT HOLDER 85123A", "1,122", "3,539.40"],
    ]
    assert "Together these 2 products brought 12.8% of the week\u2019s revenue." in text_of(page)


def test_countries_beyond_the_first_are_summed_and_the_shares_reach_the_whole() -> None:
    countries = tuple(Country(f"C{place:02d}", Decimal(100 - place), 2) for place in range(20))
    page = render(report(days=(day(0, "2000.00"),), countries=countries))

    table = rows_under(page, "Countries")
    assert len(table) == 1 + 10 + 2
    assert table[1][:4] == ["C00", "2", "100.00", "5.0%"]
    assert table[11][:4] == ["10 other countries", "20", "855.00", "42.8%"]
    assert table[12][:4] == ["Without a country", "\u2013", "190.00", "9.5%"]


def test_what_was_left_out_is_told_in_words_and_by_reason() -> None:
    page = render(report())

    assert (
        "Of 16,588 lines read, 403 (2.4%, about one in 41) were set aside because a rule did not "
        "hold; 201 were exact copies of other lines and left out. The remaining 15,984 lines count."
    ) in text_of(page)
    table = rows_under(page, "What was left out")
    assert table[1:] == [
        ["cancelled invoice not_cancelled", "302", "1.8%"],
        ["price of zero or less price_above_zero", "101", "0.6%"],
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lines_read": 0}, "No lines were read for this week."),
        (
            {"lines_read": 12},
            "12 lines read; nothing was set aside and there were no duplicates: all count.",
        ),
        (
            {"lines_read": 3, "duplicates": 1},
            "Of 3 lines read, 1 was an exact copy of another line and left out. The remaining 2 lines count.",
        ),
        (
            {"lines_read": 3, "quarantine": (Rejection("r", "x", 2),)},
            "Of 3 lines read, 2 (66.7%) were set aside because a rule did not hold. The remaining 1 line counts.",
        ),
    ],
)
def test_lines_are_counted_in_sentences(changes: dict[str, Any], sentence: str) -> None:
    page = render(report(**{"quarantine": (), "duplicates": 0, **changes}))

    assert sentence in text_of(page)


def test_foreign_currencies_show_the_total_at_their_rate() -> None:
    page = render(report(days=(day(0, "58776.790"),), rates={"EUR": 1 / Decimal("0.8393")}, countries=()))

    assert "EUR 70,030.73, at 1.1915 to the pound" in text_of(page)


def test_the_run_is_shown_only_if_it_is_given() -> None:
    made = dt.datetime(2010, 12, 13, 6, 2, tzinfo=dt.UTC)

    assert "Made" not in text_of(render(report()))
    assert "Made on 13 December 2010, 06:02 UTC by run r-1 ." in text_of(
        render(report(generated_at=made, run_id="r-1"))
    )
    assert "Made by run r-1 ." in text_of(render(report(run_id="r-1")))


# Weeks that are not as usual


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


# What every page holds to


@each_variant
def test_the_same_report_gives_the_same_bytes(variant: WeeklyReport) -> None:
    shuffled = dataclasses.replace(
        variant,
        days=tuple(reversed(variant.days)),
        countries=tuple(reversed(variant.countries)),
        quarantine=tuple(reversed(variant.quarantine)),
        rates=dict(reversed(list((variant.rates or {}).items()))),
    )

    assert render(variant).encode() == render(shuffled).encode()


@each_variant
def test_the_page_is_well_formed_in_both_readings(variant: WeeklyReport) -> None:
    page = render(variant)

    as_xml = [element.tag for element in parse(page).iter()]
    as_html = _Tags()
    as_html.feed(page)
    as_html.close()
    assert as_html.opened == as_xml
    assert as_html.open == []


@each_variant
def test_the_page_asks_for_nothing_and_runs_nothing(variant: WeeklyReport) -> None:
    page = render(variant)

    for element in parse(page).iter():
        assert element.tag not in {"script", "link", "img", "iframe", "object", "base", "a", "form"}
        for name in element.attrib:
            assert name not in {"src", "href", "style", "action", "background"}, name
            assert not name.startswith("on"), name
    style = parse(page).findtext("head/style") or ""
    assert "url(" not in style
    assert "@import" not in style
    if variant is not VARIANTS["hostile"]:
        assert "://" not in page


@each_variant
def test_no_number_went_wrong(variant: WeeklyReport) -> None:
    page = render(variant)

    assert not re.search(r"\b([Nn]a[Nn]|Infinity|None|Undefined|Decimal)\b", text_of(page))
    assert not re.search(r"\dE[+-]?\d", page)
    for element in parse(page).iter():
        for name in {"x", "y", "x1", "x2", "y1", "y2", "width", "height"} & element.attrib.keys():
            assert re.fullmatch(r"\d+(\.\d+)?", element.attrib[name]), element.attrib
    assert "\u2212£0.00" not in page


def test_hostile_text_stays_text() -> None:
    page = render(VARIANTS["hostile"])

    assert "<script" not in page
    assert "49" not in rows_under(page, "Products with the most revenue")[1][0].split()
    described = next(cell for cell in parse(page).iter("bdi") if (cell.text or "").startswith(HOSTILE))
    assert described.text == HOSTILE + "\ufffd\ufffd\ufffd\u202e"


@each_variant
def test_tables_and_drawings_can_be_read_without_seeing_them(variant: WeeklyReport) -> None:
    root = parse(render(variant))

    assert root.get("lang") == "en-GB"
    assert all(cell.get("scope") in {"col", "row"} for cell in root.iter("th"))
    assert all("".join(cell.itertext()).strip() for cell in root.iter("th"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        assert set((element.get("aria-labelledby") or "").split()) <= set(ids)
    for drawing in root.iter("svg"):
        if drawing.get("role") == "img":
            assert drawing.findtext("title")
            assert drawing.findtext("desc")
    charted = [drawing for drawing in root.iter("svg") if drawing.get("role") == "img"]
    assert len(charted) == (2 if "revenue by day" in "".join(root.itertext()).lower() else 0)


def test_the_drawing_is_told_in_words() -> None:
    words = parse(render(report())).findtext(".//desc")

    assert words == (
        "One column a day, wholesale and web: Monday £42,434.67, Tuesday £52,001.23, Wednesday no "
        "trade, Thursday no trade, Friday no trade, Saturday no trade, Sunday £18,000.00. "
        "A line across each column marks the same day of the week before."
    )


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_colours_have_the_contrast_that_wcag_asks_for(scheme: int) -> None:
    css = (Path(weekly_page.__file__).parent / "weekly.css").read_text(encoding="utf-8")
    palette = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block)) for block in re.findall(r":root \{(.*?)\}", css, re.S)
    ][scheme]

    for ground in ("paper", "notice"):
        assert _contrast(palette["ink"], palette[ground]) >= 7
    assert _contrast(palette["quiet"], palette["paper"]) >= 4.5
    for drawn in ("wholesale", "web", "bar"):
        assert _contrast(palette[drawn], palette["paper"]) >= 3


# What a report may not be


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"week": "2010-W48"}, "Monday of ISO week 2010-W48, found 2010-12-06"),
        ({"monday": dt.date(2010, 12, 7)}, "day 2 of 2010-W49"),
        ({"days": (day(0, "1", weeks=-1),)}, "expected dates from 2010-12-06 to 2010-12-12"),
        ({"days_before": (day(0, "1"),)}, "found 2010-12-06"),
        ({"days": (day(0, "1"), day(0, "2"))}, "one row a day and channel"),
        ({"missing_days": (dt.date(2010, 12, 13),)}, "found 2010-12-13"),
        ({"lines_read": 603}, "at most the 603 lines read .* found 604"),
        ({"rates": {"EUR": Decimal(0)}}, "a rate above 0 for EUR"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        report(**change)


@pytest.mark.parametrize("revenue", [1.5, 1, "1"])
def test_money_is_a_decimal(revenue: Any) -> None:
    with pytest.raises(TypeError, match="expected a Decimal"):
        Product("22423", "CAKESTAND", 1, revenue)


@pytest.mark.parametrize("revenue", ["NaN", "Infinity", "1e30"])
def test_money_is_finite(revenue: str) -> None:
    with pytest.raises(ValueError, match="expected a finite amount"):
        Country("EIRE", Decimal(revenue), 1)


def test_counts_are_whole_and_not_negative() -> None:
    with pytest.raises(ValueError, match="expected 0 or more, found -1"):
        Rejection("rule", "reason", -1)
    with pytest.raises(TypeError, match="expected an int"):
        Rejection("rule", "reason", True)


# How numbers and dates are written


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (notation.pounds, "1234567.005", "£1,234,567.01"),
        (notation.pounds, "-0.004", "£0.00"),
        (notation.pounds, "-12.345", "\u2212£12.35"),
        (notation.change_in_pounds, "12", "+£12.00"),
        (notation.change_in_pounds, "0", "£0.00"),
        (notation.percent, "0.0004", "<0.1%"),
        (notation.percent, "0", "0.0%"),
        (notation.percent, "1.2345", "123.5%"),
        (notation.change_in_percent, "-0.5", "\u221250.0%"),
        (notation.change_in_percent, "12.5", "+1,250.0%"),
        (notation.compact_pounds, "0", "£0"),
        (notation.compact_pounds, "0.05", "£0.05"),
        (notation.compact_pounds, "750", "£750"),
        (notation.compact_pounds, "2500", "£2.5k"),
        (notation.compact_pounds, "-40000000", "\u2212£40m"),
        (notation.compact_pounds, "1E+12", "£1tn"),
        (notation.compact_pounds, "2.5E+20", "£2.5e20"),
        (notation.rate, "1.194528", "1.1945"),
        (notation.rate, "0.0075123", "0.007512"),
    ],
)
def test_numbers_are_written_the_british_way(write: Any, value: str, text: str) -> None:
    assert write(Decimal(value)) == text


@pytest.mark.parametrize(
    ("monday", "text"),
    [
        (dt.date(2010, 12, 6), "6\u201312 December 2010"),
        (dt.date(2010, 11, 29), "29 November \u2013 5 December 2010"),
        (dt.date(2010, 12, 27), "27 December 2010 \u2013 2 January 2011"),
    ],
)
def test_a_week_repeats_no_more_of_its_date_than_it_must(monday: dt.date, text: str) -> None:
    assert notation.week_range(monday).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (None, "6 December 2010, 00:00"),
        (dt.UTC, "6 December 2010, 00:00 UTC"),
        (dt.timezone(dt.timedelta(hours=5, minutes=30)), "6 December 2010, 00:00 UTC+05:30"),
        (dt.timezone(-dt.timedelta(hours=3, minutes=30)), "6 December 2010, 00:00 UTC\u221203:30"),
    ],
)
def test_a_moment_carries_its_offset(zone: dt.tzinfo | None, text: str) -> None:
    moment = dt.datetime(2010, 12, 6, tzinfo=zone)

    assert notation.moment(moment).replace("\u00a0", " ") == text


# Geometry

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=3)
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


# Any report at all

reports = st.builds(
    lambda days, before, products, missing: WeeklyReport(
        week="2010-W49",
        monday=MONDAY,
        days=tuple(day(place, str(revenue), channel) for (place, channel), revenue in days.items()),
        days_before=tuple(day(place, str(revenue), channel, weeks=-1) for (place, channel), revenue in before.items()),
        products=tuple(Product("1", text, 1, revenue) for text, revenue in products),
        countries=tuple(Country(text, revenue, 1) for text, revenue in products),
        missing_days=tuple(MONDAY + dt.timedelta(days=place) for place in missing),
    ),
    st.dictionaries(st.tuples(st.integers(0, 6), st.sampled_from(CHANNELS)), amounts),
    st.dictionaries(st.tuples(st.integers(0, 6), st.sampled_from(CHANNELS)), amounts),
    st.lists(st.tuples(st.text(max_size=20), amounts), max_size=4),
    st.sets(st.integers(0, 6)),
)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_gives_a_well_formed_page_with_its_total(drawn: WeeklyReport) -> None:
    page = render(drawn)

    total = sum((row.revenue for row in drawn.days), Decimal(0))
    text = text_of(page)
    if drawn.days or len(drawn.missing_days) < 7:
        assert f"Revenue {notation.pounds(total)} " in text
    assert page.encode("utf-8")


class _Tags(HTMLParser):
    """Opened elements in their order, and those not closed by the end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by WCAG 2.2, from 1 to 21."""

    def luminance(colour: str) -> float:
        figures = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        parts = [int(figures[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
