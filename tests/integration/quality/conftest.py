"""A mill with its lake and instance; see tests/mill.py."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lake_runs import Runs
from tests.mill import Mill, running


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    logging.disable(logging.ERROR)  # Dagster's event log on standard error
    try:
        with running(tmp_path / "lake") as runs:
            yield runs
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture
def mill() -> Mill:
    return Mill()
