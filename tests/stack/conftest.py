"""One stack for all tests of this folder: started as a user starts it, and taken down with nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers import REQUIRE_STACK
from tests.stack_process import RUNNING, Stack, left_behind, started_stack, why_no_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/stack/" in item.path.as_posix():
            item.add_marker(pytest.mark.docker)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    if reason := why_no_stack():
        if os.environ.get(REQUIRE_STACK) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_STACK}=1 asks for the stack.")
        pytest.skip(f"{reason}. Set {REQUIRE_STACK}=1 to fail instead.")
    with started_stack() as running:
        yield running
    if RUNNING not in os.environ:
        assert left_behind(running.project) == []
