"""A run over a range holds a few partitions at a time, whatever the range's size."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from slipway.quality import Judged, Table
from slipway.quality.types import Int64
from tests.lake_runs import Runs
from tests.mill import DAYS, calendar
from tests.polling import polling

ROWS = 320_000  # two columns of 8 bytes: 5 MB a partition
MEGABYTE = 1024 * 1024


class Sand(Table):
    """Sand of a day."""

    key, partitions = "pit/sand", calendar.days
    grain: Int64
    size: Int64


class Sieved(Table):
    """Sand without what is too coarse."""

    key, partitions, quarantine, conserves = "pit/sieved", calendar.days, True, (Sand,)
    grain: Int64
    size: Int64


@Sand.asset
def sand(day: dt.date) -> pa.Table:
    # Of Arrow's own memory: columns over NumPy's would not be counted.
    return pa.table({name: pa.repeat(pa.scalar(day.toordinal(), pa.int64()), ROWS) for name in ("grain", "size")})


@Sieved.asset
def sieved(sand: pa.Table) -> Judged:
    rejected = sand.slice(0, 10)
    why = {name: pa.array(["coarse"] * 10) for name in ("rule", "reason")}
    return Judged(sand.slice(10), pa.table({**why, **{n: rejected.column(n) for n in rejected.column_names}}))


class Peak:
    """The most that Arrow had allocated, looked at every millisecond."""

    def __init__(self) -> None:
        self.before = pa.total_allocated_bytes()
        self.bytes = 0

    def look(self) -> None:
        self.bytes = max(self.bytes, pa.total_allocated_bytes() - self.before)


def test_memory_is_a_few_partitions_not_the_range(runs: Runs) -> None:
    """60 partitions of 5 MB: 300 MB in all, written by one asset and read and written by the next."""
    peaks = []
    for asset in (sand, sieved):
        peak = Peak()
        with polling(peak.look, every=0.001):
            runs.materialize(sand, sieved, only=[asset], span=(DAYS[0], DAYS[59]))
        peaks.append(peak.bytes / MEGABYTE)
    print("peaks in MB:", [round(peak) for peak in peaks])
    assert len(runs.stored("pit/sieved")) == 60
    assert max(peaks) < 100
