"""Merging changes over a snapshot gives what the source has, whatever happened to it in between."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingestion.source_database.snapshot import merge

SCHEMA = {"id": pl.Int32, "value": pl.String, "updated": pl.Int64}
Source = dict[int, tuple[str | None, int]]

values = st.none() | st.sampled_from(["a", "b", "c"])
sources = st.dictionaries(st.integers(0, 12), st.tuples(values, st.integers(0, 5)), max_size=13)
changes = st.dictionaries(st.integers(0, 15), values | st.just("deleted"), max_size=10)


def frame(source: Source) -> pl.DataFrame:
    rows = [(key, value, updated) for key, (value, updated) in source.items()]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(before=sources, changed=changes, moment=st.integers(5, 6))
def test_merged_is_the_source(before: Source, changed: dict[int, str | None], moment: int) -> None:
    # Changes carry a cursor at or after the largest one before, as clocks with a coarse resolution give.
    after = dict(before)
    for key, value in changed.items():
        if value == "deleted":
            after.pop(key, None)
        else:
            after[key] = (value, moment)
    since = max((updated for _value, updated in before.values()), default=0)

    now = frame(after)
    merged = merge(frame(before), now.filter(pl.col("updated") >= since), now.select("id"), ("id",))

    assert merged.rows.sort("id").equals(now.sort("id"))
    assert merged.inserted == len(after.keys() - before.keys())
    assert merged.deleted == len(before.keys() - after.keys())
    assert merged.updated == sum(before[key] != after[key] for key in before.keys() & after.keys())
    assert merged.unseen == 0


@given(before=sources, added=st.sets(st.integers(20, 30)))
def test_keys_that_nothing_tells_of_are_counted(before: Source, added: set[int]) -> None:
    keys = pl.DataFrame({"id": [*before, *added]}, schema={"id": pl.Int32})

    merged = merge(frame(before), frame({}), keys, ("id",))

    assert merged.unseen == len(added)
    assert merged.rows.sort("id").equals(frame(before).sort("id"))


@given(before=sources)
def test_without_keys_nothing_is_deleted(before: Source) -> None:
    merged = merge(frame(before), frame({}), None, ("id",))

    assert (merged.deleted, merged.unseen) == (0, 0)
    assert merged.rows.sort("id").equals(frame(before).sort("id"))


def test_keys_of_several_columns() -> None:
    schema = {"order": pl.Int32, "line": pl.Int32, "updated": pl.Int64}
    before = pl.DataFrame([(1, 1, 1), (1, 2, 1), (2, 1, 1)], schema=schema, orient="row")
    changed = pl.DataFrame([(2, 1, 3), (2, 2, 3)], schema=schema, orient="row")
    keys = pl.DataFrame([(1, 2), (2, 1), (2, 2)], schema=["order", "line"], orient="row").cast(pl.Int32)

    merged = merge(before, changed, keys, ("order", "line"))

    assert merged.rows.sort("order", "line").rows() == [(1, 2, 1), (2, 1, 3), (2, 2, 3)]
    assert (merged.inserted, merged.updated, merged.deleted) == (1, 1, 1)
