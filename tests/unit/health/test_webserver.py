"""The webserver's own answers to the health check's query, judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dagster_graphql.schema import create_schema
from graphql import graphql_sync

from slipway.health.webserver import _QUERY, check, judge
from slipway.web.request_context import SignedInProcessContext
from tests.servers import free_port
from tests.unit.web.conftest import broken_context, context

__all__ = ["broken_context", "context"]  # fixtures


def asked(context: SignedInProcessContext) -> dict[str, Any]:
    """The answer as it goes over the wire."""
    told = graphql_sync(create_schema().graphql_schema, _QUERY, context_value=context.create_request_context())
    return dict(json.loads(json.dumps({"data": told.data, "errors": [str(each) for each in told.errors or []]})))


def test_all_locations_loaded(context: SignedInProcessContext) -> None:
    answer = asked(context)
    assert [entry["name"] for entry in answer["data"]["workspaceOrError"]["locationEntries"]] == ["well"]
    assert judge(answer) is None


def test_a_location_that_does_not_load_is_named(broken_context: SignedInProcessContext) -> None:
    wrong = judge(asked(broken_context))
    assert wrong is not None
    assert wrong.startswith("Code location broken does not load: ")
    assert "Could not reach user code server" in wrong


def test_one_that_is_still_loading() -> None:
    entry = {"name": "slow", "loadStatus": "LOADING", "locationOrLoadError": None}
    answer = {"data": {"workspaceOrError": {"locationEntries": [entry]}}}
    assert judge(answer) == "Code location slow is still loading."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            {"data": {"workspaceOrError": {"locationEntries": []}}},
            "The workspace has no code location: see workspace.yaml.",
        ),
        ({"data": {"workspaceOrError": {"message": "no such file"}}}, "The webserver has no workspace: no such file."),
        ({"data": None, "errors": ["unknown field"]}, "The webserver has no workspace: ['unknown field']."),
    ],
)
def test_no_workspace(answer: dict[str, Any], sentence: str) -> None:
    assert judge(answer) == sentence


def test_a_webserver_that_does_not_answer() -> None:
    wrong = check(free_port(), timeout=1)
    assert wrong is not None
    assert wrong.startswith("The webserver does not answer: ")
