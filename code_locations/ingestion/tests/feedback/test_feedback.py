"""bronze/users, posts and comments: from the shop's API into the lake, and what stays there when the API fails."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import polars as pl
import pytest

from code_locations.ingestion.tests.bronze import Bronze, failures, metadata_of
from code_locations.ingestion.tests.conftest import impatient
from code_locations.ingestion.tests.feedback.http_script import Reply, scripted_server
from contracts.feedback import Comments, Posts, Users
from demo import Shop
from ingestion.defs.feedback.assets import feedback
from ingestion.shop_api import ShopApi

DAY = dt.date(2010, 12, 3)
TABLES = {Users: "users", Posts: "posts", Comments: "comments"}


def from_the_api(shop: Shop, day: dt.date) -> dict[str, list[dict[str, Any]]]:
    """The lists as a plain client gets them in one page."""
    answer = httpx.get(f"{shop.url}/api/feedback", params={"date": day.isoformat(), "per_page": 1000})
    lists: dict[str, list[dict[str, Any]]] = answer.json()
    return lists


def as_sent(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
        for row in rows
    ]


def test_the_plain_function(shop: Shop, shop_api: ShopApi) -> None:
    judged = feedback(DAY, shop_api)

    expected = from_the_api(shop, DAY)
    for table, name in TABLES.items():
        rows = judged[table].frame
        assert rows.schema.types == table.contract.arrow_schema.types
        assert as_sent(rows.to_pylist()) == [
            {column: record[column] for column in rows.column_names}
            for record in sorted(expected[name], key=lambda record: record["id"])
        ]
    assert judged[Users].metadata == {"fields not in the contract": "country"}
    assert judged[Posts].source == {"call": f"{shop.url}/api/feedback?date=2010-12-03"}


@pytest.mark.parametrize("per_page", [1, 7, 500])
def test_pages_make_no_difference(shop: Shop, shop_api: ShopApi, per_page: int) -> None:
    paged = ShopApi(base_url=shop.url, per_page=per_page, backoff_seconds=0.005)
    for table in TABLES:
        assert feedback(DAY, paged)[table].frame.equals(feedback(DAY, shop_api)[table].frame)


def test_a_day_without_feedback(bronze: Bronze) -> None:
    with scripted_server() as script:
        script.replies = [Reply({"page": 1, "pages": 1, "users": [], "posts": [], "comments": []})]
        bronze.resources["shop_api"] = impatient(script.url)
        assert bronze.materialize([feedback], partition="2010-12-03").success

    for table, name in TABLES.items():
        assert bronze.rows(f"bronze/{name}", "2010-12-03") == []
        loaded = bronze.lake.load(("bronze", name), [("2010-12-03", {"day": "2010-12-03"})]).table(dimensions=False)
        assert loaded.schema.types == table.contract.arrow_schema.types


def test_one_call_fills_three_tables(shop: Shop, shop_api: ShopApi, bronze: Bronze) -> None:
    bronze.resources["shop_api"] = shop_api

    result = bronze.materialize([feedback], partition="2010-12-03")

    assert result.success
    for name in TABLES.values():
        assert len(bronze.rows(f"bronze/{name}", "2010-12-03")) == len(from_the_api(shop, DAY)[name])
        assert bronze.provenance(f"bronze/{name}", "2010-12-03").source["call"].endswith("date=2010-12-03")
    ratings = pl.DataFrame(bronze.rows("bronze/posts", "2010-12-03"))["rating"]
    assert metadata_of(result, "bronze/posts")["average_rating"] == pytest.approx(ratings.mean(), abs=0.001)


@pytest.mark.parametrize("kind", ["500", "429", "timeout", "invalid_json"])
def test_a_fault_that_passes_is_not_seen(shop: Shop, shop_api: ShopApi, bronze: Bronze, kind: str) -> None:
    bronze.resources["shop_api"] = shop_api
    shop.faults.switch_on(kind, "/api/feedback", times=1, seconds=0.1)

    assert bronze.materialize([feedback], partition="2010-12-03").success


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("500", "expected status 200, found 500 Internal Server Error"),
        ("429", "expected status 200, found 429 Too Many Requests"),
        ("timeout", "expected status 200, found 504 Gateway Timeout"),
        ("invalid_json", "expected JSON, found "),
        ("changed_schema", "rating is missing in "),
    ],
)
def test_a_fault_that_stays_leaves_the_old_day(
    shop: Shop, shop_api: ShopApi, bronze: Bronze, kind: str, why: str
) -> None:
    bronze.resources["shop_api"] = impatient(shop.url, attempts=2)
    assert bronze.materialize([feedback], partition="2010-12-03").success
    before = {name: bronze.provenance(f"bronze/{name}", "2010-12-03") for name in TABLES.values()}
    shop.faults.switch_on(kind, "/api/feedback", times=None, seconds=0.1)

    result = bronze.materialize([feedback], partition="2010-12-03")

    [message] = failures(result).values()
    assert f"GET {shop.url}/api/feedback?date=2010-12-03" in message
    assert why in message
    for name in TABLES.values():
        # Not one of the three, though posts alone have changed their schema.
        assert bronze.provenance(f"bronze/{name}", "2010-12-03") == before[name]


def test_one_bad_day_of_62(shop: Shop, bronze: Bronze) -> None:
    bronze.resources["shop_api"] = impatient(shop.url, attempts=1)
    shop.faults.switch_on("500", "/api/feedback", times=1)

    result = bronze.materialize([feedback], span=("2010-12-01", "2011-01-31"))

    [message] = failures(result).values()
    assert "2010-12-01: ApiUnavailable: GET " in message
    for name in TABLES.values():
        assert len(bronze.days(f"bronze/{name}")) == 61
        assert "2010-12-01" not in bronze.days(f"bronze/{name}")

    assert bronze.materialize([feedback], partition="2010-12-01").success
    assert len(bronze.days("bronze/users")) == 62


def test_an_api_that_is_gone(bronze: Bronze, shop_api: ShopApi) -> None:
    bronze.resources["shop_api"] = impatient("http://127.0.0.1:1", attempts=2)

    result = bronze.materialize([feedback], partition="2010-12-03")

    [message] = failures(result).values()
    assert "GET http://127.0.0.1:1/api/feedback?date=2010-12-03&page=1&per_page=500: expected an answer" in message
    assert "Given up after 2 attempts" in message
