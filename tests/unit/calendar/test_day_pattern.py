"""Days in file names: found again, nothing else taken for one, and read as the shop reads them that writes them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from demo import ShopError
from demo.wholesale import DayPattern as ShopsPattern
from slipway.calendar import DayPattern
from slipway.cli.demo import _days_of
from slipway.embedded.home import HomeError

DAY = dt.date(2010, 12, 1)
FORMATS = ["", ":%Y%m%d", ":%d.%m.%Y", ":%Y-%j", ":%y%m%d", ":%m-%d", ":%A", ":{x}", "!r"]

texts = st.one_of(
    st.builds(
        "{}{{day{}}}{}".format,
        st.sampled_from(["", "sales-", "a{{b", ".", "a/", "{day}", "201012"]),
        st.sampled_from(FORMATS),
        st.sampled_from(["", ".csv", "}}.csv", "01"]),
    ),
    st.text("{}day:%Y-. /", max_size=12),
)


@pytest.mark.parametrize("text", ["online_retail_{day}.csv", "sales-{day:%Y%m%d}.csv", "{day:%d.%m.%Y}", "a{{{day}}}b"])
@given(day=st.dates(dt.date(1970, 1, 1), dt.date(2060, 12, 31)))
def test_a_day_is_found_again_in_its_name(text: str, day: dt.date) -> None:
    assert DayPattern(text).day_of(DayPattern(text).file_name(day)) == day


@pytest.mark.parametrize(
    "name",
    [
        "sales-20101299.csv",
        "sales-2010-12-01.csv",
        "sales-2010121.csv",
        "sales-20101201.csv.part",
        "Sales-20101201.csv",
        "sales-.csv",
        "sales-",
    ],
)
def test_other_names_carry_no_day(name: str) -> None:
    assert DayPattern("sales-{day:%Y%m%d}.csv").day_of(name) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sales.csv", "it must hold {day} once"),
        ("{day}{day}", "it must hold {day} once"),
        ("{date}.csv", "it must hold {day} once"),
        ("{", "expected '}'|Single '{'"),
        (".{day}", "a temporary one"),
        ("a/{day}", "without folders"),
        ("{day:%m-%d}", "with year, month and day"),
    ],
)
def test_a_pattern_that_cannot_work_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        DayPattern(text)


@given(text=texts, name=st.text("0123456789-.csv", max_size=14))
@example(text="sales-{day:%Y%m%d}.csv", name="sales-20101299.csv")
def test_the_shop_reads_patterns_in_the_same_way(text: str, name: str) -> None:
    """It may not import this library, being a source system: the two are held to each other here."""
    try:
        shops: ShopsPattern | None = ShopsPattern(text)
    except ShopError:
        shops = None
    try:
        ours: DayPattern | None = DayPattern(text)
    except ValueError:
        ours = None
    assert (shops is None) == (ours is None)
    if shops is not None and ours is not None:
        assert ours.file_name(DAY) == shops.file_name(DAY)
        for candidate in (name, shops.file_name(DAY), shops.file_name(DAY) + "x"):
            assert ours.day_of(candidate) == shops.day_of(candidate)


# The days that the demo finds in a folder


def test_the_demo_takes_the_files_that_name_a_day_and_no_others(tmp_path: Path) -> None:
    for name in ("2012-05-03", "2012-05-01", "2012-05-99", "2012-02-30"):
        (tmp_path / f"online_retail_{name}.csv").touch()
    (tmp_path / "online_retail_2012-06-01.csv").mkdir()
    (tmp_path / "online_retail_2012-05-04.csv").symlink_to(tmp_path / "gone")
    (tmp_path / "readme.txt").touch()
    assert _days_of(tmp_path, "online_retail_{day}.csv") == ["2012-05-01", "2012-05-03", "2012-05-04"]


def test_the_demo_takes_the_pattern_that_the_shop_recommends(tmp_path: Path) -> None:
    for name in ("sales-20120502.csv", "sales-20120501.csv", "sales-20120599.csv"):
        (tmp_path / name).touch()
    assert _days_of(tmp_path, "sales-{day:%Y%m%d}.csv") == ["2012-05-01", "2012-05-02"]
    with pytest.raises(HomeError, match="found none"):
        _days_of(tmp_path, "online_retail_{day}.csv")
