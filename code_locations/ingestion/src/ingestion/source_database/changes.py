"""What has changed in a source table since the lake took it.

The truth is what the lake holds: each partition's provenance has the signature of the rows that it was made from. What
a sensor remembers between two looks only saves work: where to look, and what it has asked for already.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from ingestion.source_database.database import Reading, SourceDatabase
from ingestion.source_database.errors import SourceError
from ingestion.source_database.signature import Signature, cursor_text, cursor_value
from ingestion.source_database.table import SourceTable
from slipway.lake import Lake
from slipway.lake.concurrency import in_order
from slipway.lake.frames import to_polars

SNAPSHOT = ""
"""What stands for the partition of a table that has none."""
_ONE_DAY = dt.timedelta(days=1)
_READERS = 16


@dataclass(frozen=True)
class Change:
    """One partition that is not what the source has now.

    Attributes:
        partition: the day, or SNAPSHOT.
        now: what the source has.
        before: which run made what the lake has; empty where it has nothing.
    """

    table: SourceTable
    partition: str
    now: Signature
    before: str

    def __str__(self) -> str:
        return f"{self.table.name} {self.partition} {self.before} -> {self.now}"


@dataclass
class Memory:
    """What is remembered between two looks, as a sensor's cursor.

    Attributes:
        newest: the largest cursor of each table when it was last looked at.
        asked: what has been asked for and is not in the lake yet: table -> partition -> what the source had.
    """

    newest: dict[str, str] = field(default_factory=dict)
    asked: dict[str, dict[str, Signature]] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str | None) -> Memory:
        """An empty memory for a lost cursor, or one that another release has written."""
        try:
            found = json.loads(text or "{}")
            asked = {
                table: {partition: Signature(*parts) for partition, parts in partitions.items()}
                for table, partitions in found.get("asked", {}).items()
            }
            return cls(dict(found.get("newest", {})), asked)
        except (ValueError, TypeError, AttributeError):
            return cls()

    def to_text(self) -> str:
        asked = {
            table: {partition: [now.rows, now.newest, now.keys] for partition, now in partitions.items()}
            for table, partitions in self.asked.items()
            if partitions
        }
        return json.dumps({"newest": self.newest, "asked": asked}, separators=(",", ":"))

    def ask(self, change: Change) -> None:
        self.asked.setdefault(change.table.name, {})[change.partition] = change.now


@dataclass
class Look:
    """What a look at one table has found.

    Attributes:
        newest: the largest cursor of the table, as text.
        changes: partitions to be taken, without those that were asked for already.
        error: why the table could not be looked at.
    """

    table: SourceTable
    newest: str = ""
    changes: list[Change] = field(default_factory=list)
    error: SourceError | None = None


def look(database: SourceDatabase, lake: Lake, table: SourceTable, memory: Memory, recent_days: int) -> Look:
    """Compare a table with the lake. What was asked for and has arrived is dropped from `memory`.

    Args:
        recent_days: how many of the newest days are compared by their keys, which tells deletions that leave no trace;
            older days are looked at where a row's cursor moved.
    """
    try:
        with database.reading(table) as reading:
            if table.day is None:
                rows, newest = reading.count_and_newest()
                found = {SNAPSHOT: Signature(rows, cursor_text(newest))}
            else:
                newest = reading.count_and_newest()[1]
                found = _days(reading, lake, table, memory, recent_days)
    except SourceError as error:
        return Look(table, error=error)
    asked = memory.asked.get(table.name, {})
    held = held_by_lake(lake, table, found.keys() | asked.keys())
    for partition, now in list(asked.items()):
        # The table can be read now, so what was asked for while it could not be is forgotten, too.
        if not now.readable or now.held_by(held[partition][0], table.delete_policy):
            del asked[partition]
    changes = [
        Change(table, partition, now, held[partition][1])
        for partition, now in sorted(found.items())
        if not now.held_by(held[partition][0], table.delete_policy)
        and not (partition in asked and now.same(asked[partition]))
    ]
    return Look(table, cursor_text(newest), changes)


def held_by_lake(lake: Lake, table: SourceTable, partitions: Iterable[str]) -> dict[str, tuple[Signature | None, str]]:
    """The signature that the lake has of each partition, and the run that wrote it."""

    def read(partition: str) -> tuple[str, tuple[Signature | None, str]]:
        provenance = lake.provenance(table.contract.path, {"day": partition} if partition else {})
        if provenance is None:
            return partition, (None, "")
        return partition, (Signature.from_source(provenance.source), provenance.run_id)

    return dict(in_order(read, sorted(partitions), _READERS))


def _days(reading: Reading, lake: Lake, table: SourceTable, memory: Memory, recent_days: int) -> dict[str, Signature]:
    """The signatures of the days that may have changed.

    A day is looked at when the calendar has it and the source has reached it: a day without a row, before others with
    some, is an empty day. Behind the source's newest day only days that the lake holds are looked at, for a source that
    has deleted its newest rows.
    """
    newest = str(reading.newest_day() or "")[:10]
    in_lake = {dims["day"] for dims, _size in lake.partitions(table.contract.path)}
    days = table.days_until(newest)
    behind = sorted(day for day in in_lake if day > newest and table.days.has_partition_key(day))[:recent_days]
    split = max(0, len(days) - recent_days)
    if table.delete_policy == "ignore":
        split, behind = len(days), []
    older, recent = days[:split], days[split:] + behind
    found: dict[str, Signature] = {}
    if recent:
        found |= _by_keys(reading, table, recent)
    if older:
        found |= _by_count(reading, table, memory, older, in_lake)
    return found


def _by_keys(reading: Reading, table: SourceTable, days: list[str]) -> dict[str, Signature]:
    assert table.day is not None
    names = {table.day, table.cursor, *table.keys}
    rows = reading.rows(names, column=table.day, at_least=_date(days[0]), below=_date(days[-1]) + _ONE_DAY)
    by_day = to_polars(rows).with_columns(_day=pl.col(table.day).dt.strftime("%Y-%m-%d"))
    parts = by_day.partition_by("_day", as_dict=True, include_key=False)
    empty = by_day.clear().drop("_day")

    def rows_of(day: str) -> pa.Table:
        return parts.get((day,), empty).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(rows.schema)

    return {day: Signature.of(rows_of(day), table) for day in days}


def _by_count(
    reading: Reading, table: SourceTable, memory: Memory, days: list[str], in_lake: set[str]
) -> dict[str, Signature]:
    first, below = _date(days[0]), _date(days[-1]) + _ONE_DAY
    since = cursor_value(memory.newest.get(table.name, ""), table.arrow_schema.field(table.cursor).type)
    in_calendar = set(days)
    found = {
        day: signature for day, signature in _counted(reading.days(first, below, since)).items() if day in in_calendar
    }
    missing = [day for day in days if not (day in in_lake or day in found or day in memory.asked.get(table.name, {}))]
    if missing:
        counted = _counted(reading.days(_date(missing[0]), _date(missing[-1]) + _ONE_DAY))
        found |= {day: counted.get(day, Signature(0)) for day in missing}
    return found


def _counted(days: Any) -> dict[str, Signature]:
    return {
        row["day"].isoformat(): Signature(row["rows"], cursor_text(row["newest"]))
        for row in days.to_pylist()
        if row["day"] is not None
    }


def _date(day: str) -> dt.date:
    return dt.date.fromisoformat(day)
