"""What every weekly page holds to, whatever its report: the same bytes, well formed, asking for nothing, readable."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_locations.reporting.tests.weekly_page.pages import (
    HOSTILE,
    MONDAY,
    VARIANTS,
    amounts,
    day,
    parse,
    report,
    rows_under,
    text_of,
)
from reporting import weekly_page
from reporting.weekly_page import (
    CHANNELS,
    Country,
    Product,
    WeeklyReport,
    notation,
    render,
)

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
each_variant = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())


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
