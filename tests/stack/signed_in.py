"""A window of the browser in which somebody has signed in to the stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext

from tests.browser import chromium
from tests.stack_process import Stack


@contextmanager
def signed_in(browser: Browser, stack: Stack, user: str) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": chromium.SIZE[0], "height": chromium.SIZE[1]},
        locale="en-GB",
        timezone_id="Europe/London",
        http_credentials={"username": user, "password": stack.password(user)},
    )
    context.set_default_timeout(60_000)
    try:
        yield context
    finally:
        context.close()
