"""JSON that can be read in one way only."""

from __future__ import annotations

import pytest

from slipway.docker_api.json_body import json_object
from slipway.docker_api.refused import Refused


def test_an_object_is_read_as_it_stands() -> None:
    assert json_object('{"Image": "x", "Labels": {"a": "ü"}, "N": [1, null]}'.encode()) == {
        "Image": "x",
        "Labels": {"a": "ü"},
        "N": [1, None],
    }


@pytest.mark.parametrize(
    "body",
    [
        b'{"HostConfig": {}, "HostConfig": {"Privileged": true}}',
        b'{"HostConfig": {}, "hostconfig": {"Privileged": true}}',
        b'{"HostConfig": {"Binds": [], "binds": ["/:/host"]}}',
        b'{"Mounts": [{"Source": "a", "\\u0053ource": "/"}]}',
        '{"Links": [], "Lin\u212as": []}'.encode(),  # the Kelvin sign: Go's decoder takes it for a k
        '{"User": "10001", "U\u017fer": "0"}'.encode(),  # the long s
    ],
)
def test_keys_that_go_would_take_for_one_are_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="expected each key once") as refused:
        json_object(body)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"[]",
            b"null",
            b'"x"',
            b"{",
            b"{} {}",
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b"{'a': 1}",
            b'{"a": "\xff"}',
        ),
        *(b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}", b'\xef\xbb\xbf{"a": 1}', '{"a": 1}'.encode("utf-16")),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="expected") as refused:
        json_object(body)
    assert refused.value.status == 400
