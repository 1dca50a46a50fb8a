"""Three locations, and the lineage over them: from files and database to those who read the figures."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium, lineage
from tests.ui_process import UI


def test_all_locations_load(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}/deployment/locations")
    expect(page.get_by_text("3 code locations")).to_be_visible()
    for location in ("ingestion", "transformation", "reporting"):
        expect(page.get_by_text(f"{location}.definitions", exact=True).first).to_be_visible()
    expect(page.get_by_text("Loaded", exact=True)).to_have_count(3)


def test_the_lineage_reaches_from_bronze_to_the_applications(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}/asset-groups")
    graph = page.locator("svg")
    for group in lineage.GROUPS:
        expect(graph.get_by_text(group, exact=True)).to_be_visible()


def test_the_lineage_of_a_table_goes_through_all_locations(browser: Browser, ui: UI) -> None:
    with chromium.window(browser, lineage.REMEMBERED) as window:
        page = window.context.new_page()
        lineage.open_lineage(page, ui.url, '+key:"gold/daily_revenue"+')
        graph = page.locator("svg")
        for asset in ("wholesale_sales", "order_lines", "sales", "orders_enriched", "daily_revenue", "sales_dashboard"):
            expect(graph.get_by_text(asset, exact=True)).to_be_in_viewport()
        # Nothing that has just been made counts as out of date.
        expect(graph.get_by_text("Unsynced")).to_have_count(0)
        assert window.errors == window.outside == []


@pytest.mark.parametrize(
    ("asset", "location"),
    [
        ("bronze/wholesale_sales", "ingestion"),
        ("silver/sales", "transformation"),
        ("gold/weekly_sales_report", "reporting"),
        ("applications/monday_meeting", "reporting"),
    ],
)
def test_each_layer_is_a_location(page: Page, ui: UI, asset: str, location: str) -> None:
    page.goto(f"{ui.url}/assets/{asset}")
    expect(page.get_by_text("Code location", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=location).first).to_be_visible()


def test_an_application_says_whose_it_is_and_where(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}/assets/applications/sales_dashboard")
    expect(page.get_by_text("The board that the sales floor looks at")).to_be_visible()
    expect(page.get_by_role("link", name="https://dashboards.example.com/sales")).to_be_visible()
    for upstream in ("daily_revenue", "revenue_by_segment", "revenue_by_category"):
        expect(page.get_by_role("link", name=f"gold / {upstream}").first).to_be_visible()
