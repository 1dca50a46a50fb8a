"""One UI for all tests of this folder, on the demo's platform; a window for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium as chrome
from tests.platform_fixture import DemoPlatform
from tests.servers import REQUIRE_STACK
from tests.ui_process import UI, processes_of, served


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if chrome.executable() is None:
        if os.environ.get(REQUIRE_STACK) == "1":
            pytest.fail(chrome.NOT_HERE)
        pytest.skip(f"{chrome.NOT_HERE} Set {REQUIRE_STACK}=1 to fail instead.")
    with chrome.chromium() as found:
        yield found


@pytest.fixture(scope="package")
def ui(browser: Browser, demo_platform: DemoPlatform) -> Iterator[UI]:
    """`slipway ui`; at the end it must go by Ctrl-C and leave nothing behind."""
    with served(demo_platform.home) as running:
        yield running
        assert running.end() == 0, running.output.read_text()
    assert processes_of(demo_platform.home) == []


@pytest.fixture
def window(browser: Browser, ui: UI) -> Iterator[chrome.Window]:
    """A window, with which no page may ask outside this machine (the UI works offline) or complain in the console."""
    with chrome.window(browser) as opened:
        yield opened
        assert opened.outside == []
        assert opened.errors == []


@pytest.fixture
def page(window: chrome.Window) -> Page:
    return window.context.new_page()
