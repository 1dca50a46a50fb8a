"""Whether the proxy answers, and the engine behind it: asked over the proxy's own port."""

from __future__ import annotations

import socket
import sys

_PATIENCE = 5.0


def check(host: str, port: int) -> int:
    """An exit code; 1 comes with a sentence on standard error."""
    host = "127.0.0.1" if host == "0.0.0.0" else host
    answer = b""
    try:
        with socket.create_connection((host, port), _PATIENCE) as connection:
            connection.settimeout(_PATIENCE)
            connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker-api\r\nConnection: close\r\n\r\n")
            while part := connection.recv(4096):
                answer += part
    except OSError as error:
        print(f"The Docker API's proxy does not answer on {host}:{port}: {error}.", file=sys.stderr)
        return 1
    if not answer.startswith(b"HTTP/1.1 200 "):
        said = answer.partition(b"\r\n\r\n")[2] or answer
        print(f"The engine does not answer the proxy's ping: {said.decode('latin-1')}", file=sys.stderr)
        return 1
    return 0
