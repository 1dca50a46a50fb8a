"""`slipway demo` with a wrong setting: one sentence at start, which names the variable and what it expects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.platform_fixture import clean_environment


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SLIPWAY_UNREADABLE_SHARE", "7", "expected a share between 0 and 1, such as 0.05"),
        ("SLIPWAY_TIMEZONE", "Mars/Base", "expected a time zone"),
    ],
)
def test_a_wrong_setting_is_named_at_start(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway", "--dir", str(tmp_path), "demo"],
        env={**clean_environment(), variable: value, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    words = " ".join(done.stderr.split())
    assert f"{variable} is '{value}'" in words or f"{variable}={value}" in words, words
    assert expected in words
    assert "Traceback" not in words


def test_a_folder_that_cannot_be_made_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway", "--dir", "/proc/slipway", "demo"],
        env={**os.environ, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3
    assert "Cannot make /proc/slipway" in done.stderr
    assert "Traceback" not in done.stderr
