"""What somebody sees who signs in: locations, a run and its log while it runs, the partition, the report."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium as chrome
from tests.servers import REQUIRE_STACK
from tests.stack.landing import first_day
from tests.stack.run_pages import events
from tests.stack.signed_in import signed_in
from tests.stack_process import RESULTS, Stack

MATERIALIZE = re.compile("^Materialize$")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chrome.executable() is None:
        if os.environ.get(REQUIRE_STACK) == "1":
            pytest.fail(chrome.NOT_HERE)
        pytest.skip(f"{chrome.NOT_HERE} Set {REQUIRE_STACK}=1 to fail instead.")
    with chrome.chromium() as found:
        yield found


@pytest.fixture
def operator(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Page]:
    with signed_in(browser, stack, "operator") as context:
        page = context.new_page()
        yield page
        RESULTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=RESULTS / f"{request.node.name}.png")


def test_three_locations_and_a_healthy_daemon(operator: Page, stack: Stack) -> None:
    operator.goto(f"{stack.url}/locations")
    for name in ("ingestion", "transformation", "reporting"):
        expect(operator.locator(f'a[href="/locations/{name}/"]')).to_be_visible()
    expect(operator.get_by_text("Loaded", exact=True)).to_have_count(3)
    operator.get_by_role("tab", name="Daemons").click()
    for name in ("Scheduler", "Sensors", "Run queue", "Backfill"):
        expect(operator.get_by_text(name).first).to_be_visible()
    expect(operator.get_by_text("Running", exact=True).first).to_be_visible()
    expect(operator.get_by_text("Not running", exact=True)).to_have_count(0)


def test_a_click_becomes_a_run_whose_log_arrives_while_it_runs(operator: Page, stack: Stack) -> None:
    stack.quiet(timeout=400)
    operator.goto(f"{stack.url}/assets/silver/customers")
    operator.get_by_role("button").filter(has_text=MATERIALIZE).click()
    operator.get_by_text("View", exact=True).click()
    operator.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"))
    run_id = operator.url.split("/runs/")[1][:36]
    # Rows of the log are there before the run is over: they come by subscription, through the proxy.
    expect(
        operator.get_by_text("RUN_START", exact=True).or_(operator.get_by_text("RUN_STARTING", exact=True)).first
    ).to_be_visible()
    seen_while = stack.run(run_id)["status"]
    expect(operator.get_by_text("RUN_SUCCESS", exact=True)).to_be_visible()
    assert seen_while in ("STARTING", "STARTED"), "the log came only when the run was over"
    assert stack.run(run_id)["tags"]["slipway/launched_by"] == "operator"


def test_a_partition_is_green_with_its_preview(operator: Page, stack: Stack) -> None:
    day = first_day(stack)
    operator.goto(f"{stack.url}/assets/silver/sales?view=partitions&partition={day}")
    expect(operator.get_by_text(re.compile(r"Materialized \(\d+\)"))).to_be_visible()
    expect(operator.get_by_text("Missing (0)")).to_be_visible()
    expect(operator.get_by_role("table").filter(has_text="stock_code").last.locator("tbody tr")).to_have_count(5)


def test_the_report_opens_from_its_link(operator: Page, stack: Stack) -> None:
    day = first_day(stack) + dt.timedelta(days=7)
    monday = day - dt.timedelta(days=day.weekday())
    operator.goto(f"{stack.url}/assets/gold/weekly_sales_report?view=partitions&partition={monday}")
    link = operator.get_by_role("link", name="weekly_sales_report.html")
    with operator.context.expect_page() as opened:
        link.click()
    report = opened.value
    assert report.url.startswith(f"{stack.url}/reports/gold/_files/weekly_sales_report/")
    year, week, _ = monday.isocalendar()
    expect(report.get_by_text(f"ISO week {year}-W{week:02d}")).to_be_visible()


def test_the_log_of_a_step_is_shown_and_can_be_fetched(operator: Page, stack: Stack) -> None:
    run = next(run for run in stack.quiet() if run["jobName"] == "deliver_report" and run["status"] == "SUCCESS")
    last = [event.file_key for event in events(stack, run["runId"]) if event.kind == "LogsCapturedEvent"][-1]
    operator.goto(f"{stack.url}/runs/{run['runId']}?logFileKey={last}&logType=stderr")
    expect(operator.get_by_text(re.compile("Copied .*html"))).to_be_visible()
    with operator.expect_download() as download:
        operator.get_by_role("link", name="Download").click()
    assert "Copied " in Path(download.value.path()).read_text()


def test_a_viewer_has_no_button_to_press(browser: Browser, stack: Stack) -> None:
    with signed_in(browser, stack, "viewer") as context:
        page = context.new_page()
        page.goto(f"{stack.url}/assets/silver/customers")
        expect(page.get_by_role("button").filter(has_text=MATERIALIZE)).to_be_disabled()
