"""What `slipway status` prints: readable at 80 columns, without colour codes in a pipe."""

from __future__ import annotations

import io

import dagster as dg
import pytest
from click.testing import CliRunner
from rich.console import Console

from slipway.cli.status import command, show, what
from slipway.observe import WHOLE, AssetStatus, Failure

FAILURE = Failure("2010-12-03", "0123456789abcdef", "1 of 2 rows break the contract: quantity fails > 0.")


def asset(key: str, **facts: object) -> AssetStatus:
    return AssetStatus(dg.AssetKey(key.split("/")), key.split("/")[0], **facts)  # type: ignore[arg-type]


STATUSES = [
    asset("bronze/shop/order_lines", newest="2010-12-09", late=("2010-12-10",), missing=("2010-12-01",), due=10),
    asset("bronze/names", missing=(WHOLE,), due=1),
    asset("silver/sales", newest="2010-12-10", failing=("2010-12-01", "2010-12-03"), failure=FAILURE, due=10),
    asset(
        "gold/by_category",
        newest="kitchen|2010-12-10",
        stale=("kitchen|2010-12-10",),
        causes={"kitchen|2010-12-10": ("silver/sales",)},
        due=10,
    ),
    asset("gold/weekly_sales_report", newest="2010-12-06", weekly=True, due=2),
]


def printed(width: int = 80) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width), STATUSES, STATUSES)
    return out.getvalue()


def test_it_fits_80_columns_without_colour_codes() -> None:
    text = printed()
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_layers_stand_in_the_order_of_their_data_and_weeks_have_numbers() -> None:
    text = printed(200)
    assert [line.strip() for line in text.splitlines() if line.strip() in ("bronze", "silver", "gold")] == [
        "bronze",
        "silver",
        "gold",
    ]
    assert "2010-W49" in text
    assert "2010-12-10 kitchen" in text
    assert text.rstrip().endswith("5 assets: 1 failing, 1 late, 1 missing, 1 stale, 1 up to date")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (STATUSES[0], "2010-12-10 is due and not there; 1 older of 10 missing, the newest 2010-12-01"),
        (STATUSES[1], "never made"),
        (STATUSES[2], "2 failed, the newest 2010-12-03"),
        (asset("a/b", failing=("2010-12-03",), due=3), "2010-12-03 failed"),
        (asset("a/b", failing=(WHOLE,), due=1), "it failed"),
        (
            asset("a/b", stale=("1", "2"), causes={"1": ("c/d",), "2": ("c/d", "c/e")}, due=3),
            "2 stale: c/d, c/e changed",
        ),
        (asset("a/b", stale=(WHOLE,), causes={WHOLE: ("c/d",)}, due=1), "stale: c/d changed"),
        (asset("a/b", running=("1",), due=3), "1 being made"),
        (asset("a/b"), "nothing is due yet"),
        (asset("a/b", newest="1", due=1), ""),
    ],
)
def test_what_is_said(status: AssetStatus, words: str) -> None:
    assert what(status) == words


def test_the_reason_of_a_failure_is_a_line_of_its_own_with_the_run() -> None:
    lines = printed(120).splitlines()
    assert f"silver/sales 2010-12-03, run 01234567: {FAILURE.reason}" in lines


def test_help_says_what_the_states_and_exit_codes_mean() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    for word in ("failing", "late", "missing", "stale", "Exit code: 0", "SLIPWAY_LOCATIONS"):
        assert word in text
