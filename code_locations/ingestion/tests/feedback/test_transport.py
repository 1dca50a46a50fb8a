"""Patience: what is tried again, how long it waits, and what it says when it gives up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from email.utils import format_datetime
from itertools import pairwise

import pytest

from code_locations.ingestion.tests.feedback.http_script import Reply, Script, scripted_server
from ingestion.shop_api import ApiRefused, ApiUnavailable, Patience
from ingestion.shop_api.retry_after import seconds_to_wait
from ingestion.shop_api.transport import Transport, transport
from tests.servers import free_port

QUICK = Patience(timeout_seconds=0.3, attempts=3, backoff_seconds=0.02, longest_wait_seconds=2)
GOOD = Reply({"n": 1})


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as script:
        yield script


def waits(script: Script) -> list[float]:
    return [after.at - before.at for before, after in pairwise(script.requests)]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(script: Script, status: int) -> None:
    script.replies = [Reply("busy", status), Reply("busy", status), GOOD]

    assert Transport(script.url, QUICK).get("/x", {}) == {"n": 1}
    assert len(script.requests) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 422])
def test_what_would_not_pass_is_not(script: Script, status: int) -> None:
    script.replies = [Reply({"error": "No such page."}, status), GOOD]

    with pytest.raises(ApiRefused) as caught:
        Transport(script.url, QUICK).get("/x", {"page": 2})

    assert str(caught.value).startswith(f"GET {script.url}/x?page=2: expected status 200, found {status} ")
    assert '({"error": "No such page."})' in str(caught.value)
    assert len(script.requests) == 1


def test_half_an_answer_is_tried_again(script: Script) -> None:
    script.replies = [Reply(b'{"n": '), Reply(b"\xff\xfe"), GOOD]

    assert Transport(script.url, QUICK).get("/x", {}) == {"n": 1}


def test_a_slow_answer_is_tried_again(script: Script) -> None:
    script.replies = [Reply({}, delay=0.6), GOOD]

    assert Transport(script.url, QUICK).get("/x", {}) == {"n": 1}


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply("down", 500), 'expected status 200, found 500 Internal Server Error ("down")'),
        (Reply(b'{"n": '), "expected JSON, found 6 bytes that are none (Expecting value: line 1 column 7"),
        (Reply({}, delay=0.6), "expected an answer within 0.3 s, found none (ReadTimeout)"),
    ],
)
def test_giving_up_says_which_call_and_why(script: Script, reply: Reply, why: str) -> None:
    script.replies = [reply]

    with pytest.raises(ApiUnavailable) as caught:
        Transport(script.url, QUICK).get("/api/feedback", {"date": "2010-12-01", "page": 1})

    sentence = str(caught.value)
    assert sentence.startswith(f"GET {script.url}/api/feedback?date=2010-12-01&page=1: {why}")
    assert ". Given up after 3 attempts in " in sentence
    assert len(script.requests) == 3


def test_nobody_there() -> None:
    with pytest.raises(ApiUnavailable, match=r"expected an answer, found none \(.*refused"):
        Transport(f"http://127.0.0.1:{free_port()}", QUICK).get("/x", {})


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(script: Script, status: int) -> None:
    script.replies = [Reply("", status, {"Retry-After": "1"}), GOOD]

    Transport(script.url, QUICK).get("/x", {})

    [wait] = waits(script)
    assert 1.0 <= wait < 1.5


def test_retry_after_as_a_date(script: Script) -> None:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    script.replies = [Reply("", 503, {"Retry-After": format_datetime(at, usegmt=True)}), GOOD]

    Transport(script.url, QUICK).get("/x", {})

    [wait] = waits(script)
    assert 0.9 <= wait < 2.2


def test_retry_after_longer_than_we_wait(script: Script) -> None:
    script.replies = [Reply("", 429, {"Retry-After": "3600"}), GOOD]

    with pytest.raises(ApiUnavailable, match=r"after 1 attempt in 0\.\d s\. It asks to wait 3600 s, more than 2 s\."):
        Transport(script.url, QUICK).get("/x", {})


def test_backoff_grows(script: Script) -> None:
    script.replies = [Reply("", 500)]
    patience = Patience(attempts=4, backoff_seconds=0.1, longest_wait_seconds=60)

    with pytest.raises(ApiUnavailable):
        Transport(script.url, patience).get("/x", {})

    # 0.1, 0.2 and 0.4 s, each with up to 0.1 s of jitter, and what the calls themselves take.
    for wait, least in zip(waits(script), (0.1, 0.2, 0.4), strict=True):
        assert least <= wait < least + 0.25


def test_a_dead_api_is_not_waited_for_on_each_day_of_a_year(script: Script) -> None:
    script.replies = [Reply("", 500)]
    client = Transport(script.url, QUICK)
    for _ in range(3):
        with pytest.raises(ApiUnavailable):
            client.get("/x", {})
    assert len(script.requests) == 9

    with pytest.raises(ApiUnavailable, match="after 1 attempt in"):
        client.get("/x", {})
    assert len(script.requests) == 10

    script.replies = [GOOD]
    client.get("/x", {})
    script.replies = [*[GOOD] * len(script.requests), Reply("", 500), GOOD]
    assert client.get("/x", {}) == {"n": 1}


def test_a_known_answer_is_not_sent_again(script: Script) -> None:
    script.replies = [Reply({"n": 1}, headers={"ETag": '"a"'}), Reply(status=304), Reply({"n": 2})]
    client = Transport(script.url, QUICK)

    assert [client.get("/x", {}) for _ in range(3)] == [{"n": 1}, {"n": 1}, {"n": 2}]
    assert [request.headers.get("If-None-Match") for request in script.requests] == [None, '"a"', '"a"']


def test_an_answer_that_could_not_be_read_is_not_remembered(script: Script) -> None:
    script.replies = [Reply(b"{", headers={"ETag": '"half"'}), GOOD]

    assert Transport(script.url, QUICK).get("/x", {}) == {"n": 1}
    assert "If-None-Match" not in script.requests[1].headers


def test_what_is_remembered_is_bounded(script: Script) -> None:
    script.replies = [Reply({"n": 1}, headers={"ETag": '"a"'})]
    client = Transport(script.url, QUICK)
    for page in range(100):
        client.get("/x", {"page": page})

    client.get("/x", {"page": 0})
    client.get("/x", {"page": 99})

    assert "If-None-Match" not in script.requests[-2].headers
    assert script.requests[-1].headers["If-None-Match"] == '"a"'


def test_one_connection_serves_all_calls(script: Script) -> None:
    script.replies = [GOOD]
    for page in range(5):
        transport(script.url, QUICK).get("/x", {"page": page})

    assert len({request.client for request in script.requests}) == 1


def test_numbers_with_a_point_are_decimals(script: Script) -> None:
    script.replies = [Reply(b'{"rate": 0.10, "large": 12345678901234567890.123}')]

    assert Transport(script.url, QUICK).get("/x", {}) == {
        "rate": Decimal("0.10"),
        "large": Decimal("12345678901234567890.123"),
    }


NOW = dt.datetime(2010, 12, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("9" * 5000, 999999999.0),
        ("Wed, 01 Dec 2010 12:00:30 GMT", 30.0),
        ("Wed, 01 Dec 2010 11:00:00 GMT", 0.0),
        ("Wed, 01 Dec 2010 13:00:30 +0100", 30.0),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds
