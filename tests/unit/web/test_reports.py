"""Published pages over the webserver: those, and nothing else that lies in the lake or beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slipway.lake import layout
from slipway.web.request_context import SignedInProcessContext
from slipway.web.webserver import Webserver
from tests.unit.web.asgi import TOKEN, Get

PAGE = b"<html><body>a week</body></html>"


def publish(pages: Path, path: str, content: bytes = PAGE) -> None:
    target = pages / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


@pytest.mark.parametrize(
    ("asset", "dimensions"),
    [
        (["gold", "weekly_sales_report"], {"week": "2010-11-29"}),
        (["gold", "unpartitioned"], {}),
        (["gold", "a", "deep", "one"], {"day": "2010-12-01", "category": "Home & Garden / 50%"}),
        (["silver", "report"], {"name": "Käse, nach Maß: 100%"}),
    ],
)
def test_a_page_that_was_published_is_served(get: Get, pages: Path, asset: list[str], dimensions: dict) -> None:
    path = layout.file_path(asset, dimensions, "report.html")
    publish(pages, path)
    answer = get(f"/reports/{path}")
    assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_page_can_act_for_nobody(get: Get, pages: Path) -> None:
    publish(pages, "gold/_files/x/report.html")
    headers = get("/reports/gold/_files/x/report.html").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["sandbox"] == "allow-scripts allow-popups", "no allow-same-origin, no allow-forms"
    assert policy["default-src"] == "'none'"
    assert "connect-src" not in policy, "what the page fetches falls under default-src"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "gold/_files/x/data.parquet",
        "gold/_files/x/report.html/",
        "gold/_files/x/report.htm",
        "gold/daily_revenue/day=2010-12-01/report.html",
        "_files/x/report.html",
        "gold/_files/.html",
        "_rejected/gold/_files/x/report.html",
        "",
        "gold/_files/",
    ],
)
def test_nothing_else_is(get: Get, pages: Path, path: str) -> None:
    if path and not path.endswith("/"):
        publish(pages, path)
    assert get(f"/reports/{path}").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "gold/_files/../../secret.html",
        "gold/_files/../_files/secret.html",
        "gold/_files/./secret.html",
        "gold/_files//secret.html",
        "../lake/gold/_files/secret.html",
        "gold/_files/%2e%2e/%2e%2e/secret.html",
        "gold/_files/%2E%2E%2F%2E%2E%2Fsecret.html",
        "gold/_files/..%2f..%2fsecret.html",
        "gold/_files/..%5c..%5csecret.html",
        "gold/%5ffiles/secret.html",
        "gold%2f_files/secret.html",
        "/gold/_files/secret.html",
        "gold/_files/secret.html%00",
        "gold/_files/secret.html%0a",
        "gold/_files/secret.html%3fx=.html",
        "gold/_files/s%C3%A9cret.html%00.html",
    ],
)
def test_no_way_round(get: Get, pages: Path, path: str) -> None:
    for place in ("gold/_files/secret.html", "secret.html", "../secret.html"):
        publish(pages, place, b"secret")
    answer = get(f"/reports/{path}")
    assert answer.status == 404
    assert b"secret" not in answer.body


@pytest.mark.parametrize("raw", [b"/reports/gold/_files/\xc3\xa9.html", b"/reports/gold/_files/\xff/x.html"])
def test_a_path_that_is_not_ascii(get: Get, raw: bytes) -> None:
    assert get(raw).status == 404


def test_a_query_is_no_part_of_the_path(get: Get, pages: Path) -> None:
    publish(pages, "gold/_files/x/report.html")
    assert get("/reports/gold/_files/x/report.html?at=1").status == 200
    assert get("/reports/gold/_files/x/other?at=/x/report.html").status == 404


def test_a_page_that_is_not_there_says_so(get: Get) -> None:
    answer = get("/reports/gold/_files/x/report.html")
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert answer.body == b"There is no such page: its partition was never made, or it was removed."


def test_a_store_that_does_not_answer_is_told(get: Get, pages: Path) -> None:
    (pages / "gold/_files/x/report.html").mkdir(parents=True)
    answer = get("/reports/gold/_files/x/report.html")
    assert answer.status == 502
    assert answer.body.startswith(b"Cannot read gold/_files/x/report.html in the lake folder")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_are_read_only(get: Get, pages: Path, method: str) -> None:
    publish(pages, "gold/_files/x/report.html")
    assert get("/reports/gold/_files/x/report.html", method).status == 405
    assert (pages / "gold/_files/x/report.html").read_bytes() == PAGE


def test_the_rest_is_dagsters(get: Get, context: SignedInProcessContext) -> None:
    assert b"dagster_version" in get("/server_info").body
    without = Get(Webserver(context, None, TOKEN).create_asgi_app())
    answer = without("/reports/gold/_files/x/report.html")
    assert re.search(rb"(?i)<!doctype html>", answer.body), "without a lake, that is a page of the UI's"
