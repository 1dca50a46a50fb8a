"""One table of a source: where it is, what it becomes, and how its changes are found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import dagster as dg
import pyarrow as pa
import pyarrow.types as pt

from slipway.lake.partitions import dimension_names
from slipway.quality import Contract, DeclarationError, Table

DeletePolicy = Literal["compare_keys", "ignore"]


@dataclass(frozen=True)
class SourceTable:
    """A source's table and the declared table that it fills.

    Attributes:
        name: `schema.table`.
        table: what it becomes; partitioned by day, or a snapshot without partitions.
        cursor: the column that a change raises, such as `updated_at`.
        day: the column whose date is a row's day; for tables that are partitioned by day.
        delete_policy: `compare_keys` follows rows that the source has deleted; `ignore` keeps them.

    Raises:
        DeclarationError: these do not fit each other.
    """

    name: str
    table: type[Table]
    cursor: str
    day: str | None = None
    delete_policy: DeletePolicy = "compare_keys"

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise DeclarationError(f"{self.name} -> {self.contract.key_text}: {problem}")

    @property
    def contract(self) -> Contract:
        return self.table.contract

    @property
    def schema_name(self) -> str:
        return self.name.split(".", 1)[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns whose values together name a row."""
        return self.contract.unique

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The contract's types; categories as the text that they are made of. Nulls are the contract's to refuse."""
        return pa.schema(
            [
                pa.field(field.name, field.type.value_type if pt.is_dictionary(field.type) else field.type)
                for field in self.contract.arrow_schema
            ]
        )

    @property
    def columns(self) -> list[str]:
        return list(self.arrow_schema.names)

    @property
    def days(self) -> dg.TimeWindowPartitionsDefinition:
        """The days of a table that is partitioned by day."""
        assert isinstance(self.contract.partitions, dg.TimeWindowPartitionsDefinition)
        return self.contract.partitions

    def days_until(self, newest: str) -> list[str]:
        """The calendar's days up to one, or up to the last one that is over."""
        first, last = self.days.get_first_partition_key(), self.days.get_last_partition_key()
        if first is None or last is None or newest < first:
            return []
        return list(self.days.get_partition_keys_in_range(dg.PartitionKeyRange(first, min(newest, last))))

    def _problems(self) -> list[str]:
        problems = []
        if self.name.count(".") != 1 or not all(self.name.split(".")):
            problems.append(f"expected `table` as schema.table, such as shop.orders; found {self.name!r}.")
        names = self.arrow_schema.names
        if not self.keys:
            problems.append("the contract must declare `unique`, the columns that name a row.")
        if self.cursor not in names:
            problems.append(f"expected `cursor` to be one of {', '.join(names)}; found {self.cursor!r}.")
        elif not _ordered(self.arrow_schema.field(self.cursor).type):
            problems.append(f"the cursor {self.cursor!r} must be a timestamp, a date or a whole number.")
        if self.contract.partitions is None and self.day is not None:
            problems.append("a table without partitions has no `day`.")
        if self.contract.partitions is not None:
            if dimension_names(self.contract.partitions) != ("day",):
                problems.append("the contract must be partitioned by day or not at all.")
            if self.day is None:
                problems.append("a table that is partitioned by day needs `day`, the column whose date is the day.")
            elif self.day not in names or not _dated(self.arrow_schema.field(self.day).type):
                problems.append(f"`day` must name a date, or a timestamp without time zone; found {self.day!r}.")
        return problems


def _ordered(kind: pa.DataType) -> bool:
    return bool(pt.is_timestamp(kind) or pt.is_date32(kind) or pt.is_integer(kind))


def _dated(kind: pa.DataType) -> bool:
    # The day of a moment with a zone depends on the calendar's zone, which a range on text cannot follow.
    return bool(pt.is_date32(kind) or (pt.is_timestamp(kind) and kind.tz is None))
