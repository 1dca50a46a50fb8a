"""An empty landing folder, an empty lake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from code_locations.ingestion.tests.wholesale.deliveries import Deliveries, deliveries_in


@pytest.fixture
def deliveries(tmp_path: Path) -> Iterator[Deliveries]:
    with deliveries_in(tmp_path) as deliveries:
        yield deliveries
