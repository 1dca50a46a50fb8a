"""Draws the pictures of the stack in docs/images anew, in Chromium, on a stack that is running.

python -m tests.stack.screenshots [PROJECT]     (default: slipway)
"""

from __future__ import annotations

import sys

from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.screenshots import IMAGES
from tests.stack.signed_in import signed_in
from tests.stack.slow_ingestion import all_days
from tests.stack_process import Stack, running_stack


def main(project: str) -> None:
    stack = running_stack(project)
    with chromium.chromium() as browser:
        for take in (out_of_memory, runs):
            with signed_in(browser, stack, "operator") as context:
                page = take(context.new_page(), stack)
                page.wait_for_timeout(1500)
                page.screenshot(path=IMAGES / f"{take.__name__}.png")
            print(take.__name__)


def out_of_memory(page: Page, stack: Stack) -> Page:
    """A run that took more memory than its limit."""
    died = stack.materialize("transformation", ["silver/sales"], all_days(stack), {"slipway/memory": "200m"})
    assert stack.wait_run(died)["status"] == "FAILURE"
    page.goto(f"{stack.url}/runs/{died}")
    expect(page.get_by_text("took more memory").first).to_be_visible()
    return page


def runs(page: Page, stack: Stack) -> Page:
    page.goto(f"{stack.url}/runs")
    expect(page.get_by_text("weekly_sales_report").first).to_be_visible()
    return page


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "slipway")
