"""Fixtures of ingestion's tests: a shop in process, and a lake on a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from code_locations.ingestion.tests.bronze import Bronze, bronze_in
from demo import Shop
from ingestion.shop_api import ShopApi

FIRST, LAST = date(2010, 12, 1), date(2010, 12, 14)


@pytest.fixture
def bronze(tmp_path: Path) -> Iterator[Bronze]:
    with bronze_in(tmp_path) as bronze:
        yield bronze


@pytest.fixture(scope="session")
def api_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all tests of its API, which changes nothing; use `shop`, which clears its faults."""
    with Shop(tmp_path_factory.mktemp("shop"), FIRST, LAST, fault_share=0) as shop:
        yield shop


@pytest.fixture
def shop(api_shop: Shop) -> Iterator[Shop]:
    yield api_shop
    api_shop.faults.clear()


@pytest.fixture
def shop_api(shop: Shop) -> ShopApi:
    """Without patience: three attempts, a few milliseconds apart, and no rates from memory."""
    return impatient(shop.url)


def impatient(url: str, attempts: int = 3) -> ShopApi:
    return ShopApi(base_url=url, attempts=attempts, backoff_seconds=0.005, timeout_seconds=2, keep_rates_seconds=0)
