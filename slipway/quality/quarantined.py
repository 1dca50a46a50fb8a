"""Rows in quarantine: how many, which, and what became of them when their partitions were made again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from slipway.lake import Lake
from slipway.lake.frames import to_polars
from slipway.lake.partitions import dimension_names, dimensions
from slipway.quality.contract import QUARANTINE, Contract
from slipway.quality.errors import QualityError

RULE, REASON = "rule", "reason"


class UnknownTable(QualityError, LookupError):
    """A name that is no declared table's, or not that of one with a quarantine."""


@dataclass(frozen=True)
class RuleCount:
    """Rows of a table that break one rule. `newest` is the newest partition with such rows."""

    table: str
    rule: str
    rows: int
    partitions: int
    newest: str | None


@dataclass(frozen=True)
class Outcome:
    """What a replay did to the rows of some partitions' quarantine.

    Attributes:
        left: rows that were there before and are no more.
        stayed: rows that are still there, whatever rule they break now.
        arrived: rows that were not there before.
        by_rule: (rule, rows before, rows after) in order of the rules' names.
    """

    left: int
    stayed: int
    arrived: int
    by_rule: tuple[tuple[str, int, int], ...]


def tables_with_quarantine(contracts: Iterable[Contract]) -> list[Contract]:
    return sorted((c for c in contracts if c.quarantine is not None), key=lambda c: c.path)


def find_table(name: str, contracts: Iterable[Contract]) -> Contract:
    """The table of a name: its key, its quarantine's key, or the last part of either, if only one table has it.

    Raises:
        UnknownTable
    """
    tables = tables_with_quarantine(contracts)
    wanted = name.strip("/").removeprefix(f"{QUARANTINE}/")
    found = [c for c in tables if c.key_text == wanted] or [c for c in tables if c.path[-1] == wanted]
    if len(found) == 1:
        return found[0]
    known = ", ".join(c.key_text for c in tables) or "none"
    if found:
        raise UnknownTable(f"{name!r} is the name of {len(found)} tables: {', '.join(c.key_text for c in found)}.")
    raise UnknownTable(f"Expected a table with a quarantine, found {name!r}. Tables with one: {known}.")


class Quarantine:
    """One table's rejected rows in the lake."""

    def __init__(self, lake: Lake, contract: Contract) -> None:
        if contract.quarantine is None:
            raise UnknownTable(f"{contract.key_text} declares no quarantine.")
        self.table = contract
        self.contract = contract.quarantine
        self._lake = lake

    @property
    def dimensions(self) -> tuple[str, ...]:
        return dimension_names(self.contract.partitions)

    def keys(self) -> list[str | None]:
        """Partitions of the quarantine that are in the lake, oldest first; None for a table without partitions."""
        found = [dims for dims, _size in self._lake.partitions(self.contract.path)]
        if not self.dimensions:
            return [None] if found else []
        return [*sorted("|".join(dims[name] for name in self.dimensions) for dims in found)]

    def rows(self, keys: Sequence[str | None] | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Rejected rows of these partitions (all of them where None), with a column for each dimension."""
        wanted = self.keys() if keys is None else keys
        pairs = [(key, dimensions(self.contract.partitions, key)) for key in wanted]
        loaded = self._lake.load(self.contract.path, pairs, columns=columns, missing="skip", dimensions=self.dimensions)
        return to_polars(loaded.table(dimensions=True))

    def count(self) -> list[RuleCount]:
        """Rows by rule, the most first."""
        frame = self.rows(columns=[RULE])
        key = partition_key(self.dimensions)
        counts = (
            frame.group_by(RULE)
            .agg(pl.len().alias("rows"), key.n_unique().alias("partitions"), key.max().alias("newest"))
            .sort(["rows", RULE], descending=[True, False])
        )
        return [
            RuleCount(self.table.key_text, row[RULE], row["rows"], row["partitions"], row["newest"])
            for row in counts.iter_rows(named=True)
        ]

    def affected(self, keys: Sequence[str | None] | None = None, rule: str | None = None) -> list[str | None]:
        """Partitions (of these, or of all) that have rows in quarantine, of one rule or of any."""
        frame = self.rows(keys, columns=[RULE])
        if rule is not None:
            frame = frame.filter(pl.col(RULE) == rule)
        if not self.dimensions:
            return [None] if len(frame) else []
        return sorted(frame.select(partition_key(self.dimensions).alias("key"))["key"].unique().to_list())


def partition_key(names: Sequence[str]) -> pl.Expr:
    """A row's partition key, from its dimension columns."""
    return pl.concat_str([pl.col(name) for name in names], separator="|") if names else pl.lit(None, pl.String)


def between(keys: Iterable[str | None], first: str | None, last: str | None) -> list[str | None]:
    """Keys from `first` to `last`, both included, of those that sort as their partitions do (days, weeks, months)."""
    return [key for key in keys if key is not None and (not first or key >= first) and (not last or key <= last)]


def outcome(before: pl.DataFrame, after: pl.DataFrame) -> Outcome:
    """Compare the quarantine of the same partitions before and after a replay, row by row.

    A row is the same if all but its rule and reason are: what broke one rule and now breaks another has stayed.
    """
    own = [name for name in before.columns if name not in (RULE, REASON)]
    stayed = (
        _tally(before, own, "was").join(_tally(after, own, "is"), on=own, how="inner", nulls_equal=True)
        if own
        else pl.DataFrame({"was": [len(before)], "is": [len(after)]})
    )
    same = int(stayed.select(pl.min_horizontal("was", "is").sum()).item() or 0)
    counts = (
        _by_rule(before, "was").join(_by_rule(after, "is"), on=RULE, how="full", coalesce=True).fill_null(0).sort(RULE)
    )
    return Outcome(
        left=len(before) - same,
        stayed=same,
        arrived=len(after) - same,
        by_rule=tuple((row[RULE], row["was"], row["is"]) for row in counts.iter_rows(named=True)),
    )


def _tally(frame: pl.DataFrame, own: Sequence[str], name: str) -> pl.DataFrame:
    return frame.group_by(own).len(name)


def _by_rule(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.group_by(RULE).len(name)


def plain_row(row: Mapping[str, object]) -> dict[str, object]:
    """A row's values as JSON has them, or as text."""
    return {n: v if isinstance(v, str | int | float | bool | None) else as_text(v) for n, v in row.items()}


def as_text(value: object) -> str:
    """A value as a terminal or JSON shows it: exact, without a type's wrapping."""
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)
