"""One platform for all tests of a module: each makes a change, lets it settle, and counts what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.integration.automation.platform import Platform, platform

FIRST, LAST = dt.date(2010, 12, 1), dt.date(2010, 12, 19)
ORDERS_UNTIL = dt.date(2010, 12, 14)
FILES_UNTIL = dt.date(2010, 12, 10)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Three weeks, of which the first file of the second last days and the orders of the last days are to come."""
    midnight = dt.datetime.combine(ORDERS_UNTIL + dt.timedelta(days=1), dt.time())
    files = [dt.date(2010, 12, day) for day in (1, 2, 3, 5, 6, 7, 8, 9, 10)]  # none on Saturdays
    with platform(tmp_path_factory.mktemp("platform"), FIRST, LAST, now=midnight, files=files) as made:
        made.cold_start = made.settle()
        yield made


@pytest.fixture
def settled(started: Platform) -> Platform:
    """The platform, with nothing under way, whatever an earlier test has left behind."""
    if started.under_way():
        started.settle()
    started.happened()
    return started
