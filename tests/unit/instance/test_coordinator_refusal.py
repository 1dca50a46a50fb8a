"""What stands in front of the engine refuses to tell of an image: the run is submitted, and its page will say why."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from slipway.runs import Engine, EngineError
from slipway.runs.arguments import IMAGE_TAG
from tests.unit.instance.test_coordinator import instance, submit, use_engine

__all__ = ["instance"]


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        refused = not self.path.endswith("/version")
        body = json.dumps({"message": "not one of ours"} if refused else {"ApiVersion": "1.45"}).encode()
        self.send_response(403 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
    yield Engine(timeout=5, patience=0)
    server.shutdown()
    server.server_close()


def test_a_refusal_does_not_keep_the_run_from_the_queue(instance, refusing: Engine) -> None:
    with pytest.raises(EngineError, match="not one of ours"):
        refusing.image_id("other:latest")
    use_engine(instance, refusing)
    assert IMAGE_TAG not in submit(instance, image="other:latest").tags
