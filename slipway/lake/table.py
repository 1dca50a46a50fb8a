"""What the lake needs to know of a table. `slipway.quality` declares such tables; the lake only follows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check on one partition, before the partition is published.

    Attributes:
        check: the check's name, as in the asset's check specs.
        passed: whether the frame holds.
        blocking: a failed blocking check keeps the partition from being published.
        reason: a sentence for whoever reads the failure.
        metadata: figures for the evaluation's page.
    """

    check: str
    passed: bool
    blocking: bool = True
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What is known about a partition besides its frame, for its judges.

    Attributes:
        partition: the partition key; None for an unpartitioned table.
        rows_read: rows that were loaded for each upstream asset, by its key as a path.
        rows_rejected: rows that were set aside in quarantine.
        duplicates: exact duplicates that were dropped.
        history: measures of earlier partitions, by partition key, newest first.
        verdicts: what the asset itself found, such as a comparison with another table.
    """

    partition: str | None = None
    rows_read: Mapping[str, int] = field(default_factory=dict)
    rows_rejected: int = 0
    duplicates: int = 0
    history: Sequence[tuple[str, Mapping[str, float]]] = ()
    verdicts: Sequence[Verdict] = ()


class LakeTable(Protocol):
    """A declared table: schema, rules and what may be shown of it."""

    @property
    def arrow_schema(self) -> pa.Schema: ...
    @property
    def version(self) -> str:
        """A hash of the contract, which changes when its columns or rules do."""
        ...

    @property
    def personal(self) -> Collection[str]:
        """Columns that no preview may show."""
        ...

    @property
    def volatile(self) -> Collection[str]:
        """Columns that do not count for the data version."""
        ...

    def measure(self, rows: pa.Table) -> Mapping[str, float]:
        """The table's business figures over one partition."""
        ...

    def history_keys(self, partition: str | None) -> Sequence[str]:
        """Earlier partitions whose measures the judges want, newest first."""
        ...

    def judge(self, rows: pa.Table, facts: Facts, measures: Mapping[str, float]) -> Sequence[Verdict]:
        """Evaluate every check of the table on one partition."""
        ...
