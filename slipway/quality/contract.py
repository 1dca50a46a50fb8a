"""A table's contract: everything that is declared of it, in one immutable object.

The lake follows it as a `LakeTable`; the asset's spec, its checks, its column schema, its quarantine and its page in
the documentation are made from it. `Table` is the way to write one down.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import pyarrow as pa

from slipway.calendar.deadline import Deadline
from slipway.lake.frames import to_polars
from slipway.lake.partitions import check_columns, dimension_names
from slipway.lake.table import Facts, Verdict
from slipway.quality.bounds import outside_bounds, same_weekday_keys

if TYPE_CHECKING:
    # Needed to judge, not to declare: a code server does without, and saves 0.3 s and 40 MB.
    import pandas as pd
    import pandera.pandas as pandera

CONTRACT = "contract"
CONSERVED = "every_row_accounted_for"
BOUNDS = "within_usual_bounds"
QUARANTINE = "quarantine"
"""The layer of rejected rows."""


@dataclass(frozen=True)
class Column:
    """One column and what holds for each of its values.

    Attributes:
        kind: the Arrow type that is stored.
        nullable: whether a value may be missing.
        unit: what a number counts, such as GBP or pieces.
        personal: how personal data in it are protected, such as "keyed hash"; such columns are in no preview.
        volatile: does not count for the data version, such as a time of processing.
    """

    name: str
    kind: pa.DataType
    nullable: bool = False
    description: str = ""
    unit: str = ""
    personal: str = ""
    volatile: bool = False
    gt: Any = None
    ge: Any = None
    lt: Any = None
    le: Any = None
    matches: str | None = None
    isin: tuple[Any, ...] | None = None

    @property
    def rules(self) -> list[pandera.Check]:
        """The column's rules as pandera checks."""
        import pandera.pandas as pandera

        check = pandera.Check
        rules = [
            make(value)
            for make, value in ((check.gt, self.gt), (check.ge, self.ge), (check.lt, self.lt), (check.le, self.le))
            if value is not None
        ]
        if self.matches is not None:
            rules.append(check.str_matches(self.matches))
        if self.isin is not None:
            rules.append(check.isin(list(self.isin)))
        return rules

    @property
    def constraints(self) -> list[str]:
        """The rules in words, for the UI and the documentation."""
        words = [
            f"{sign} {value}"
            for sign, value in ((">", self.gt), (">=", self.ge), ("<", self.lt), ("<=", self.le))
            if value is not None
        ]
        if self.matches is not None:
            words.append(f"matches {self.matches}")
        if self.isin is not None:
            words.append("one of " + ", ".join(map(str, self.isin)))
        return words

    @property
    def words(self) -> str:
        """The column in words, for the UI: what it is, what its numbers count, how personal data are protected."""
        meaning = ", ".join(filter(None, (self.description, self.unit and f"in {self.unit}")))
        return "; ".join(filter(None, (meaning, self.personal and f"personal: {self.personal}")))

    def as_json(self) -> dict[str, Any]:
        """What consumers rely on, for the snapshot."""
        return {
            "type": str(self.kind),
            "nullable": self.nullable,
            "unit": self.unit,
            "personal": self.personal,
            "rules": self.constraints,
        }


