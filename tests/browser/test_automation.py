"""Everything that starts by itself is switched on; and on a finished platform it finds nothing to do."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.ui_process import UI

_RUNS = """{ runsOrError(limit: 100) { ... on Runs { results { creationTime jobName status tags { key value } } } } }"""
_STARTERS = """{
    repositoriesOrError { ... on RepositoryConnection { nodes { sensors { name } schedules { name } } } }
}"""
# The sensor `catch_up` waits a minute before it starts what the conditions have not.
_WATCHED_SECONDS = 90
_DELIVERY_SECONDS = 120


def test_sensors_and_schedules_run(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}/automation")
    for location, names in {
        "ingestion": ("automation", "daily_api", "wholesale_files", "shop_database_changes", "scratch_cleanup"),
        "transformation": ("automation", "changed_customers_and_products", "catch_up", "scratch_cleanup"),
        "reporting": ("automation", "new_categories", "report_published", "catch_up", "scratch_cleanup"),
    }.items():
        expect(page.get_by_text(location, exact=True)).to_be_visible()
        for name in names:
            expect(page.locator(f"a[href$='/{name}'][href*='/{location}/']")).to_be_visible()
    answer = httpx.post(f"{ui.url}/graphql", json={"query": _STARTERS}, timeout=60).json()
    count = sum(
        len(each["sensors"]) + len(each["schedules"]) for each in answer["data"]["repositoriesOrError"]["nodes"]
    )
    # The page fills itself row by row: counted until all are there.
    switches = "label[class*=formatSwitch] input"
    expect(page.locator(switches)).to_have_count(count)
    expect(page.locator(f"{switches}:checked")).to_have_count(count)


@pytest.mark.parametrize(
    "path",
    [
        "ingestion/sensors/wholesale_files",
        "ingestion/schedules/daily_api",
        "transformation/sensors/automation",
        "reporting/sensors/automation",
    ],
)
def test_it_says_running(page: Page, ui: UI, path: str) -> None:
    page.goto(f"{ui.url}/locations/{path}")
    row = page.get_by_role("row").filter(has=page.get_by_text("Running", exact=True))
    expect(row.get_by_role("checkbox")).to_be_checked()


@pytest.mark.slow
def test_a_finished_demo_needs_nothing_but_the_delivery_of_its_report(page: Page, ui: UI) -> None:
    time.sleep(max(0.0, ui.ready + _WATCHED_SECONDS - time.time()))
    deadline = time.monotonic() + _DELIVERY_SECONDS
    while True:
        answer = httpx.post(f"{ui.url}/graphql", json={"query": _RUNS}, timeout=60).json()
        runs = answer["data"]["runsOrError"]["results"]
        if time.monotonic() > deadline or all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in runs):
            break
        time.sleep(1)
    started = [
        (run["jobName"], {tag["key"]: tag["value"] for tag in run["tags"]}.get("dagster/sensor_name"), run["status"])
        for run in runs
        if run["creationTime"] > ui.ready - 60 and not _by_demo(run)
    ]
    # The newest report was never delivered: that is no run too many.
    assert started == [("deliver_report", "report_published", "SUCCESS")]
    assert list((ui.home / "delivery").glob("2011-W05.html"))

    page.goto(f"{ui.url}/runs")
    expect(page.get_by_role("link", name="deliver_report")).to_have_count(1)
    expect(page.get_by_role("link", name="report_published")).to_have_count(1)
    expect(page.get_by_text("Success", exact=True)).to_have_count(len(runs))
    expect(page.get_by_text("Failure", exact=True)).to_have_count(0)


def _by_demo(run: dict[str, list[dict[str, str]]]) -> bool:
    return any(tag["key"] == "slipway/started_by" for tag in run["tags"])
