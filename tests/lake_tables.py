"""A declared table as the lake sees it, small enough to be written down in a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from slipway.lake import Facts, Verdict


@dataclass(frozen=True)
class SmallTable:
    """A `LakeTable`: its schema, and a function or two in the place of a contract's checks."""

    arrow_schema: pa.Schema
    version: str = "v1"
    personal: Collection[str] = ()
    volatile: Collection[str] = ()
    measures: Callable[[pa.Table], Mapping[str, float]] = field(default=lambda rows: {})
    checks: Callable[[pa.Table, Facts], Sequence[Verdict]] = field(default=lambda rows, facts: ())
    earlier: Callable[[str | None], Sequence[str]] = field(default=lambda partition: ())

    def measure(self, rows: pa.Table) -> Mapping[str, float]:
        return self.measures(rows)

    def history_keys(self, partition: str | None) -> Sequence[str]:
        return self.earlier(partition)

    def judge(self, rows: pa.Table, facts: Facts, measures: Mapping[str, float]) -> Sequence[Verdict]:
        return self.checks(rows, facts)
