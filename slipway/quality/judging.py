"""Telling good rows from bad ones, before anything is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from slipway.lake.frames import conform, from_arrow, to_arrow, to_polars
from slipway.lake.partitions import File
from slipway.lake.table import Verdict
from slipway.quality.table import Table


@dataclass(frozen=True)
class Rule:
    """A rule on single rows, beyond those of the columns: `holds` is true for a row that may stay.

    A null counts as not holding, so that nothing slips through a comparison with a missing value.
    """

    name: str
    reason: str
    holds: pl.Expr


@dataclass(frozen=True)
class Deduplicated:
    """A frame without exact duplicates, and how many there were."""

    frame: pl.DataFrame
    duplicates: int


@dataclass(frozen=True)
class Judged:
    """What an asset returns when it has more to say than its rows.

    Attributes:
        frame: the rows that may stand.
        rejected: rows for the quarantine, with `rule` and `reason`; None for a table without one.
        duplicates: exact duplicates that were dropped.
        verdicts: outcomes of the checks that the table leaves to its asset.
        metadata: anything else worth showing on the partition's page.
        source: where the rows came from outside the lake, kept in the object's provenance.
        files: artifacts made from the rows.
    """

    frame: Any
    rejected: Any = None
    duplicates: int = 0
    verdicts: Sequence[Verdict] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[File] = ()


def drop_exact_duplicates(frame: Any, columns: Sequence[str]) -> Deduplicated:
    """Keep the first of the rows that are equal in all of `columns`, in the frame's order."""
    rows = as_polars(frame)
    kept = rows.unique(subset=list(columns), keep="first", maintain_order=True)
    return Deduplicated(kept, len(rows) - len(kept))


def judge(frame: Any, table: type[Table], extra: Sequence[Rule] = ()) -> Judged:
    """Part a frame into the rows that hold against a table's contract and those that go to its quarantine.

    Args:
        frame: any frame, or `Deduplicated`; it may have more columns than the table, which the rules may use.
        extra: rules that are asked first, in their order; then the columns' own. A row is told the first one it breaks.

    Raises:
        FrameError: a column is missing or of another type than the table's; the message shows the difference.
    """
    duplicates = 0
    if isinstance(frame, Deduplicated):
        frame, duplicates = frame.frame, frame.duplicates
    rows = as_polars(frame)
    contract = table.contract
    names = [column.name for column in contract.columns]
    rule, reason = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for one in reversed(extra):
        broken = ~one.holds.fill_null(False)
        rule = pl.when(broken).then(pl.lit(one.name)).otherwise(rule)
        reason = pl.when(broken).then(pl.lit(one.reason)).otherwise(reason)
    rows = rows.with_columns(rule=rule, reason=reason)
    good = rows.filter(pl.col("rule").is_null())
    bad = rows.filter(pl.col("rule").is_not_null())
    # Types first: a rule on numbers has nothing to say about texts. Missing values are the rules' to judge.
    schema = pa.schema([pa.field(column.name, column.kind) for column in contract.columns])
    present = to_arrow(good.select(name for name in names if name in good.columns))[0]
    cases = contract.failing_rows(from_arrow(conform(present, schema, contract.key_text), None))
    if len(cases):
        first = pl.from_pandas(cases.astype({"index": "int64"})[["index", "column", "check"]]).unique(
            subset="index", keep="first", maintain_order=True
        )
        told = (
            good.drop("rule", "reason")
            .with_row_index("_row")
            .join(
                first.select(
                    pl.col("index").cast(pl.UInt32).alias("_row"),
                    rule=pl.col("column"),
                    reason=pl.format("{} fails {}", "column", "check"),
                ),
                on="_row",
                how="left",
                maintain_order="left",
            )
        )
        bad = pl.concat([bad, told.filter(pl.col("rule").is_not_null()).drop("_row").select(bad.columns)])
        good = told.filter(pl.col("rule").is_null()).drop("_row")
    rejected = bad.select("rule", "reason", *names) if contract.quarantine else bad
    return Judged(good.select(names), rejected, duplicates)


def as_polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    return to_polars(frame if isinstance(frame, pa.Table) else to_arrow(frame)[0])
