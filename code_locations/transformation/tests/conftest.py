"""The web shop's tables in an empty lake; see silver.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from code_locations.transformation.tests.silver import Silver, silver_in


@pytest.fixture
def silver(tmp_path: Path) -> Iterator[Silver]:
    with silver_in(tmp_path) as silver:
        yield silver
