"""Parting good rows from bad ones: every row ends in one place, and is told the first rule that it breaks."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.lake import Facts, FrameError
from slipway.quality import Deduplicated, Judged, Rule, Table, column, drop_exact_duplicates, judge
from slipway.quality.types import Decimal12_3, Int32, Text


class Plums(Table):
    """Every column has its rules; none is unique."""

    key, quarantine = "garden/plums", True
    crate: Int32 = column(gt=0, le=5)
    weight: Decimal12_3 = column(ge=0)
    sort: Text | None = column(matches=r"^[a-c]+$", isin=("a", "b", "ab"))


class Cherries(Table):
    """Unique, without a quarantine."""

    key, unique = "garden/cherries", ("crate",)
    crate: Int32 = column(gt=0)
    sort: Text | None


SCHEMA: dict[str, Any] = {
    "line": pl.Int64,
    "crate": pl.Int32,
    "weight": pl.Decimal(12, 3),
    "sort": pl.String,
    "note": pl.String,
}
RULES = (
    Rule("cancelled", "the note begins with C", ~pl.col("note").str.starts_with("C")),
    Rule("weighed", "there is no note", pl.col("note").str.len_chars() > 0),
)


def plums(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"crate": 1, "weight": Decimal("1.000"), "sort": "a", "note": "n"}
    return pl.DataFrame([{"line": line, **usual, **row} for line, row in enumerate(rows)], schema=SCHEMA)


def reference(row: dict[str, Any]) -> str | None:
    """The first rule that a row breaks, worked out by hand: the extra rules in order, then the columns' in order."""
    note, crate, weight, sort = row["note"], row["crate"], row["weight"], row["sort"]
    if note is None or note.startswith("C"):
        return "cancelled: the note begins with C"
    if note == "":
        return "weighed: there is no note"
    if crate is None:
        return "crate: crate fails not_nullable"
    if not crate > 0:
        return "crate: crate fails greater_than(0)"
    if not crate <= 5:
        return "crate: crate fails less_than_or_equal_to(5)"
    if weight is None:
        return "weight: weight fails not_nullable"
    if not weight >= 0:
        return "weight: weight fails greater_than_or_equal_to(0)"
    if sort is not None and not re.match(r"^[a-c]+$", sort):
        return "sort: sort fails str_matches('^[a-c]+$')"
    if sort is not None and sort not in ("a", "b", "ab"):
        return "sort: sort fails isin(['a', 'b', 'ab'])"
    return None


rows = st.lists(
    st.fixed_dictionaries(
        {
            "crate": st.none() | st.integers(-1, 7),
            "weight": st.none() | st.decimals("-1", "3", places=3),
            "sort": st.none() | st.sampled_from(["a", "b", "ab", "c", "z", ""]),
            "note": st.none() | st.sampled_from(["n", "", "C1", "nC"]),
        }
    ),
    max_size=12,
)


@given(rows=rows)
@settings(max_examples=50)
def test_every_row_ends_in_one_place_with_the_first_rule_it_breaks(rows: list[dict[str, Any]]) -> None:
    frame = plums(*rows)
    judged = judge(frame, Plums, extra=RULES)
    expected = Counter((tuple(row[name] for name in ("crate", "weight", "sort")), reference(row)) for row in rows)
    found: Counter[tuple[Any, str | None]] = Counter(
        (row, None) for row in judged.frame.select("crate", "weight", "sort").iter_rows()
    )
    found += Counter(
        ((row["crate"], row["weight"], row["sort"]), f"{row['rule']}: {row['reason']}")
        for row in judged.rejected.iter_rows(named=True)
    )
    assert found == expected
    assert len(judged.frame) + len(judged.rejected) == len(rows)


@given(rows=rows)
@settings(max_examples=50)
def test_what_is_kept_holds_against_the_contract(rows: list[dict[str, Any]]) -> None:
    kept = judge(plums(*rows), Plums, extra=RULES).frame
    table = kept.to_arrow().cast(Plums.contract.arrow_schema)
    assert all(verdict.passed for verdict in Plums.contract.judge(table, Facts(rows_rejected=0), {}))


@given(rows=rows, columns=st.sets(st.sampled_from(["crate", "weight", "sort", "note"]), min_size=1))
def test_of_exact_duplicates_the_first_is_kept(rows: list[dict[str, Any]], columns: set[str]) -> None:
    """Compared with a loop over dicts: nulls are equal to each other, order stays."""
    seen: set[tuple[Any, ...]] = set()
    expected = []
    for line, row in enumerate(rows):
        values = tuple(row[name] for name in sorted(columns))
        if values not in seen:
            expected.append(line)
        seen.add(values)
    distinct = drop_exact_duplicates(plums(*rows), sorted(columns))
    assert distinct.frame["line"].to_list() == expected
    assert distinct.duplicates == len(rows) - len(expected)


