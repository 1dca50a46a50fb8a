"""Without the token that the proxy shows nothing is answered, whatever is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from slipway.lake.folder import Folder
from slipway.web.request_context import SignedInProcessContext
from slipway.web.webserver import Webserver
from tests.unit.web.asgi import TOKEN

QUERY = {"query": "{ version }"}


@pytest.fixture
def client(context: SignedInProcessContext, pages: Path) -> TestClient:
    return TestClient(Webserver(context, Folder(pages), TOKEN).create_asgi_app())


def test_with_the_token_graphql_answers(client: TestClient) -> None:
    answer = client.post("/graphql", json=QUERY, headers={"X-Slipway-Proxy": TOKEN})
    assert answer.status_code == 200
    assert answer.json()["data"]["version"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Slipway-Proxy", "")],
        [("X-Slipway-Proxy", TOKEN[:-1])],
        [("X-Slipway-Proxy", TOKEN + "x")],
        [("X-Slipway-Proxy", "ö")],
        [("X-Slipway-Proxy", TOKEN), ("X-Slipway-Proxy", "another")],
        [("X-Slipway-User", "operator")],
    ],
)
@pytest.mark.parametrize("path", ["/graphql", "/server_info", "/reports/gold/_files/x/y.html", "/", "/logs/a/b"])
def test_without_it_nothing_does(client: TestClient, path: str, headers: list[tuple[str, str]]) -> None:
    encoded = [(name, value.encode("latin-1")) for name, value in headers]
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.request(method, path, headers=encoded)
        assert answer.status_code == 401
        assert answer.text == "Sign in through the proxy: nothing else is answered here."


def test_a_websocket_without_it_is_not_opened(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/graphql", subprotocols=["graphql-ws"]):
        pass
    with client.websocket_connect("/graphql", subprotocols=["graphql-ws"], headers={"X-Slipway-Proxy": TOKEN}) as open_:
        open_.send_json({"type": "connection_init"})
        assert open_.receive_json() == {"type": "connection_ack"}
