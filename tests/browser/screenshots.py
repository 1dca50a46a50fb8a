"""Draws the pictures in docs/images anew: `slipway ui` on a finished demo, in Chromium.

python -m tests.browser.screenshots [FOLDER OF A FINISHED DEMO]     (default: .slipway)
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import chromium, lineage
from tests.ui_process import UI, served

IMAGES = Path(__file__).parents[2] / "docs" / "images"
_SALES = "/assets/silver/sales"


def main(home: Path) -> None:
    """Take them all, each in a window of its own."""
    IMAGES.mkdir(exist_ok=True)
    with served(home) as ui, chromium.chromium() as browser:
        for take in (lineage_graph, asset, checks, partition, plots, report):
            with chromium.window(browser, lineage.REMEMBERED) as window:
                page = take(window.context.new_page(), ui)
                page.wait_for_timeout(1500)
                page.screenshot(path=IMAGES / f"{take.__name__.removesuffix('_graph')}.png")
                print(take.__name__)


def lineage_graph(page: Page, ui: UI) -> Page:
    lineage.open_lineage(page, ui.url)
    expect(page.get_by_text("monday_meeting", exact=True)).to_be_visible()
    return page


def asset(page: Page, ui: UI) -> Page:
    page.goto(ui.url + _SALES)
    expect(page.get_by_text("invoice number").first).to_be_visible()
    return page


def checks(page: Page, ui: UI) -> Page:
    page.goto(f"{ui.url}{_SALES}?view=checks&checkDetail=every_row_accounted_for")
    expect(page.get_by_text("Passed", exact=True).first).to_be_visible()
    return page


def partition(page: Page, ui: UI) -> Page:
    page.goto(f"{ui.url}{_SALES}?view=partitions&partition=2011-01-18")
    expect(page.get_by_text("95947.73")).to_be_visible()
    # Down, but not to the right.
    page.get_by_text("Not shown, because personal").evaluate("e => e.scrollIntoView({block: 'end', inline: 'nearest'})")
    page.get_by_text("rows in quarantine", exact=True).evaluate("e => e.scrollIntoView({inline: 'start'})")
    return page


def plots(page: Page, ui: UI) -> Page:
    page.goto(ui.url + _SALES)
    page.get_by_role("button", name="Plots").click()
    expect(page.get_by_text("revenue_total", exact=True)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    return page


def report(page: Page, ui: UI) -> Page:
    page.goto(f"{ui.url}/assets/gold/weekly_sales_report?view=partitions&partition=2011-01-17")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="weekly_sales_report.html").click()
    expect(opened.value.get_by_text("ISO week 2011-W03")).to_be_visible()
    return opened.value


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".slipway"))
