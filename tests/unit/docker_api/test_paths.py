"""Which requests get through, and as what they reach the engine."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from slipway.docker_api.paths import Kind, operation
from slipway.docker_api.refused import Refused

ID = "a1" * 32


@pytest.mark.parametrize(
    ("request_line", "kind", "engine"),
    [
        ("GET /_ping", Kind.PLAIN, "/_ping"),
        ("GET /v1.45/_ping", Kind.PLAIN, "/v1.45/_ping"),
        ("GET /version", Kind.PLAIN, "/version"),
        ("GET /version?", Kind.PLAIN, "/version"),
        ("GET /v1.24/version", Kind.PLAIN, "/v1.24/version"),
        ("GET /v1.50/info", Kind.INFO, "/v1.50/info"),
        ("GET /images/shop-ingestion:latest/json", Kind.IMAGE, "/images/shop-ingestion:latest/json"),
        ("GET /images/host:5000/team/x:1/json", Kind.IMAGE, "/images/host:5000/team/x:1/json"),
        ("POST /v1.45/containers/create?name=shop-run-1", Kind.CREATE, "/v1.45/containers/create?name=shop-run-1"),
        ("POST /containers/create", Kind.CREATE, "/containers/create"),
        ("GET /containers/x/json", Kind.INSPECT, "/containers/x/json"),
        ("GET /containers/x/json?size=True", Kind.INSPECT, "/containers/x/json?size=1"),
        (
            "GET /containers/x/logs?stderr=1&stdout=1&timestamps=0&follow=0&tail=50&since=1.5",
            Kind.CONTAINER,
            "/containers/x/logs?stderr=1&stdout=1&timestamps=0&follow=0&tail=50&since=1.5",
        ),
        ("GET /containers/x/stats", Kind.CONTAINER, "/containers/x/stats?stream=0"),
        ("GET /containers/x/stats?stream=False", Kind.CONTAINER, "/containers/x/stats?stream=0"),
        ("POST /containers/x/start", Kind.CONTAINER, "/containers/x/start"),
        ("POST /containers/x/stop?t=10", Kind.CONTAINER, "/containers/x/stop?t=10"),
        ("POST /containers/x/kill?signal=SIGTERM", Kind.CONTAINER, "/containers/x/kill?signal=SIGTERM"),
        ("POST /containers/x/wait?condition=removed", Kind.CONTAINER, "/containers/x/wait?condition=removed"),
        ("POST /containers/x/update", Kind.UPDATE, "/containers/x/update"),
        ("DELETE /containers/x?v=True&link=False&force=1", Kind.CONTAINER, "/containers/x?v=1&link=0&force=1"),
    ],
)
def test_the_few_requests_of_the_platform(request_line: str, kind: Kind, engine: str) -> None:
    method, target = request_line.split()
    found = operation(method, target, "shop")
    assert found.route.kind is kind
    assert found.target() == engine


def test_a_container_is_asked_for_by_the_id_that_was_found() -> None:
    assert operation("POST", "/v1.45/containers/x/stop?t=1", "shop").target(ID) == f"/v1.45/containers/{ID}/stop?t=1"


@pytest.mark.parametrize(
    ("filters", "labels"),
    [
        (None, []),
        ({}, []),
        ({"label": ["dagster/run_id", "slipway.stack=other"]}, ["dagster/run_id", "slipway.stack=other"]),
        ({"label": {"a": True}, "status": ["exited"]}, ["a"]),
    ],
)
def test_a_list_is_of_this_stack_whatever_is_asked_for(filters: object, labels: list[str]) -> None:
    query = "?all=1&limit=-1&size=0&trunc_cmd=0" + (
        f"&filters={quote(json.dumps(filters))}" if filters is not None else ""
    )
    sent = parse_qs(urlsplit(operation("GET", f"/containers/json{query}", "shop").target()).query)
    assert json.loads(sent["filters"][0])["label"] == [*labels, "slipway.stack=shop"]
    assert sent["all"] == ["1"]


@pytest.mark.parametrize(
    "request_line",
    [
        # what the platform does not need
        *("GET /", "GET /events", "GET /images/json", "POST /images/create?fromImage=x", "POST /build", "POST /auth"),
        *("POST /images/x/tag", "DELETE /images/x", "GET /images/x/get", "GET /images/x/history", "POST /session"),
        *("GET /volumes", "POST /volumes/create", "POST /networks/create", "POST /networks/x/connect", "GET /swarm"),
        *("POST /containers/x/exec", "POST /exec/x/start", "POST /containers/x/attach", "GET /containers/x/attach/ws"),
        *("GET /containers/x/archive?path=/", "PUT /containers/x/archive?path=/", "GET /containers/x/export"),
        *(
            "POST /containers/x/rename?name=y",
            "POST /commit?container=x",
            "POST /containers/prune",
            "POST /plugins/pull",
        ),
        *(
            "POST /containers/x/restart",
            "POST /containers/x/pause",
            "GET /containers/x/top",
            "GET /containers/x/changes",
        ),
        *("GET /distribution/x/json", "GET /secrets", "POST /grpc", "GET /system/df", "GET /metrics"),
        # methods
        *("HEAD /_ping", "POST /_ping", "GET /containers/create", "PUT /containers/x/start", "GET /containers/x/start"),
        *("DELETE /images/shop-ingestion:latest/json", "get /_ping", "OPTIONS /info", "CONNECT /info", "PATCH /info"),
        # paths
        *("GET //_ping", "GET /v1.45//_ping", "GET /_ping/", "GET /./_ping", "GET /containers/../_ping", "GET _ping"),
        *("GET /containers/x/../../_ping", "GET /%5fping", "GET /containers/x%2fjson", "GET /containers/%2e%2e/json"),
        *("GET http://docker/_ping", "GET \\_ping", "GET /containers\\json", "GET /_ping;x", "GET *", "GET /_ping#x"),
        *("GET /_PING", "GET /Containers/json", "POST /containers/x/Start", "GET /containers/.x/json"),
        *("GET /containers/-x/json", "GET /containers/a:b/json", "POST /containers/x/y/start", "GET /images//json"),
        *(
            "GET /images/../containers/json",
            "GET /images/a/../../containers/x/json",
            "GET /images/a/./json",
            "GET /images/x@sha256:1/json",
            "GET /_ping\n",
            "GET /_ping\x00",
        ),
        # versions
        *("GET /v1.999/_ping", "GET /v1.23/_ping", "GET /v1.51/_ping", "GET /v2.0/_ping", "GET /v1/_ping"),
        *("GET /v1.045/_ping", "GET /V1.45/_ping", "GET /v1.24/v1.24/_ping", "GET /v1.45", "GET /v01.45/_ping"),
        *("GET /v1.45x/_ping", "GET /v1.٤٥/_ping", "GET /v-1.45/_ping"),
        # queries
        *(
            "GET /_ping?x=1",
            "GET /containers/json?all=1&all=1",
            "GET /containers/json?all=2",
            "GET /containers/json?All=1",
        ),
        *("GET /containers/json?all=1;size=1", "GET /containers/json?limit=1%", "GET /containers/json?limit=%zz"),
        *("GET /containers/json?al%6c=1", "GET /containers/json?&all=1", "GET /containers/json?all", "GET /info?=1"),
        *(
            "GET /containers/json?filters=x",
            "GET /containers/json?filters=[]",
            "GET /containers/json?filters=%7B%22x%22:[]}",
        ),
        "GET /containers/json?filters=" + quote('{"label": ["a"], "Label": ["b"]}'),
        "GET /containers/json?filters=" + quote('{"label": "a"}'),
        "GET /containers/json?filters=" + quote('{"label": {"a": false}}'),
        "GET /containers/json?filters=%FF",
        *("GET /containers/x/logs?follow=1", "GET /containers/x/logs?follow=true", "GET /containers/x/logs?tail=-1"),
        *("GET /containers/x/stats?stream=1", "POST /containers/x/stop?t=-1", "POST /containers/x/stop?t=9999999"),
        *("POST /containers/x/start?detachKeys=a", "POST /containers/x/kill?signal=%00", "DELETE /containers/x?link=1"),
        *("POST /containers/x/wait?condition=x", "POST /containers/x/stop?t=1%0d%0aX:1", "GET /info?a=1#b"),
        *(
            "POST /containers/create?name=postgres",
            "POST /containers/create?name=",
            "POST /containers/create?name=a%2fb",
        ),
        *("POST /containers/create?name=" + "ab" * 32, "POST /containers/create?platform=linux"),
    ],
)
def test_everything_else_is_refused(request_line: str) -> None:
    method, target = request_line.split(" ", 1)
    with pytest.raises(Refused) as refused:
        operation(method, target, "shop")
    assert refused.value.sentence.endswith(".")
    assert refused.value.sentence.isprintable()
    assert refused.value.status in (400, 403)
