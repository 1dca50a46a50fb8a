"""What lies in the lake, read whole: in a container that may read all of it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from tests.stack.landing import expected
from tests.stack.slow_ingestion import DAYS, WHOLESALE
from tests.stack_process import Stack

_READ = """
import io, json
from concurrent.futures import ThreadPoolExecutor
import polars as pl
from slipway.lake import LakeSettings, parquet
from slipway.lake.store import open_store
store = open_store(LakeSettings.from_environment())
def read(path):
    data = store.get(path)
    if data is None:
        return path, None  # scratch space of a run that has ended meanwhile
    try:
        rows = pl.read_parquet(io.BytesIO(data)).height
        made_by = json.loads(pl.read_parquet_metadata(io.BytesIO(data)).get("slipway", "{}"))
        return path, {"rows": rows, "run": made_by.get("run_id"), "error": ""}
    except Exception as error:
        return path, {"rows": -1, "run": None, "error": f"{type(error).__name__}: {error}"}
paths = [found.path for prefix in PREFIXES for found in store.list(prefix) if found.path.endswith(".parquet")]
with ThreadPoolExecutor(8) as threads:
    print(json.dumps(dict(threads.map(read, paths))))
"""


@dataclass(frozen=True)
class Found:
    """A Parquet object.

    Attributes:
        run: the id of the run that wrote it, if it says so.
        error: why it cannot be read; empty if it can.
    """

    rows: int
    run: str | None
    error: str


def objects(stack: Stack, *prefixes: str) -> dict[str, Found]:
    """Every Parquet object below some prefixes, by path, read from its first to its last row."""
    code = f"PREFIXES = {list(prefixes or ('',))!r}\n{_READ}"
    answer = stack.compose("exec", "-T", "reporting", "python", "-c", code, timeout=180)
    found: dict[str, Any] = json.loads(answer.strip().splitlines()[-1])
    return {path: Found(**each) for path, each in found.items() if each}


def torn(found: dict[str, Found]) -> dict[str, str]:
    return {path: each.error for path, each in found.items() if each.error}


def wrong_days(stack: Stack, found: dict[str, Found], first: dt.date) -> dict[str, tuple[int, int]]:
    """Days of bronze/wholesale_sales without the lines of their raw file: day -> (found, expected)."""
    wrong = {}
    for day in (first + dt.timedelta(days=n) for n in range(DAYS)):
        here = found.get(f"{WHOLESALE}/day={day}/data.parquet")
        rows, raw = here.rows if here else -1, expected(stack, day).raw
        if rows != raw:
            wrong[str(day)] = (rows, raw)
    return wrong
