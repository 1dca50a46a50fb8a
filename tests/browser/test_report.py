"""The weekly report is one click away from its asset."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.browser.chromium import Window
from tests.ui_process import UI

REPORT = "/assets/gold/weekly_sales_report"


def test_the_link_opens_the_page(window: Window, ui: UI) -> None:
    page = window.context.new_page()
    page.goto(f"{ui.url}{REPORT}?view=partitions&partition=2010-11-29")
    expect(page.get_by_text("Materialized (10)")).to_be_visible()
    with window.context.expect_page() as opened:
        page.get_by_role("link", name="weekly_sales_report.html").click()
    report = opened.value
    assert report.url.endswith("/gold/_files/weekly_sales_report/week=2010-11-29/weekly_sales_report.html")
    expect(report.get_by_text("ISO week 2010-W48")).to_be_visible()
    week = report.get_by_role("row").filter(has_text="Week").filter(has_text="184,669.47")
    expect(week).to_contain_text("206,021.73")
    expect(report.get_by_role("row").filter(has_text="Wholesale").filter(has_text="184,669.47")).to_be_visible()


def test_a_week_without_trade_says_so(window: Window, ui: UI) -> None:
    page = window.context.new_page()
    page.goto(f"{ui.url}{REPORT}?view=partitions&partition=2010-12-27")
    with window.context.expect_page() as opened:
        page.get_by_role("link", name="weekly_sales_report.html").click()
    report = opened.value
    expect(report.get_by_text("ISO week 2010-W52")).to_be_visible()
    wholesale = report.get_by_role("row").filter(has=report.get_by_role("rowheader", name="Wholesale"))
    expect(wholesale.get_by_role("cell").first).to_have_text("0.00")
    expect(report.get_by_text("No lines were read for this week.")).to_be_visible()


def test_nothing_but_pages_is_served_there(window: Window, ui: UI) -> None:
    page = window.context.new_page()
    page.goto(f"{ui.url}{REPORT}?view=partitions&partition=2010-11-29")
    link = page.get_by_role("link", name="weekly_sales_report.html").get_attribute("href")
    assert link is not None
    base = link.split("/gold/")[0]
    assert httpx.get(link).status_code == 200
    table = "/gold/daily_revenue/day=2010-12-01/data.parquet"
    for path in ("/", "/gold/", table, "/../settings.env", "/%2e%2e/settings.env?.html", "/%2e%2e/shop.log"):
        assert httpx.get(base + path).status_code == 404
