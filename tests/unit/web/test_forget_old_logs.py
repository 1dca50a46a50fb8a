"""The copies of logs that were looked at: the old ones go, whatever their folder."""

from __future__ import annotations

import os
from pathlib import Path

from slipway.web.webserver import forget_old_logs

NOW = 1_800_000_000.0


def copy(folder: Path, name: str, age: float) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("log")
    os.utime(file, (NOW - age, NOW - age))
    return file


def test_only_what_is_older_goes(tmp_path: Path) -> None:
    old = [copy(tmp_path, name, 601) for name in ("storage/a/compute_logs/x.out", "storage/a/compute_logs/x.err", "y")]
    new = [copy(tmp_path, name, age) for name, age in (("storage/a/compute_logs/z.err", 599), ("storage/b/x.out", 0))]
    assert forget_old_logs(tmp_path, 600, NOW) == 3
    assert not [file for file in old if file.exists()]
    assert all(file.exists() for file in new)
    assert forget_old_logs(tmp_path, 600, NOW) == 0


def test_before_anybody_has_looked_at_a_log(tmp_path: Path) -> None:
    assert forget_old_logs(tmp_path / "none", 600, NOW) == 0


def test_by_the_clock(tmp_path: Path) -> None:
    copy(tmp_path, "x.out", 0).touch()
    assert forget_old_logs(tmp_path, 600) == 0
    assert forget_old_logs(tmp_path, -1) == 1
