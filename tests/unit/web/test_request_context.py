"""Whose name Dagster puts on a backfill: that of the header which the proxy sets."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from slipway.web.request_context import SignedInProcessContext


def connection(*headers: tuple[str, str]) -> HTTPConnection:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return HTTPConnection({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    ("source", "tags"),
    [
        (connection(("X-Slipway-User", "operator")), {"slipway/launched_by": "operator"}),
        (connection(("x-slipway-user", "ada")), {"slipway/launched_by": "ada"}),
        (connection(("X-Slipway-User", "")), {}),
        (connection(("X-Slipway-Role", "operator")), {}),
        (connection(), {}),
        (None, {}),
        (object(), {}),
    ],
)
def test_who_has_signed_in(context: SignedInProcessContext, source: object, tags: dict[str, str]) -> None:
    request = context.create_request_context(source)
    assert request.get_viewer_tags() == tags
    assert request.get_reporting_user_tags() == tags


def test_a_request_is_what_it_was_beside(context: SignedInProcessContext) -> None:
    request = context.create_request_context(None)
    assert request.instance is context.instance
    assert not request.read_only
    assert [location.name for location in request.code_locations] == ["well"]
