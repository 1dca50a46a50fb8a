from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from pipeline import Platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Platform(tmp_path, instance)


@pytest.fixture
def made(platform: Platform) -> Platform:
    """Everything made once."""
    platform.make_all()
    return platform
