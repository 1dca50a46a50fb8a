"""Partition keys and their dimensions, and values for many partitions at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl
import pyarrow as pa

from slipway.lake.errors import ColumnCollision, FrameError, PartitionKeyError
from slipway.lake.frames import to_polars

_CADENCE = {"HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}


class Partitions:
    """Values for several partitions of one asset, streamed: memory is one partition, not the range.

    An asset returns it instead of a generator, which Dagster would read as a stream of events:

        return Partitions((day, read(day)) for day in context.partition_keys)

    A value may be a `PartitionFailure`: that partition keeps what it had, the run ends in failure, the others are
    written.
    """

    def __init__(self, items: Iterable[tuple[str, Any]]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._items)


@dataclass(frozen=True)
class PartitionFailure:
    """A partition that could not be made, and why, in a sentence."""

    reason: str


@dataclass(frozen=True)
class File:
    """An artifact: bytes with a name, such as a page or a picture, kept beside the partition's rows.

    Attributes:
        name: plain file name.
        content_type: as a browser wants it told.
    """

    name: str
    data: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class WithFiles:
    """A table together with artifacts made from it."""

    frame: Any
    files: Sequence[File]


def dimension_names(partitions_def: dg.PartitionsDefinition | None) -> tuple[str, ...]:
    """The dimensions in a partition's path, in name order: `day`, `week`, ..., a dynamic definition's name, or the
    names that a two-dimensional definition gives them."""
    if partitions_def is None:
        return ()
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        return tuple(sorted(d.name for d in partitions_def.partitions_defs))
    if isinstance(partitions_def, dg.TimeWindowPartitionsDefinition):
        cadence = partitions_def.schedule_type
        return (_CADENCE[cadence.name] if cadence else "window",)
    if isinstance(partitions_def, dg.DynamicPartitionsDefinition) and partitions_def.name:
        return (re.sub(r"\W", "_", partitions_def.name),)
    return ("partition",)


def dimensions(partitions_def: dg.PartitionsDefinition | None, key: str | None) -> dict[str, str]:
    """A partition key as dimensions: {} for an unpartitioned asset.

    Raises:
        PartitionKeyError: the key does not fit the definition.
    """
    if partitions_def is None:
        return {}
    if key is None:
        raise PartitionKeyError(
            "Expected a partition key, because the asset is partitioned; found none. Materialize it with a partition."
        )
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        if isinstance(key, dg.MultiPartitionKey):
            return dict(key.keys_by_dimension)
        names = sorted(d.name for d in partitions_def.partitions_defs)
        parts = key.split("|")
        if len(parts) != len(names):
            raise PartitionKeyError(
                f"Expected a key of {len(names)} parts ({'|'.join(names)}), found {key!r}. Dagster joins the two "
                "parts with '|', so neither part may contain it: replace it in the key and keep the text in a column."
            )
        return dict(zip(names, parts, strict=True))
    return {dimension_names(partitions_def)[0]: key}


def check_dimension_key(key: str) -> str:
    """A key that may stand in one dimension of two, or be backfilled from the UI.

    Raises:
        PartitionKeyError: it contains what Dagster itself uses to write keys down.
    """
    found = [sign for sign in ("|", ",", "...", "[", "]") if sign in key]
    if found or not key.strip() or key != key.strip():
        raise PartitionKeyError(
            f"Expected a key without {' '.join(found) or 'outer blanks'}, found {key!r}: Dagster joins two-dimensional "
            "keys with '|' and ranges with ',' and '...'. Replace the sign in the key and keep the text in a column."
        )
    return key


def check_columns(columns: Iterable[str], names: Iterable[str], asset: str) -> None:
    """Refuse a column that has the name of a path dimension: hive readers would see it twice.

    Raises:
        ColumnCollision
    """
    if both := sorted(set(columns) & set(names)):
        raise ColumnCollision(
            f"{asset} has a column {both[0]!r} and a partition dimension of the same name in its path, so pandas and "
            "PyArrow could not read its folder. Rename the column (such as 'date' beside the dimension 'day')."
        )


def split(
    table: pa.Table,
    partitions_def: dg.PartitionsDefinition,
    keys: Sequence[str],
    asset: str,
    names: Sequence[str] | None = None,
) -> list[tuple[str, pa.Table]]:
    """Split a frame of many partitions by its partition columns, which the path holds from then on.

    Every key gets a table, an empty one where the frame has no row of it.

    Args:
        names: the partition columns, where they are not called as the definition's dimensions.

    Raises:
        FrameError: a partition column is missing, has nulls, or has keys that this run does not write.
    """
    names = names or dimension_names(partitions_def)
    if missing := [name for name in names if name not in table.schema.names]:
        raise FrameError(
            f"This run writes {len(keys)} partitions of {asset}, so the frame needs the column"
            f"{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))} with each row's partition key; "
            f"found {table.schema.names}. Add it, or return Partitions((key, frame), ...)."
        )
    frame = to_polars(table)
    texts = frame.select(_key_text(frame[name], partitions_def, name) for name in names)
    if nulls := sum(texts.null_count().row(0)):
        raise FrameError(f"{nulls} rows of {asset} have no partition key in {', '.join(names)}; give each row one.")
    joined = texts.select(pl.concat_str(list(names), separator="|").alias("key"))["key"]
    wanted = {str(key): key for key in keys}
    if foreign := sorted(set(joined.unique().to_list()) - set(wanted)):
        raise FrameError(
            f"The frame of {asset} has rows of partitions that this run does not write: {', '.join(foreign[:5])}"
            f"{' ...' if len(foreign) > 5 else ''}. Drop them, or run those partitions too."
        )
    rest = table.drop_columns(list(names))
    # Indices instead of a group-by over the frame: Arrow keeps every type, and the rows keep their order.
    positions = pl.DataFrame({"key": joined}).with_row_index("at").partition_by("key", as_dict=True)
    return [
        (
            key,
            rest.take(positions[(text,)]["at"].to_arrow()) if (text,) in positions else rest.slice(0, 0),
        )
        for text, key in wanted.items()
    ]


def _key_text(column: pl.Series, partitions_def: dg.PartitionsDefinition, name: str) -> pl.Series:
    """A partition column as keys: dates and times in the definition's own format."""
    definition = partitions_def
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        definition = next(d.partitions_def for d in partitions_def.partitions_defs if d.name == name)
    if column.dtype in (pl.Date, pl.Datetime) and isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return column.dt.strftime(definition.fmt).alias(name)
    return column.cast(pl.String).alias(name)
