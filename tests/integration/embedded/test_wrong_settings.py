"""`slipway demo` with a wrong setting: one sentence at start, which names the variable and what it expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platform_fixture import slipway


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SLIPWAY_UNREADABLE_SHARE", "7", "expected a share between 0 and 1, such as 0.05"),
        ("SLIPWAY_TIMEZONE", "Mars/Base", "expected a time zone"),
    ],
)
def test_a_wrong_setting_is_named_at_start(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    done = slipway(tmp_path, "demo", seconds=240, **{variable: value, "COLUMNS": "500"})
    assert done.returncode == 3, done.stdout + done.stderr
    words = " ".join(done.stderr.split())
    assert f"{variable} is '{value}'" in words or f"{variable}={value}" in words, words
    assert expected in words
    assert "Traceback" not in words


def test_a_folder_that_cannot_be_made_is_one_sentence() -> None:
    done = slipway(Path("/proc/slipway"), "demo", seconds=120, COLUMNS="500")
    assert done.returncode == 3
    assert "Cannot make /proc/slipway" in done.stderr
    assert "Traceback" not in done.stderr
