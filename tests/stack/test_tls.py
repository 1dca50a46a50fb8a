"""The proxy with a name and a certificate, as on a server: a second one beside the stack's own, with other settings."""

from __future__ import annotations

import http.client
import socket
import ssl
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.servers import wait_until
from tests.stack_process import Stack, docker, free_port

NAME = "data.example.com"
_NOT_YET = (OSError, http.client.HTTPException)


@contextmanager
def _proxy(stack: Stack, tls: str, certificates: Path) -> Iterator[tuple[int, str]]:
    """A proxy for https://data.example.com; its port and the name of its container."""
    name, port = f"{stack.project}-tls-{uuid.uuid4().hex[:6]}", free_port()
    settings = {
        "SLIPWAY_SITE": f"https://{NAME}:3000",
        "SLIPWAY_TLS": tls,
        "SLIPWAY_PORT": str(port),
        "SLIPWAY_CERTIFICATES": str(certificates),
    }
    other = Stack(stack.project, port, {**stack.environment, **settings})
    other.compose("run", "--detach", "--no-deps", "--service-ports", "--name", name, "proxy")
    try:
        yield port, name
    finally:
        docker("rm", "--force", name, check=False)


class _Named(http.client.HTTPSConnection):
    """Connects to this machine, and asks for the server by its name, as if that were in DNS."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(NAME, port, timeout=10, context=context)
        self._trusted = context

    def connect(self) -> None:
        self.sock = self._trusted.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), self.timeout), server_hostname=NAME
        )


def _get(port: int, context: ssl.SSLContext, sign_in: str = "") -> int:
    connection = _Named(port, context)
    try:
        headers = {"Authorization": "Basic " + b64encode(sign_in.encode()).decode()} if sign_in else {}
        connection.request("GET", "/server_info", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _is_served(stack: Stack, port: int, context: ssl.SSLContext) -> None:
    wait_until(lambda: _get(port, context), _NOT_YET, 30)
    assert _get(port, context) == 401
    assert _get(port, context, f"operator:{stack.password()}") == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        _get(port, ssl.create_default_context())


def test_a_certificate_of_the_teams_own(stack: Stack, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME)
    for index, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(tmp_path / "tls.crt"), append=index > 0)
    certificate.private_key_pem.write_to_path(str(tmp_path / "tls.key"))
    for path in (tmp_path, *tmp_path.iterdir()):
        path.chmod(0o755)  # user 10001 of the container reads it
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with _proxy(stack, "files", tmp_path) as (port, _name):
        _is_served(stack, port, trusted)


def test_one_of_the_proxys_own_authority(stack: Stack, tmp_path: Path) -> None:
    with _proxy(stack, "internal", tmp_path) as (port, name):
        root = "/var/lib/proxy/caddy/pki/authorities/local/root.crt"
        wait_until(lambda: docker("exec", name, "cat", root), (AssertionError,), 30)
        trusted = ssl.create_default_context(cadata=docker("exec", name, "cat", root))
        _is_served(stack, port, trusted)


def test_without_a_certificate_it_says_which_file_is_missing(stack: Stack, tmp_path: Path) -> None:
    with _proxy(stack, "files", tmp_path) as (_port, name):
        wait_until(lambda: _logged(name, "/certificates/tls.crt"), (AssertionError,), 30)
        wait_until(lambda: _ended(name), (AssertionError,), 10)


def _logged(name: str, text: str) -> None:
    assert text in docker("logs", name, check=False)


def _ended(name: str) -> None:
    assert docker("inspect", "--format", "{{.State.Running}}", name).strip() == "false"
