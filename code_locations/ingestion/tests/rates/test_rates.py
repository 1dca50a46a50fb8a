"""bronze/exchange_rates: published rates, carried over days without one."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import demo
from code_locations.ingestion.tests.bronze import Bronze, failures, metadata_of
from code_locations.ingestion.tests.conftest import impatient
from code_locations.ingestion.tests.feedback.http_script import Reply, Script, scripted_server
from demo import Shop
from ingestion.defs.rates.assets import LOOK_BACK, NoRates, carried_forward, exchange_rates
from ingestion.shop_api import ShopApi

PUBLISHED = Path(demo.__file__).parent / "data" / "eurofxref_2010-11_2011-12.csv"
SCHEMA: dict[str, Any] = {"date": pl.Date, "currency": pl.String, "rate": pl.Decimal(18, 6)}


def published() -> dict[dt.date, dict[str, Decimal]]:
    """The bank's file, read plainly."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {
            dt.date.fromisoformat(line.pop("Date")): {name: Decimal(rate) for name, rate in line.items() if rate}
            for line in csv.DictReader(file)
        }


def rates_of(days: set[dt.date]) -> pl.DataFrame:
    rows = [(day, currency, Decimal(day.day)) for day in sorted(days) for currency in ("GBP", "USD")]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


first = dt.date(2010, 12, 1)


@given(st.sets(st.integers(0, 20), max_size=8), st.integers(0, 20))
def test_the_last_list_by_the_day(offsets: set[int], asked: int) -> None:
    days, day = {first + dt.timedelta(days=n) for n in offsets}, first + dt.timedelta(days=asked)
    earlier = [one for one in days if one <= day]
    if not earlier:
        with pytest.raises(NoRates, match=f"published on {day} or in the 10 days before it, found none"):
            carried_forward(rates_of(days), day)
        return

    rates = carried_forward(rates_of(days), day)

    assert set(rates["date"]) == {day}
    assert set(rates["published_on"]) == {max(earlier)}
    assert rates["currency"].to_list() == ["GBP", "USD"]
    assert set(rates["rate"]) == {Decimal(max(earlier).day)}


def test_a_currency_that_has_ended_is_not_carried_on() -> None:
    rows = [
        (dt.date(2010, 12, 31), "EEK", Decimal("15.6466")),
        (dt.date(2010, 12, 31), "USD", Decimal("1.3362")),
        (dt.date(2011, 1, 3), "USD", Decimal("1.3348")),
    ]
    rates = carried_forward(pl.DataFrame(rows, schema=SCHEMA, orient="row"), dt.date(2011, 1, 4))
    assert rates["currency"].to_list() == ["USD"]


@pytest.mark.parametrize(
    ("day", "published_on"),
    [
        (dt.date(2010, 12, 3), dt.date(2010, 12, 3)),
        (dt.date(2010, 12, 5), dt.date(2010, 12, 3)),
        (dt.date(2010, 12, 26), dt.date(2010, 12, 24)),
        (dt.date(2011, 1, 1), dt.date(2010, 12, 31)),
    ],
)
def test_the_plain_function(shop_api: ShopApi, day: dt.date, published_on: dt.date) -> None:
    judged = exchange_rates(day, shop_api)

    expected = published()[published_on]
    assert judged.frame.select("currency", "rate").rows() == sorted(expected.items())
    assert judged.metadata == {"published on": str(published_on), "carried forward": published_on != day}


def test_two_months_in_one_run(shop: Shop, shop_api: ShopApi, bronze: Bronze) -> None:
    bronze.resources["shop_api"] = ShopApi(base_url=shop.url, backoff_seconds=0.005)

    result = bronze.materialize([exchange_rates], span=("2010-12-01", "2011-01-31"))

    assert result.success
    known = published()
    for day in bronze.days("bronze/exchange_rates"):
        rows = bronze.rows("bronze/exchange_rates", day)
        last = max(one for one in known if one <= dt.date.fromisoformat(day))
        assert {row["currency"]: row["rate"] for row in rows} == known[last]
        assert {(row["date"], row["published_on"]) for row in rows} == {(dt.date.fromisoformat(day), last)}
    assert len(bronze.days("bronze/exchange_rates")) == 62


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as script:
        script.replies = [
            Reply(
                {
                    "base": "EUR",
                    "page": 1,
                    "pages": 1,
                    "rates": [{"date": "2010-12-03", "currency": "GBP", "rate": "0.84930"}],
                }
            )
        ]
        yield script


def test_neighbouring_days_share_calls(script: Script, bronze: Bronze) -> None:
    bronze.resources["shop_api"] = ShopApi(base_url=script.url)
    assert bronze.materialize([exchange_rates], span=("2010-12-03", "2010-12-12")).success

    assert [request.path.partition("&page")[0] for request in script.requests] == [
        "/api/exchange-rates?start=2010-11-01&end=2010-11-30",
        "/api/exchange-rates?start=2010-12-01&end=2010-12-31",
    ]


def test_rates_are_asked_for_again_after_a_while(script: Script) -> None:
    api = ShopApi(base_url=script.url, keep_rates_seconds=0)
    for _ in range(2):
        api.exchange_rates(dt.date(2010, 12, 1), dt.date(2010, 12, 3))
    assert len(script.requests) == 2


def test_days_to_come_are_not_asked_for(script: Script) -> None:
    today = dt.datetime.now(dt.UTC).date()
    ShopApi(base_url=script.url).exchange_rates(today, today)
    assert f"&end={today}&" in script.requests[0].path


def test_no_rate_for_too_long(script: Script, bronze: Bronze) -> None:
    bronze.resources["shop_api"] = ShopApi(base_url=script.url)
    last, next_day = dt.date(2010, 12, 3) + LOOK_BACK, dt.date(2010, 12, 3) + LOOK_BACK + dt.timedelta(days=1)

    assert bronze.materialize([exchange_rates], partition=last.isoformat()).success
    result = bronze.materialize([exchange_rates], partition=next_day.isoformat())

    [message] = failures(result).values()
    assert f"Expected an exchange rate published on {next_day} or in the 10 days before it, found none." in message


@pytest.mark.parametrize(("kind", "why"), [("changed_schema", "rate is missing in"), ("500", "found 500")])
def test_a_fault_leaves_the_old_day(shop: Shop, bronze: Bronze, kind: str, why: str) -> None:
    bronze.resources["shop_api"] = impatient(shop.url, attempts=2)
    result = bronze.materialize([exchange_rates], partition="2010-12-05")
    assert metadata_of(result, "bronze/exchange_rates")["carried forward"] is True
    before = bronze.provenance("bronze/exchange_rates", "2010-12-05")
    shop.faults.switch_on(kind, "/api/exchange-rates", times=None)

    result = bronze.materialize([exchange_rates], partition="2010-12-05")

    [message] = failures(result).values()
    assert why in message
    assert f"GET {shop.url}/api/exchange-rates?start=" in message
    assert bronze.provenance("bronze/exchange_rates", "2010-12-05") == before


def test_a_rate_as_a_number_is_exact(shop: Shop) -> None:
    with scripted_server() as script:
        body = b'{"page": 1, "pages": 1, "rates": [{"date": "2010-12-03", "currency": "GBP", "rate": 0.1}]}'
        script.replies = [Reply(body)]
        rates = impatient(script.url).exchange_rates(dt.date(2010, 12, 3), dt.date(2010, 12, 3))
    assert rates.column("rate").to_pylist() == [Decimal("0.1")]