@dataclass(frozen=True, eq=False)
class Contract:
    """A declared table. See `Table` for the meaning of each part."""

    name: str
    path: tuple[str, ...]
    columns: tuple[Column, ...]
    description: str = ""
    partitions: dg.PartitionsDefinition | None = None
    owner: str = ""
    due: Deadline | None = None
    kinds: frozenset[str] = frozenset({"parquet"})
    unique: tuple[str, ...] = ()
    measures: Mapping[str, pl.Expr] = field(default_factory=dict)
    bounded: tuple[str, ...] = ()
    conserves: tuple[str, ...] | None = None
    checks: Mapping[str, str] = field(default_factory=dict)
    quarantine: Contract | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_columns([c.name for c in self.columns], dimension_names(self.partitions), self.key_text)

    # -- identity

    @property
    def key(self) -> dg.AssetKey:
        return dg.AssetKey(list(self.path))

    @property
    def key_text(self) -> str:
        return "/".join(self.path)

    @property
    def layer(self) -> str:
        return self.path[0]

    @cached_property
    def version(self) -> str:
        """Changes when anything of `as_json` does."""
        return hashlib.blake2b(json.dumps(self.as_json(), sort_keys=True).encode(), digest_size=8).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """What consumers rely on, for the snapshot; of measures and checks their names, not how they are computed."""
        return {
            "partitions": list(dimension_names(self.partitions)),
            "owner": self.owner,
            "due": str(self.due) if self.due else "",
            "unique": list(self.unique),
            "conserves": list(self.conserves or ()),
            "checks": dict.fromkeys(self.checks, "blocking"),
            "measures": list(self.measures),
            "bounded": list(self.bounded),
            "columns": {column.name: column.as_json() for column in self.columns},
        }

    # -- as a LakeTable

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.kind, c.nullable) for c in self.columns])

    @cached_property
    def personal(self) -> frozenset[str]:
        return frozenset(c.name for c in self.columns if c.personal)

    @cached_property
    def volatile(self) -> frozenset[str]:
        return frozenset(c.name for c in self.columns if c.volatile)

    @cached_property
    def schema(self) -> pandera.DataFrameSchema:
        """The rules as a pandera schema. Types are not repeated in it: the Arrow schema has settled them before."""
        import pandera.pandas as pandera

        return pandera.DataFrameSchema(
            {c.name: pandera.Column(None, c.rules, nullable=c.nullable) for c in self.columns},
            unique=list(self.unique) or None,
            name=self.key_text,
        )

    def measure(self, rows: pa.Table) -> dict[str, float]:
        if not self.measures:
            return {}
        values = to_polars(rows).select(**self.measures).row(0, named=True)
        # An average over no rows is no number, and is left out rather than shown as one.
        return {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}

    def history_keys(self, partition: str | None) -> Sequence[str]:
        if not self.bounded or partition is None:
            return ()
        return same_weekday_keys(partition)

    def judge(self, rows: pa.Table, facts: Facts, measures: Mapping[str, float]) -> list[Verdict]:
        verdicts = [self._holds(rows)]
        if self.conserves:
            verdicts.append(self._conserved(len(rows), facts))
        if self.bounded:
            strange = outside_bounds({name: measures.get(name, 0.0) for name in self.bounded}, facts.history)
            verdicts.append(
                Verdict(
                    BOUNDS,
                    passed=not strange,
                    blocking=False,
                    reason="; ".join(strange),
                    metadata={"compared with": ", ".join(key for key, _ in facts.history) or "nothing yet"},
                )
            )
        told = {verdict.check: verdict for verdict in facts.verdicts}
        for name in self.checks:
            verdicts.append(
                told.get(name) or Verdict(name, passed=False, reason=f"the asset gave no verdict on its check {name!r}")
            )
        return verdicts

    def failing_rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Every rule that a row breaks: columns `index` (row number), `column`, `check`, `failure_case`."""
        import pandas as pd
        import pandera.pandas as pandera

        try:
            self.schema.validate(frame.reset_index(drop=True), lazy=True)
        except pandera.errors.SchemaErrors as errors:
            cases: pd.DataFrame = errors.failure_cases
            return cases[["index", "column", "check", "failure_case"]]
        return pd.DataFrame({"index": [], "column": [], "check": [], "failure_case": []})

    def _holds(self, rows: pa.Table) -> Verdict:
        import pandas as pd

        cases = self.failing_rows(rows.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True))
        if cases.empty:
            return Verdict(CONTRACT, passed=True, metadata={"rows": len(rows), "contract": self.version})
        broken = []
        for (column, check), group in cases.groupby(["column", "check"], sort=False, dropna=False):
            hidden = column in self.personal or column not in self.arrow_schema.names
            example = "" if hidden else f", such as {str(group['failure_case'].iloc[0])[:60]!r}"
            broken.append(f"{column}: {len(group)} rows fail {check}{example}")
        return Verdict(
            CONTRACT,
            passed=False,
            reason=f"{cases['index'].nunique()} of {len(rows)} rows break the contract of {self.key_text}: "
            + "; ".join(broken),
            metadata={"rows": len(rows), "rows that break it": int(cases["index"].nunique())},
        )

    def _conserved(self, rows: int, facts: Facts) -> Verdict:
        assert self.conserves is not None
        read = sum(facts.rows_read.get(source, 0) for source in self.conserves)
        found = rows + facts.rows_rejected + facts.duplicates
        sentence = (
            f"{read} rows were read from {' and '.join(self.conserves)}; {rows} are here, {facts.rows_rejected} in "
            f"quarantine and {facts.duplicates} were exact duplicates"
        )
        return Verdict(
            CONSERVED,
            passed=read == found,
            reason=""
            if read == found
            else f"{sentence}: {abs(read - found)} rows are " + ("lost" if found < read else "counted twice"),
            metadata={
                "rows read": read,
                "rows": rows,
                "in quarantine": facts.rows_rejected,
                "exact duplicates": facts.duplicates,
            },
        )

    # -- as Dagster sees it

    @cached_property
    def check_specs(self) -> list[dg.AssetCheckSpec]:
        described = {CONTRACT: ("Every row holds against the declared columns and rules.", True)}
        if self.conserves:
            described[CONSERVED] = (
                f"Every row of {' and '.join(self.conserves)} is here, in quarantine, or an exact duplicate.",
                True,
            )
        if self.bounded:
            described[BOUNDS] = (
                f"{', '.join(self.bounded)} are within what the same weekday had in its last eight weeks.",
                False,
            )
        described |= {name: (text, True) for name, text in self.checks.items()}
        return [
            dg.AssetCheckSpec(name, asset=self.key, description=text, blocking=blocking, partitions_def=self.partitions)
            for name, (text, blocking) in described.items()
        ]

    @cached_property
    def column_schema(self) -> dg.TableSchema:
        return dg.TableSchema(
            columns=[
                dg.TableColumn(
                    name=c.name,
                    type=str(c.kind),
                    description=c.words,
                    constraints=dg.TableColumnConstraints(nullable=c.nullable, other=c.constraints),
                    tags={"personal": ""} if c.personal else {},
                )
                for c in self.columns
            ]
        )

    def spec(self, **changes: Any) -> dg.AssetSpec:
        """The table as an asset spec: for its own location with deps and automation, for others as it is."""
        metadata: dict[str, Any] = {
            "dagster/column_schema": self.column_schema,
            "dagster/table_name": ".".join(self.path),
            "contract": self.version,
        }
        if self.due:
            metadata["due"] = str(self.due)
        return dg.AssetSpec(
            self.key,
            **{
                "description": self.description,
                "group_name": self.layer,
                "owners": [self.owner] if self.owner else [],
                "kinds": set(self.kinds),
                "tags": dict(self.tags),
                "partitions_def": self.partitions,
                "metadata": metadata,
                **changes,
            },
        )
