"""Partitions as one lazy frame, over the objects themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import polars as pl
import pyarrow as pa

from slipway.lake.errors import FrameError
from slipway.lake.frames import to_polars
from slipway.lake.layout import Dimensions
from slipway.lake.parquet import Rows
from slipway.lake.settings import LakeSettings
from slipway.lake.store import Store

Part = tuple[str, Dimensions, pa.Schema]
"""A partition's object: its path in the lake, its dimensions, and the schema in its footer."""


def scan(store: Store, settings: LakeSettings, parts: Sequence[Part], schema: pa.Schema | None = None) -> pl.LazyFrame:
    """Objects of one asset as one lazy frame; Polars pushes columns and rows down to them.

    Polars reads a list of objects only where their schemas are the same. Partitions are written over years, by
    different contracts or without one (a column without a value has no type then), so neighbours of one schema are
    scanned together and each group is brought to the common one; rows stay in the order of `parts`.

    Args:
        schema: the columns and types to bring all to; without it, those that hold all that there is.

    Raises:
        FrameError: the partitions have a column whose types do not go together.
    """
    if schema is None:
        try:
            schema = pa.unify_schemas(
                [part.remove_metadata() for _path, _dims, part in parts], promote_options="permissive"
            )
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise FrameError(
                f"The partitions do not go together in one frame: {error}. "
                "Materialize the older ones again, or declare a contract that says which type it is."
            ) from error
    wanted = to_polars(schema.empty_table()).schema
    dims = sorted(parts[0][1])
    frames = []
    for _columns, group in groupby(parts, key=lambda part: part[2].to_string(show_schema_metadata=False)):
        frame = pl.scan_parquet(
            [store.location(path) for path, _dims, _schema in group],
            glob=False,
            hive_partitioning=bool(dims),
            hive_schema=dict.fromkeys(dims, pl.String) if dims else None,
            storage_options=settings.s3.for_polars() if settings.s3 else None,
        )
        frames.append(_as(frame, wanted, dims))
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def holds(rows: Rows) -> pl.Expr:
    """Conditions on rows as one expression; none of them holds for a null."""
    return pl.all_horizontal(_condition(*condition) for condition in rows)


def _condition(name: str, sign: str, value: Any) -> pl.Expr:
    column = pl.col(name)
    signs: dict[str, Callable[[Any], pl.Expr]] = {
        "=": column.eq,
        "==": column.eq,
        "!=": column.ne,
        "<": column.lt,
        "<=": column.le,
        ">": column.gt,
        ">=": column.ge,
        "in": lambda values: column.is_in(list(values)),
        "not in": lambda values: ~column.is_in(list(values)),
    }
    if sign in signs:
        return signs[sign](value)
    raise FrameError(f"Expected ==, !=, <, <=, >, >=, in or not in as the condition on {name!r}, found {sign!r}.")


def _as(frame: pl.LazyFrame, wanted: pl.Schema, dims: Sequence[str]) -> pl.LazyFrame:
    found = frame.collect_schema()
    if list(found.items()) == [*wanted.items(), *((name, pl.String()) for name in dims)]:
        return frame
    columns = [
        pl.lit(None, kind).alias(name)
        if name not in found
        else pl.col(name)
        if found[name] == kind
        else pl.col(name).cast(kind)
        for name, kind in wanted.items()
    ]
    return frame.select(*columns, *dims)
