"""Answers become tables in the contract's types, or say what has changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from code_locations.ingestion.tests.conftest import impatient
from code_locations.ingestion.tests.feedback.http_script import Reply, scripted_server
from contracts.feedback import Posts, Users
from ingestion.shop_api import Answer, ApiChanged

DAY = dt.date(2010, 12, 1)
POST = {
    "id": 1,
    "user_id": 2,
    "title": "Lovely!",
    "body": "Quick delivery.",
    "sku": "22423",
    "rating": 5,
    "created_at": "2010-12-01T08:26:00",
}


def answer(*posts: dict[str, Any]) -> Answer:
    return Answer("http://shop/api/feedback?date=2010-12-01", {"posts": posts, "users": []})


def posts(*records: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        answer(*records).table("posts", Posts.contract.arrow_schema, Posts.contract.personal).to_pylist()
    )
    return rows


def test_a_post() -> None:
    assert posts(POST) == [{**POST, "created_at": dt.datetime(2010, 12, 1, 8, 26)}]


def test_none_are_an_empty_table() -> None:
    table = answer().table("users", Users.contract.arrow_schema)
    assert len(table) == 0
    assert table.schema.types == Users.contract.arrow_schema.types


def test_more_fields_are_named_and_left_out() -> None:
    assert posts({**POST, "shifted": True, "language": "en"}) == posts(POST)
    assert answer(POST, {**POST, "shifted": True}).extra("posts", Posts.contract.arrow_schema) == ["shifted"]


def test_a_missing_field() -> None:
    renamed = {("stars" if name == "rating" else name): value for name, value in POST.items()}
    with pytest.raises(ApiChanged) as caught:
        posts(POST, renamed)
    assert str(caught.value) == (
        "GET http://shop/api/feedback?date=2010-12-01: expected the fields id, user_id, title, body, sku, rating, "
        "created_at in posts, found body, created_at, id, rating, sku, stars, title, user_id: "
        "rating is missing in 1 of 2. "
        "Ask the API's owner, or change the contract."
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "one"},
        {"id": 1.5},
        {"id": 2**63},
        {"rating": 2**31},
        {"title": {"text": "Lovely!"}},
        {"created_at": "yesterday"},
        {"created_at": "2010-12-01T08:26:00Z"},
        {"created_at": 1291191960},
    ],
)
def test_values_of_another_type(changed: dict[str, Any]) -> None:
    for records in ([{**POST, **changed}], [POST, {**POST, **changed}]):
        with pytest.raises(ApiChanged, match=r"api/feedback\?date=2010-12-01"):
            posts(*records)


def test_personal_values_are_not_repeated() -> None:
    with pytest.raises(ApiChanged) as caught:
        posts({**POST, "body": 3.25})
    assert "'body'" in str(caught.value)
    assert "3.25" not in str(caught.value)


EMPTY: dict[str, list[Any]] = {"users": [], "posts": [], "comments": []}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], "expected an object with page, pages and users, posts, comments; found a list"),
        ({"page": 1, "pages": 1, "users": [], "posts": []}, "found page, pages, users, posts: comments missing"),
        ({"page": 1, "pages": 1, **EMPTY, "posts": None}, "expected a list of objects in posts, found null"),
        ({"page": 1, "pages": 1, **EMPTY, "posts": [1]}, "expected a list of objects in posts, found a list"),
        ({"page": 2, "pages": 2, **EMPTY}, "found page 2 of 2"),
        ({"page": 1, "pages": 0, **EMPTY}, "found page 1 of 0"),
        ({"page": 1, "pages": 10**9, **EMPTY}, "found page 1 of 1000000000"),
        ({"page": 1, "pages": "1", **EMPTY}, "found page 1 of '1'"),
    ],
)
def test_an_answer_of_another_shape(body: Any, sentence: str) -> None:
    with scripted_server() as script:
        script.replies = [Reply(body)]
        with pytest.raises(ApiChanged) as caught:
            impatient(script.url).feedback(DAY)
        assert sentence in str(caught.value)
        assert f"GET {script.url}/api/feedback?date=2010-12-01&page=1&per_page=500: expected" in str(caught.value)
        # The same again would be no other.
        assert len(script.requests) == 1


def test_all_pages_in_order() -> None:
    with scripted_server() as script:
        script.replies = [
            Reply({"page": page, "pages": 3, **EMPTY, "posts": [{**POST, "id": page}]}) for page in (1, 2, 3)
        ]
        found = impatient(script.url).feedback(DAY)

    assert [post["id"] for post in found.lists["posts"]] == [1, 2, 3]
    assert found.call == f"{script.url}/api/feedback?date=2010-12-01"
