"""A writer that is killed in the middle of its work leaves every partition whole: the old one or the new one."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from slipway.lake import Lake, LakeSettings, layout, parquet
from slipway.lake.folder import Folder
from slipway.lake.hashing import content_hash
from slipway.lake.lake import Draft, Key

KEYS: list[Key] = [(f"2026-01-{day:02}", {"day": f"2026-01-{day:02}"}) for day in range(1, 9)]
ASSET = ("bronze", "x")
GENERATIONS = 40
KILLS = 25

# What costs a second is loaded once; each writer is a fork, which writes until it is killed.
WRITERS = """
    import itertools, os, sys
    from slipway.lake import Lake, LakeSettings
    from slipway.lake.lake import Draft
    from tests.integration.lake.test_lake_crash import ASSET, GENERATIONS, KEYS, rows

    lake = Lake(LakeSettings.parse(sys.argv[1]))
    frames = [rows(generation) for generation in range(GENERATIONS)]
    print("ready", flush=True)
    for first in sys.stdin:
        child = os.fork()
        if child == 0:
            for generation in itertools.count(int(first)):
                for key in KEYS:
                    draft = Draft(ASSET, key, frames[generation % GENERATIONS])
                    lake.publish(draft, f"run-{generation % GENERATIONS}")
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)
"""


@cache
def rows(generation: int) -> pa.Table:
    """A megabyte that does not compress, another one in each generation, and in each row which one it is."""
    noise = random.Random(generation)
    return pa.table({"generation": [generation] * 10, "noise": [noise.randbytes(100_000) for _ in range(10)]})


def check_whole(lake: Lake) -> set[int]:
    """Every partition is there, of one generation, and as its provenance says; which generations there are."""
    found = set()
    for _key, dims in KEYS:
        data = lake.store.get(layout.data_path(ASSET, dims))
        assert data is not None
        table, who = parquet.decode(data)
        assert who is not None
        assert content_hash(table) == who.data_version
        [generation] = set(table.column("generation").to_pylist())
        assert table.equals(rows(generation))
        assert who.run_id == f"run-{generation}"
        found.add(generation)
    return found


@pytest.fixture
def start_writer(tmp_path: Path) -> Iterator[Callable[[int], int]]:
    """Starts a writer at a generation; returns its process id. Waits for the one before, which was killed."""
    command = [sys.executable, "-c", textwrap.dedent(WRITERS), str(tmp_path / "lake")]
    pipe = subprocess.PIPE
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[3])])
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path.lstrip(os.pathsep)},
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, said = process.stdin, process.stdout
        assert said.readline() == "ready\n"
        started = False

        def start(generation: int) -> int:
            nonlocal started
            if started:
                assert said.readline() == "gone\n"
            started = True
            told.write(f"{generation}\n")
            told.flush()
            return int(said.readline())

        try:
            yield start
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_every_partition_is_whole_after_every_kill(
    tmp_path: Path, start_writer: Callable[[int], int], record_property: Callable[[str, object], None]
) -> None:
    lake = Lake(LakeSettings(folder=tmp_path / "lake"))
    for key in KEYS:
        lake.publish(Draft(ASSET, key, rows(0)), "run-0")
    moments = random.Random(4)
    mixed = 0
    generations: set[int] = set()
    started = time.monotonic()
    for kill in range(KILLS):
        writer = start_writer(kill + 1)
        deadline = time.monotonic() + moments.uniform(0.02, 0.4)
        while time.monotonic() < deadline:
            check_whole(lake)
        os.kill(writer, signal.SIGKILL)
        found = check_whole(lake)
        mixed += len(found) > 1
        generations |= found
    seconds = time.monotonic() - started
    left = len(list((tmp_path / "lake").rglob("*.tmp")))
    record_property("kills", f"{KILLS} in {seconds:.1f} s, {mixed} between generations, {left} files half-written")

    # Otherwise the kills came at no interesting moment, and the test says nothing.
    assert mixed > KILLS / 4
    assert left > 0
    assert len(generations) > KILLS / 4
    check_what_is_left_half_written(tmp_path / "lake")


def check_what_is_left_half_written(root: Path) -> None:
    """Readers do not see it, a listing neither, and it can be swept."""
    folder = Folder(root)
    assert len(list(folder.list(""))) == len(KEYS)
    assert len(pd.read_parquet(root / "bronze/x")) == 10 * len(KEYS)
    assert pl.scan_parquet(root / "bronze/x").select(pl.len()).collect().item() == 10 * len(KEYS)
    assert folder.sweep(dt.timedelta(hours=1)) == 0
    assert folder.sweep(dt.timedelta(0)) > 0
    assert list(root.rglob("*.tmp")) == []
    assert len(pd.read_parquet(root / "bronze/x")) == 10 * len(KEYS)
