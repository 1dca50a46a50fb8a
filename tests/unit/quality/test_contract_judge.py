"""A contract's checks on one partition: columns and rules, uniqueness, conservation, usual bounds, the asset's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from slipway.calendar import Calendar
from slipway.lake import Facts, Verdict
from slipway.quality import Contract, Table, column
from slipway.quality.types import Date, Decimal12_3, Int32, Text

calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))


class Picked(Table):
    """What was picked."""

    key = "grove/picked"
    crate: Int32


class Olives(Table):
    """One rule of each kind."""

    key, partitions = "grove/olives", calendar.days
    unique = ("crate", "sort")
    measures = {"weight_total": pl.col("weight").sum(), "average": pl.col("weight").cast(pl.Float64).mean()}
    bounded = ("weight_total",)
    conserves = (Picked,)
    checks = {"weighed_twice": "Both scales agree."}

    crate: Int32 = column(ge=1, le=99)
    weight: Decimal12_3 = column(gt=0, lt=1000)
    sort: Text = column(isin=("green", "black"))
    label: Text | None = column(matches=r"^[A-Z]{2}[0-9]+$")
    picker: Text | None = column(personal="initials", matches=r"^[A-Z]{2}$")
    picked_on: Date | None


def olives(*changes: Mapping[str, Any]) -> pa.Table:
    """Rows that hold, each bent by its changes."""
    usual = {
        "weight": Decimal("12.500"),
        "sort": "green",
        "label": "AB12",
        "picker": "XY",
        "picked_on": dt.date(2010, 12, 1),
    }
    rows = [{"crate": number, **usual, **change} for number, change in enumerate(changes, start=1)]
    return pa.Table.from_pylist(rows, schema=Olives.contract.arrow_schema)


def judge(rows: pa.Table, **facts: Any) -> dict[str, Verdict]:
    """Verdicts by check; what a test says nothing of is as it should be."""
    contract = Olives.contract
    given = {
        "rows_read": {"grove/picked": len(rows)},
        "verdicts": (Verdict("weighed_twice", passed=True),),
        **facts,
    }
    return {verdict.check: verdict for verdict in contract.judge(rows, Facts(**given), contract.measure(rows))}


def test_rows_that_hold_pass_every_check() -> None:
    verdicts = judge(olives({}, {"sort": "black"}, {"label": None, "picker": None, "picked_on": None}))
    assert list(verdicts) == ["contract", "every_row_accounted_for", "within_usual_bounds", "weighed_twice"]
    assert all(verdict.passed and not verdict.reason for verdict in verdicts.values())


def test_no_rows_hold() -> None:
    assert all(verdict.passed for verdict in judge(olives()).values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"crate": 0}, "crate: 1 rows fail greater_than_or_equal_to(1), such as '0'"),
        ({"crate": 100}, "crate: 1 rows fail less_than_or_equal_to(99), such as '100'"),
        ({"weight": Decimal("0.000")}, "weight: 1 rows fail greater_than(0), such as '0.000'"),
        ({"weight": Decimal("1000.000")}, "weight: 1 rows fail less_than(1000), such as '1000.000'"),
        ({"sort": "brown"}, "sort: 1 rows fail isin(['green', 'black']), such as 'brown'"),
        ({"label": "AB"}, "label: 1 rows fail str_matches('^[A-Z]{2}[0-9]+$'), such as 'AB'"),
    ],
)
def test_each_kind_of_rule_is_told_with_an_example(change: dict[str, Any], told: str) -> None:
    verdict = judge(olives({}, change, {}))["contract"]
    assert not verdict.passed
    assert verdict.blocking
    assert verdict.reason == f"1 of 3 rows break the contract of grove/olives: {told}"
    assert verdict.metadata["rows that break it"] == 1


@pytest.mark.parametrize(
    "change", [{"crate": 1}, {"crate": 99}, {"weight": Decimal("0.001")}, {"weight": Decimal("999.999")}]
)
def test_limits_themselves_hold_as_their_signs_say(change: dict[str, Any]) -> None:
    assert judge(olives(change))["contract"].passed


def test_a_personal_value_is_never_told() -> None:
    verdict = judge(olives({"picker": "Mrs Secret"}))["contract"]
    assert not verdict.passed
    assert "picker: 1 rows fail" in verdict.reason
    assert "Secret" not in verdict.reason


def test_a_row_that_breaks_two_rules_counts_once() -> None:
    verdict = judge(olives({"crate": 0, "sort": "brown"}, {}))["contract"]
    assert verdict.reason.startswith("1 of 2 rows break")
    assert "crate:" in verdict.reason
    assert "sort:" in verdict.reason


def test_values_that_occur_together_twice_break_the_contract() -> None:
    verdict = judge(olives({"crate": 7}, {"crate": 7}, {"crate": 7, "sort": "black"}))["contract"]
    assert not verdict.passed
    assert verdict.reason.startswith("2 of 3 rows break the contract")
    assert "multiple_fields_uniqueness" in verdict.reason


# Conservation: every row that was read is here, in quarantine, or an exact duplicate


def test_rows_in_quarantine_and_duplicates_account_for_what_is_not_here() -> None:
    verdict = judge(olives({}, {}), rows_read={"grove/picked": 7}, rows_rejected=4, duplicates=1)[
        "every_row_accounted_for"
    ]
    assert verdict.passed
    assert verdict.metadata == {"rows read": 7, "rows": 2, "in quarantine": 4, "exact duplicates": 1}


def test_lost_rows_are_counted() -> None:
    verdict = judge(olives({}, {}), rows_read={"grove/picked": 7}, rows_rejected=1, duplicates=1)[
        "every_row_accounted_for"
    ]
    assert not verdict.passed
    assert verdict.blocking
    assert verdict.reason.endswith("3 rows are lost")


def test_rows_counted_twice_are_counted() -> None:
    verdict = judge(olives({}, {}), rows_read={"grove/picked": 2}, rows_rejected=1)["every_row_accounted_for"]
    assert not verdict.passed
    assert verdict.reason.endswith("1 rows are counted twice")


def test_a_source_that_was_not_read_counts_as_no_rows() -> None:
    assert judge(olives(), rows_read={})["every_row_accounted_for"].passed
    assert not judge(olives({}), rows_read={})["every_row_accounted_for"].passed


# Bounds: a strange day is told, and published all the same


def history(*totals: float) -> Sequence[tuple[str, Mapping[str, float]]]:
    return [(f"2010-11-{30 - number:02}", {"weight_total": total}) for number, total in enumerate(totals)]


def test_without_enough_history_nothing_is_strange() -> None:
    verdict = judge(olives({}), history=history(1000.0, 1000.0, 1000.0))["within_usual_bounds"]
    assert verdict.passed


@pytest.mark.parametrize(("past", "passed"), [(12.5, True), (37.5, True), (37.6, False), (4.2, True), (4.1, False)])
def test_a_measure_is_compared_with_its_history(past: float, passed: bool) -> None:
    verdict = judge(olives({}), history=history(past, past, past, past))["within_usual_bounds"]
    assert verdict.passed is passed
    assert not verdict.blocking
    assert ("weight_total is 12.50, outside" in verdict.reason) is not passed
    assert verdict.metadata["compared with"] == "2010-11-30, 2010-11-29, 2010-11-28, 2010-11-27"


def test_a_day_that_fell_to_nothing_is_strange() -> None:
    assert not judge(olives(), history=history(10.0, 10.0, 10.0, 10.0))["within_usual_bounds"].passed


def test_the_same_weekday_of_the_last_eight_weeks_is_asked_for() -> None:
    keys = Olives.contract.history_keys("2010-12-27")
    assert list(keys)[:2] == ["2010-12-20", "2010-12-13"]
    assert len(keys) == 8
    assert not Olives.contract.history_keys(None)
    assert not Picked.contract.history_keys("2010-12-27")


# Checks that the asset decides itself


def test_the_assets_verdict_is_taken_as_it_is() -> None:
    said = Verdict("weighed_twice", passed=False, reason="the second scale says 11 kg")
    assert judge(olives({}), verdicts=[said])["weighed_twice"] == said


def test_a_missing_verdict_fails() -> None:
    verdict = judge(olives({}), verdicts=())["weighed_twice"]
    assert not verdict.passed
    assert verdict.blocking
    assert verdict.reason == "the asset gave no verdict on its check 'weighed_twice'"


# Measures


def test_measures_are_numbers_or_absent() -> None:
    contract: Contract = Olives.contract
    assert contract.measure(olives({}, {"weight": Decimal("0.500")})) == {"weight_total": 13.0, "average": 6.5}
    assert contract.measure(olives()) == {"weight_total": 0.0}, "an average over no rows is no number"
    assert Picked.contract.measure(pa.table({"crate": pa.array([1], pa.int32())})) == {}