def test_rows_keep_their_order() -> None:
    kept = judge(plums({"crate": 3}, {"crate": 9}, {"crate": 1}, {"note": "C"}, {"crate": 2}), Plums, extra=RULES)
    assert kept.frame["crate"].to_list() == [3, 1, 2]


def test_a_null_does_not_hold() -> None:
    judged = judge(plums({"note": None}), Plums, extra=[Rule("noted", "no note", pl.col("note") != "x")])
    assert judged.rejected["rule"].to_list() == ["noted"]


def test_without_extra_rules_the_contract_alone_decides() -> None:
    judged = judge(plums({}, {"crate": 0}), Plums)
    assert (len(judged.frame), judged.rejected["rule"].to_list()) == (1, ["crate"])


def test_rules_may_look_at_columns_that_the_table_has_not() -> None:
    judged = judge(plums({"note": "C7"}), Plums, extra=RULES)
    assert judged.frame.columns == ["crate", "weight", "sort"]
    assert judged.rejected.columns == ["rule", "reason", "crate", "weight", "sort"]


def test_duplicates_are_handed_on() -> None:
    assert judge(Deduplicated(plums({}), 4), Plums).duplicates == 4


@pytest.mark.parametrize(
    "make", [lambda f: f, lambda f: f.to_arrow(), lambda f: f.to_pandas(), lambda f: f.lazy(), lambda f: f.to_dicts()]
)
def test_any_frame_will_do(make: Any) -> None:
    judged = judge(make(plums({}, {"crate": 0, "note": "n"})), Plums)
    assert (len(judged.frame), len(judged.rejected)) == (1, 1)


@pytest.mark.parametrize("extra", [(), RULES])
def test_an_empty_frame_stays_empty_and_typed(extra: tuple[Rule, ...]) -> None:
    judged = judge(plums(), Plums, extra=extra)
    assert judged.frame.schema == {"crate": pl.Int32, "weight": pl.Decimal(12, 3), "sort": pl.String}
    assert judged.rejected.is_empty()
    assert judged.rejected.columns == ["rule", "reason", "crate", "weight", "sort"]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (
            {"crate": ["1"], "weight": [1], "sort": ["a"]},
            r"! crate: int32   \(found .*string.*: text is not turned into",
        ),
        ({"crate": [1.5], "weight": [1], "sort": ["a"]}, r"! crate: int32   \(found double"),
        ({"crate": [1], "weight": [1.5], "sort": ["a"]}, r"! weight: decimal128\(12, 3\)   \(found double"),
        ({"crate": [1], "weight": [1]}, r"- sort: string   \(missing\)"),
    ],
)
def test_another_type_is_told_before_any_rule(frame: dict[str, list[Any]], told: str) -> None:
    with pytest.raises(FrameError, match=rf"(?s)contract of garden/plums:.*{told}"):
        judge(pl.DataFrame(frame), Plums)


def test_a_column_without_a_single_value_has_no_type_to_be_wrong() -> None:
    judged = judge(pl.DataFrame({"crate": [None, None], "weight": [1, 2], "sort": [None, None]}), Plums)
    assert judged.rejected["reason"].to_list() == ["crate fails not_nullable"] * 2


def test_all_rows_of_a_value_that_must_be_unique_are_set_aside() -> None:
    """None of them can be told to be the right one."""
    frame = pl.DataFrame({"crate": [1, 2, 1], "sort": ["x", "y", "z"]}, schema={"crate": pl.Int32, "sort": pl.String})
    judged = judge(frame, Cherries)
    assert judged.frame["sort"].to_list() == ["y"]
    assert sorted(judged.rejected["sort"].to_list()) == ["x", "z"]


def test_a_table_without_quarantine_keeps_every_column_of_what_it_rejects() -> None:
    frame = pl.DataFrame({"crate": [0], "sort": ["x"], "more": [1]})
    assert "more" in judge(frame, Cherries).rejected.columns


def test_duplicates_of_pandas_frames() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2, None, None]})
    assert drop_exact_duplicates(frame, ["a"]).duplicates == 2


def test_text_that_pandas_would_take_for_a_number_stays_text() -> None:
    frame = pa.table({"a": ["1", "01", "1.0", "1"]})
    assert drop_exact_duplicates(frame, ["a"]).frame["a"].to_list() == ["1", "01", "1.0"]


def test_a_judged_frame_says_nothing_more_by_default() -> None:
    judged = Judged(plums())
    assert (judged.rejected, judged.duplicates, judged.verdicts, judged.files) == (None, 0, (), ())
