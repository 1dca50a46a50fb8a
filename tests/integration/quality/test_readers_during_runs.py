"""Whoever reads while runs fail and succeed sees whole, good partitions: the old one or the new one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from tests.lake_runs import Runs
from tests.mill import DAYS, Mill, sacks
from tests.polling import polling

SPAN = (DAYS[0], DAYS[4])


@dataclass
class Reader:
    """Polls every partition of flour and of its quarantine as files, as another program would."""

    lake: Path
    reads: int = 0
    states: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def look(self) -> None:
        try:
            self._read()
        except Exception as error:
            self.wrong.append(repr(error))

    def _read(self) -> None:
        for day in DAYS[:5]:
            # Opened once: a reader that opens a file twice (PyArrow's datasets do) may get two versions of it.
            with (self.lake / f"mill/flour/day={day}/data.parquet").open("rb") as file:
                rows = pq.read_table(file).to_pylist()
            self.reads += 1
            weights = sorted(row["weight"] for row in rows)
            self.states[str(weights)] += 1
            if weights not in ([10, 20], [11, 21, 31]):
                self.wrong.append(f"{day}: {weights}")


def test_a_reader_never_sees_a_bad_row(runs: Runs, mill: Mill) -> None:
    assets = mill.assets()
    chosen = [assets["grain"], assets["flour"]]
    runs.materialize(*assets.values(), only=[assets["stones"]])
    runs.materialize(*assets.values(), only=chosen, span=SPAN)
    reader = Reader(Path(runs.lake.store.location("")))
    with polling(reader.look):
        for attempt in range(3):
            mill.supply = {
                day: sacks(-5, 10, 0) if number % 2 else sacks(11, 21, 31) for number, day in enumerate(DAYS[:5])
            }
            runs.materialize(*assets.values(), only=chosen, span=SPAN, fails=True)
            mill.supply = {day: sacks(10, 20) for day in DAYS[:5]}
            mill.agree = set(DAYS) - {DAYS[attempt]}
            runs.materialize(*assets.values(), only=chosen, span=SPAN, fails=True)
    assert reader.wrong == []
    assert reader.reads > 50
    assert set(reader.states) == {"[10, 20]", "[11, 21, 31]"}, "it saw both the old and the new content"
    assert list(runs.lake.store.list("_rejected")), "there were bad rows to be seen"
