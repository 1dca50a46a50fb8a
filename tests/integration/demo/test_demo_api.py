"""The API over HTTP: pages, ETags, limits, faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import httpx
import pytest

from demo.api import Api, ApiServer, Faults, RateLimit, create_app
from demo.api.feedback import Feedback
from demo.errors import AddressError
from demo.wholesale import Product

DAY = {"date": "2010-12-05"}
RATES = {"start": "2010-12-01", "end": "2010-12-31"}


def make_api(products: list[Product], **parts: Any) -> Api:
    return Api(
        Feedback(11, products),
        parts.get("faults") or Faults(11, share=0),
        parts.get("limit") or RateLimit(),
    )


@pytest.fixture
def api(products: list[Product]) -> Api:
    return make_api(products)


@pytest.fixture
def client(api: Api) -> Iterator[httpx.Client]:
    server = ApiServer(create_app(api))
    server.start()
    with httpx.Client(base_url=server.url, timeout=10, trust_env=False) as client:
        yield client
    server.stop()


# --- answers


def test_feedback_pages_hold_every_row_once(client: httpx.Client) -> None:
    whole = client.get("/api/feedback", params={**DAY, "per_page": 1000}).json()
    assert (whole["date"], whole["page"], whole["pages"]) == ("2010-12-05", 1, 1)
    first = client.get("/api/feedback", params={**DAY, "per_page": 7}).json()
    assert first["pages"] > 3
    pages = [
        client.get("/api/feedback", params={**DAY, "per_page": 7, "page": page}).json()
        for page in range(1, first["pages"] + 2)
    ]
    for name in ("users", "posts", "comments"):
        assert [row for page in pages for row in page[name]] == whole[name]
        assert all(len(page[name]) <= 7 for page in pages)
        assert pages[-1][name] == []
    assert set(whole["posts"][0]) == {
        *("id", "user_id", "title", "body", "sku", "rating", "created_at"),
    }
    assert set(whole["comments"][0]) == {"id", "post_id", "user_id", "body", "created_at"}
    assert {"id", "name", "email", "city"} <= set(whole["users"][0])


def test_exchange_rates_are_strings_of_published_days(client: httpx.Client) -> None:
    answer = client.get("/api/exchange-rates", params={**RATES, "per_page": 50}).json()
    assert (answer["base"], answer["page"], answer["pages"]) == ("EUR", 1, 3)
    assert answer["rates"][0] == {"date": "2010-12-01", "currency": "GBP", "rate": "0.8393"}
    later = client.get("/api/exchange-rates", params={"start": "2024-03-04", "end": "2024-03-04"})
    assert len(later.json()["rates"]) == 5
    assert all(row["shifted"] is True for row in later.json()["rates"])


def test_bodies_are_the_same_bytes_from_another_server(client: httpx.Client, products: list[Product]) -> None:
    other = ApiServer(create_app(make_api(products)))
    other.start()
    with httpx.Client(base_url=other.url, trust_env=False) as twin:
        for path, params in (("/api/feedback", DAY), ("/api/exchange-rates", RATES)):
            one, two = client.get(path, params=params), twin.get(path, params=params)
            assert one.content == two.content
            assert one.headers["etag"] == two.headers["etag"]
    other.stop()


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_etag_is_not_answered_again(client: httpx.Client, known: str) -> None:
    etag = client.get("/api/feedback", params=DAY).headers["etag"]
    headers = {"If-None-Match": known.format(etag)}
    again = client.get("/api/feedback", params=DAY, headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    other = client.get("/api/feedback", params={"date": "2010-12-06"}, headers={**headers})
    assert other.status_code == (304 if known == "*" else 200)


@pytest.mark.parametrize(
    ("path", "params", "sentence"),
    [
        ("/api/feedback", {}, "`date` must be a day such as 2010-12-01, found ''"),
        ("/api/feedback", {"date": "yesterday"}, "found 'yesterday'"),
        ("/api/feedback", {**DAY, "page": 0}, "`page` must be a whole number from 1"),
        ("/api/feedback", {**DAY, "per_page": 1001}, "from 1 to 1000, found '1001'"),
        ("/api/feedback", {**DAY, "page": "9" * 5000}, "`page` must be"),
        ("/api/exchange-rates", {"start": "2010-12-02", "end": "2010-12-01"}, "`end` must lie"),
        ("/api/exchange-rates", {"start": "1900-01-01", "end": "2010-12-01"}, "`end` must lie"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    client: httpx.Client, path: str, params: dict[str, Any], sentence: str
) -> None:
    answer = client.get(path, params=params)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_the_ends_of_the_calendar_of_python_are_no_error(client: httpx.Client) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        assert client.get("/api/feedback", params={"date": day}).status_code == 200
        rates = client.get("/api/exchange-rates", params={"start": day, "end": day})
        assert rates.status_code == 200


# --- limits and faults


def test_too_many_requests_wait(products: list[Product]) -> None:
    server = ApiServer(create_app(make_api(products, limit=RateLimit(per_second=0.5, burst=3))))
    server.start()
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        answers = [client.get("/api/feedback", params=DAY) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].headers["retry-after"] == "2"
        assert client.get("/health").status_code == 200
    server.stop()


def test_faults_by_chance_are_the_same_by_seed_and_pass_when_repeated(
    products: list[Product],
) -> None:
    def outcomes() -> list[int]:
        limit = RateLimit(100_000, 100_000)
        api = make_api(products, faults=Faults(3, share=0.2), limit=limit)
        server = ApiServer(create_app(api))
        server.start()
        statuses = []
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            for page in range(60):
                params: dict[str, Any] = {**DAY, "page": 1 + page}
                statuses.append(client.get("/api/feedback", params=params).status_code)
                if statuses[-1] == 503:
                    assert client.get("/api/feedback", params=params).status_code == 200
        server.stop()
        return statuses

    first = outcomes()
    assert first == outcomes()
    assert set(first) == {200, 503}


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("429", 429)])
def test_switched_failures_count_down(client: httpx.Client, kind: str, status: int) -> None:
    added = client.post("/admin/faults", json={"kind": kind, "path": "/api/feedback", "times": 2})
    assert added.status_code == 201
    assert client.get("/api/exchange-rates", params=RATES).status_code == 200
    answers = [client.get("/api/feedback", params=DAY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert ("retry-after" in answers[0].headers) == (kind == "429")


def test_invalid_json_has_the_right_status_and_half_a_body(client: httpx.Client, api: Api) -> None:
    whole = client.get("/api/feedback", params=DAY).content
    api.faults.switch_on("invalid_json")
    answer = client.get("/api/feedback", params=DAY)
    assert answer.status_code == 200
    assert answer.content == whole[: len(whole) // 2]
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize(
    ("path", "params", "rows", "old", "new"),
    [
        ("/api/feedback", DAY, "posts", "rating", "stars"),
        ("/api/exchange-rates", RATES, "rates", "rate", "value"),
    ],
)
def test_a_changed_schema_renames_one_column(
    client: httpx.Client, api: Api, path: str, params: dict[str, Any], rows: str, old: str, new: str
) -> None:
    before = client.get(path, params=params).json()[rows]
    api.faults.switch_on("changed_schema", path)
    after = client.get(path, params=params).json()[rows]
    assert [row[new] for row in after] == [row[old] for row in before]
    assert not any(old in row for row in after)
    assert client.get(path, params=params).json()[rows] == before


def test_a_timeout_keeps_the_client_waiting_but_nobody_else(client: httpx.Client, api: Api) -> None:
    api.faults.switch_on("timeout", seconds=30)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "/api/feedback", params=DAY, timeout=0.5)
        assert client.get("/health").status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            waiting.result()
    assert client.get("/api/feedback", params=DAY).status_code == 200


def test_faults_can_be_listed_and_cleared(client: httpx.Client) -> None:
    client.post("/admin/faults", json={"kind": "500", "path": "/api/feedback", "times": None})
    client.get("/api/feedback", params=DAY)
    (listed,) = client.get("/admin/faults").json()["faults"]
    assert (listed["kind"], listed["times"]) == ("500", None)
    assert client.delete("/admin/faults").status_code == 204
    assert client.get("/admin/faults").json() == {"faults": []}
    assert client.get("/api/feedback", params=DAY).status_code == 200


@pytest.mark.parametrize(
    ("request_parts", "sentence"),
    [
        ({"json": {"kind": "418"}}, "There is no fault '418': expected one of 500, 429"),
        ({"json": {"kind": "500", "path": "/elsewhere"}}, "found the path '/elsewhere'"),
        ({"json": {"kind": "500", "times": 0}}, "`times` must be a whole number from 1"),
        ({"json": {"kind": "500", "colour": 1}}, "Expected an object with `kind`"),
        ({"json": [1]}, "Expected an object with `kind`"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, "is not JSON"),
        ({"content": b'{"kind": "500"}'}, "with Content-Type: application/json"),
    ],
)
def test_switches_that_make_no_sense_are_refused(
    client: httpx.Client, request_parts: dict[str, Any], sentence: str
) -> None:
    answer = client.post("/admin/faults", **request_parts)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert client.get("/admin/faults").json() == {"faults": []}


# --- the server


def test_a_taken_port_is_a_sentence(api: Api, client: httpx.Client) -> None:
    port = client.base_url.port
    with pytest.raises(AddressError, match=f"cannot listen on 127.0.0.1:{port} .*another port"):
        ApiServer(create_app(api), port=port or 0).start()


def test_a_stopped_server_frees_its_port(api: Api) -> None:
    server = ApiServer(create_app(api))
    server.start()
    port = int(server.url.rsplit(":", 1)[1])
    server.stop()
    again = ApiServer(create_app(api), port=port)
    again.start()
    assert again.url.endswith(f":{port}")
    again.stop()


def test_many_clients_at_once_get_the_same_bytes(client: httpx.Client) -> None:
    days = [date(2010, 12, 1 + number % 5).isoformat() for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda day: client.get("/api/feedback", params={"date": day}).content, days))
    assert len(set(bodies)) == 5
