"""A job that does nothing, the same as in bench/reference/definitions.py: what remains is what a run costs."""

import dagster as dg


@dg.op
def nothing() -> None: ...


@dg.job
def noop() -> None:
    nothing()
