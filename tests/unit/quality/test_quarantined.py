"""What a replay did to the rows of a quarantine, and which rows are counted at all."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.lake import Draft, Lake, LakeSettings
from slipway.quality import Column, Contract
from slipway.quality.quarantined import (
    Quarantine,
    RuleCount,
    UnknownTable,
    between,
    find_table,
    outcome,
    tables_with_quarantine,
)
from slipway.quality.replay import ranges

DAYS = dg.DailyPartitionsDefinition("2010-12-01", end_date="2010-12-11", timezone="UTC")


def with_quarantine(*path: str, partitions: dg.PartitionsDefinition | None = DAYS) -> Contract:
    columns = (Column("rule", pa.string()), Column("reason", pa.string()), Column("n", pa.int64(), nullable=True))
    rejected = Contract("Rejected", ("quarantine", *path), columns, partitions=partitions)
    return Contract("Table", path, (Column("n", pa.int64()),), partitions=partitions, quarantine=rejected)


SALES = with_quarantine("silver", "sales")
LINES = with_quarantine("bronze", "lines")


def rows(*pairs: tuple[str, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"rule": [rule for rule, _ in pairs], "reason": "why", "n": [n for _, n in pairs]},
        {"rule": pl.String, "reason": pl.String, "n": pl.Int64},
    )


def lake_with(folder: Path, contract: Contract, days: dict[str | None, pl.DataFrame]) -> Lake:
    assert contract.quarantine is not None
    lake = Lake(LakeSettings.parse(str(folder)), {contract.quarantine.path: contract.quarantine})
    for key, frame in days.items():
        lake.publish(Draft(contract.quarantine.path, (key, {"day": key} if key else {}), frame.to_arrow()), "a run")
    return lake


def test_rows_are_told_apart_by_all_but_their_rule() -> None:
    result = outcome(rows(("a", 1), ("a", 1), ("a", 2), ("b", None)), rows(("b", 1), ("b", None), ("c", 9)))
    assert (result.left, result.stayed, result.arrived) == (2, 2, 1)
    assert result.by_rule == (("a", 3, 0), ("b", 1, 2), ("c", 0, 1))


def test_from_and_to_nothing() -> None:
    assert outcome(rows(), rows(("a", 1))).arrived == 1
    assert outcome(rows(("a", 1)), rows()).left == 1
    assert outcome(rows(), rows()).by_rule == ()


_ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 3))), max_size=12)


@settings(deadline=None)
@given(before=_ROWS, after=_ROWS)
def test_every_row_has_left_or_stayed_or_arrived(
    before: list[tuple[str, int | None]], after: list[tuple[str, int | None]]
) -> None:
    result = outcome(rows(*before), rows(*after))
    assert result.left + result.stayed == len(before)
    assert result.arrived + result.stayed == len(after)
    assert result.stayed == sum(
        min([n for _, n in before].count(value), [n for _, n in after].count(value)) for value in {n for _, n in before}
    )


def test_counting_by_rule(tmp_path: Path) -> None:
    days: dict[str | None, pl.DataFrame] = {
        "2010-12-01": rows(("a", 1), ("b", 1)),
        "2010-12-02": rows(),
        "2010-12-03": rows(("a", 1), ("a", 2)),
    }
    quarantine = Quarantine(lake_with(tmp_path, SALES, days), SALES)
    assert quarantine.count() == [
        RuleCount("silver/sales", "a", 3, 2, "2010-12-03"),
        RuleCount("silver/sales", "b", 1, 1, "2010-12-01"),
    ]
    assert quarantine.affected() == ["2010-12-01", "2010-12-03"]
    assert quarantine.affected(rule="b") == ["2010-12-01"]
    assert quarantine.affected(["2010-12-02", "2010-12-03", "2010-12-04"]) == ["2010-12-03"]
    assert quarantine.rows(["2010-12-01"])["day"].to_list() == ["2010-12-01"] * 2


def test_an_empty_lake_has_no_rows(tmp_path: Path) -> None:
    quarantine = Quarantine(lake_with(tmp_path, SALES, {}), SALES)
    assert (quarantine.count(), quarantine.affected(), quarantine.rows().columns[-1]) == ([], [], "day")
    assert quarantine.affected(["2010-12-01"]) == []


def test_a_table_without_partitions(tmp_path: Path) -> None:
    whole = with_quarantine("silver", "whole", partitions=None)
    quarantine = Quarantine(lake_with(tmp_path, whole, {None: rows(("a", 1))}), whole)
    assert quarantine.count() == [RuleCount("silver/whole", "a", 1, 1, None)]
    assert quarantine.affected(rule="a") == [None]
    assert quarantine.affected(rule="b") == []


@pytest.mark.parametrize("name", ["silver/sales", "quarantine/silver/sales", "sales", "/silver/sales/"])
def test_a_table_is_found_by_its_names(name: str) -> None:
    assert find_table(name, [LINES, SALES]) is SALES


def test_a_name_that_is_none_or_several() -> None:
    other = with_quarantine("gold", "sales")
    with pytest.raises(UnknownTable, match=r"found 'nix'\. Tables with one: bronze/lines, silver/sales"):
        find_table("nix", [SALES, LINES])
    with pytest.raises(UnknownTable, match="is the name of 2 tables: gold/sales, silver/sales"):
        find_table("sales", [SALES, other])
    assert tables_with_quarantine([SALES, Contract("X", ("a",), (Column("n", pa.int64()),))]) == [SALES]


def test_a_range_of_keys_includes_both_ends() -> None:
    keys = [f"2010-12-{day:02d}" for day in range(1, 6)]
    assert between(keys, "2010-12-02", "2010-12-04") == keys[1:4]
    assert between(keys, None, "2010-12-01") == keys[:1]
    assert between([None], "a", None) == []


def test_neighbours_are_one_run_oldest_first() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        wanted = ["2010-12-03", "2010-12-01", "2010-12-02", "2010-12-07", "1999-01-01"]
        assert ranges(DAYS, wanted, instance) == [("2010-12-01", "2010-12-03"), ("2010-12-07", "2010-12-07")]
        assert ranges(None, [None], instance) == [(None, None)]
        assert ranges(None, [], instance) == []
        both = dg.MultiPartitionsDefinition({"day": DAYS, "k": dg.StaticPartitionsDefinition(["a", "b"])})
        assert ranges(both, ["2010-12-01|a", "2010-12-02|a"], instance) == [
            ("2010-12-01|a", "2010-12-01|a"),
            ("2010-12-02|a", "2010-12-02|a"),
        ]
