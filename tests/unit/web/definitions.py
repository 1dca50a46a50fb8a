"""A code location that loads."""

from __future__ import annotations

import dagster as dg


@dg.job
def nothing() -> None:
    pass


defs = dg.Definitions(jobs=[nothing])
