"""How long does a year of files take, and how much memory?

    python bench/year.py [--days 374] [--keep DIR] [--json]

Makes a year of wholesale files by repeating the recorded days under new dates (trade days only: no Saturdays, no
holidays), about 305 files and 540,000 lines for 374 days; runs `slipway demo` on them from nothing, as `make demo
LANDING=...` does; and samples the memory of all its processes (proportional set size, shared pages counted once).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from demo import WholesaleFiles

_FIRST = dt.date(2010, 12, 1)


def make_files(folder: Path, days: int) -> tuple[int, int]:
    """Write the files of so many days; the number of files and of lines."""
    recorded = WholesaleFiles()
    source = [(day, recorded.read(day)) for day in recorded.days()]
    folder.mkdir(parents=True, exist_ok=True)
    files = lines = 0
    for number in range(days):
        day = _FIRST + dt.timedelta(days=number)
        if day.weekday() == 5 or (day.month == 12 and day.day >= 24) or (day.month == 1 and day.day <= 3):
            continue
        origin, data = source[files % len(source)]
        (folder / f"online_retail_{day}.csv").write_bytes(data.replace(str(origin).encode(), str(day).encode()))
        files += 1
        lines += data.count(b"\n") - 1
    return files, lines


class Memory(threading.Thread):
    """Samples the memory of a process and all that it started; `peak` in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            self.peak = max(self.peak, sum(_pss(pid) for pid in _family(self.pid)))


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=374)
    parser.add_argument("--keep", type=Path, help="where to leave the platform, to look at it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        files, lines = make_files(root / "landing", options.days)
        command = [sys.executable, "-m", "slipway", "--dir", str(root / "slipway"), "demo"]
        results = {"days": options.days, "files": files, "lines": lines}
        for name in ("first run", "again, nothing changed"):
            started = time.monotonic()
            process = subprocess.Popen(
                [*command, "--landing", str(root / "landing")], stdout=subprocess.PIPE, text=True
            )
            memory = Memory(process.pid)
            memory.start()
            output, _ = process.communicate()
            memory.done.set()
            if process.returncode:
                raise SystemExit(output)
            results[name] = {"seconds": round(time.monotonic() - started, 1), "peak MiB": memory.peak // 2**20}
        if not options.json:
            print(output)
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
