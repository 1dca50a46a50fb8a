"""One stack and one proxy for all tests of this folder; a container that is none of its business for each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.docker_api.proxy import SLEEP, Running, Stack, running, stack


@pytest.fixture(scope="session")
def shop() -> Iterator[Stack]:
    with stack() as made:
        yield made


@pytest.fixture(scope="session")
def proxy(shop: Stack) -> Iterator[Running]:
    with running(shop.environment()) as process:
        yield process
        assert process.memory() < 45 << 20, "resident at most, after all of the tests"


@pytest.fixture(scope="session")
def victim(shop: Stack) -> Iterator[Any]:
    """A container without the stack's label: somebody else's, with a secret in it. No file of it may change."""
    container = shop.engine.containers.run(
        shop.image_id,
        SLEEP,
        name=f"{shop.name}-victim-{uuid.uuid4().hex[:8]}",
        environment={"PASSWORD": "hunter2"},
        network=shop.network,
        detach=True,
        init=True,
    )
    try:
        before = container.diff()
        yield container
        assert container.diff() == before
    finally:
        container.remove(force=True, v=True)


@pytest.fixture(scope="session")
def ours(shop: Stack) -> Iterator[Any]:
    """A container of this stack, which only what gets through can end; it must live to the end."""
    container = shop.engine.containers.run(
        shop.image_id, SLEEP, labels={"slipway.stack": shop.name}, detach=True, init=True
    )
    try:
        before = container.diff()
        yield container
        assert container.diff() == before
    finally:
        container.remove(force=True, v=True)
