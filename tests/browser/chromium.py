"""Chromium, driven by Playwright; and what it must not have to do: ask outside this machine, or complain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Route, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ELSEWHERE = Path("/usr/bin/chromium")
# Without the last four it asks its maker for updates. The pages are handed over by `answer` below: the browser does not
# know that they come from this machine, and would not let them open a WebSocket to it.
_FLAGS = (
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = (1600, 1000)
# A machine that is busy with other things takes its time.
_MILLISECONDS = 60_000

NOT_HERE = f"Chromium is not installed here (looked for {', '.join(_NAMES)})."


def executable() -> str | None:
    """Where Chromium is; None if it is not installed."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or (str(_ELSEWHERE) if os.access(_ELSEWHERE, os.X_OK) else None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, for as long as the block lasts.

    Raises:
        RuntimeError: it is not installed.
    """
    path = executable()
    if path is None:
        raise RuntimeError(NOT_HERE)
    expect.set_options(timeout=_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """A browser window of its own: no history, light theme, the same language and time zone everywhere.

    Attributes:
        outside: addresses beyond this machine that a page has asked for; none is answered.
        errors: what pages have complained of in the console.
    """

    context: BrowserContext
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def window(browser: Browser, remembered: dict[str, str] | None = None) -> Iterator[Window]:
    """Open a window.

    Args:
        remembered: what the UI keeps in the browser between visits, such as how the graph is drawn.
    """
    context = browser.new_context(
        viewport={"width": SIZE[0], "height": SIZE[1]},
        color_scheme="light",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    found = Window(context)
    context.set_default_timeout(_MILLISECONDS)

    def answer(route: Route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            # Not by the browser's own network: whenever a container starts or ends on this machine, it drops all
            # connections (ERR_NETWORK_CHANGED).
            route.fulfill(response=route.fetch())
        else:
            found.outside.append(route.request.url)
            route.abort()

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.errors.append(message.text)

    context.route(lambda url: url.startswith("http"), answer)
    context.on("console", heard)
    context.on("weberror", lambda error: found.errors.append(str(error.error)))
    for name, value in (remembered or {}).items():
        # A new tab is an empty page at first, which may remember nothing.
        context.add_init_script(f"location.protocol == 'http:' && localStorage.setItem({name!r}, {value!r})")
    try:
        yield found
    finally:
        # The pages ask for news all the time: what is on its way now is of no interest.
        context.unroute_all(behavior="ignoreErrors")
        context.close()
