"""Ingestion as it would be with a slow source and a leak: a second op that takes long, tells of it, and eats memory."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stack.crashes import built, forget
from tests.stack.landing import first_day
from tests.stack_process import Stack

WHOLESALE = "bronze/wholesale_sales"
DAYS = 36
"""That many of the first days have been delivered from the start on."""
SECONDS_A_DAY = 0.5
MEGABYTES_A_DAY = 10
LINE = re.compile(r"^reading at (\d+\.\d+)$", re.MULTILINE)

_FOLDER = "/app/code_locations/ingestion/src/ingestion/defs/wholesale"
_CODE = f"""
import sys
_parsed, _held = parsed, []
def parsed(*given):
    print(f"reading at {{time.time():.3f}}", flush=True)
    print("a warning of a library", file=sys.stderr, flush=True)
    time.sleep({SECONDS_A_DAY})
    _held.append(b"x" * ({MEGABYTES_A_DAY} << 20))
    return _parsed(*given)
"""


@contextmanager
def slow_image(stack: Stack) -> Iterator[str]:
    """The image's name."""
    name = built(stack.image("ingestion"), *code_appended(f"{_FOLDER}/assets.py", _CODE))
    try:
        yield name
    finally:
        forget(name)


def code_appended(module: str, code: str) -> tuple[str, ...]:
    """Steps of a Dockerfile: code at the end of a module. The compiled one would win over it: it goes."""
    folder, _, name = module.rpartition("/")
    compiled = f"{folder}/__pycache__/{name.removesuffix('.py')}.*.pyc"
    return (f"RUN rm -f {compiled}", f"RUN cat >> {module} <<'CODE'\n{code}\nCODE")


def all_days(stack: Stack) -> str:
    """The range of days that have files, as `Stack.materialize` takes it."""
    first = first_day(stack)
    return f"{first}...{first + dt.timedelta(days=DAYS - 1)}"
