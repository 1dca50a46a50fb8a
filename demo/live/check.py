"""Is the live shop of this container well? Standard library only: a health check runs it every few seconds."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Mapping

DEFAULT_PORT = 8000
_SECONDS = 5.0


def check(host: str, port: int) -> str | None:
    """None if the shop at the address is well, else a sentence."""
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"The shop at {host}:{port} does not answer: {error}."
    finally:
        connection.close()
    if answer.status == 200:
        return None
    try:
        return str(json.loads(body)["problem"])
    except (ValueError, KeyError, TypeError):
        return f"The shop at {host}:{port} answers with status {answer.status}."


def address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Where the shop of this environment listens (SHOP_HOST, SHOP_PORT), seen from the same machine.

    Raises:
        ValueError: SHOP_PORT is no number.
    """
    host = environ.get("SHOP_HOST") or ""
    return "127.0.0.1" if host in ("", "0.0.0.0") else host, int(environ.get("SHOP_PORT") or DEFAULT_PORT)


def main_check() -> int:
    """The exit code: 0 if the shop is well; else 1, with a sentence on standard error."""
    try:
        problem = check(*address(os.environ))
    except ValueError:
        problem = f"SHOP_PORT is {os.environ['SHOP_PORT']!r}: expected a number, such as {DEFAULT_PORT}."
    if problem is not None:
        print(problem, file=sys.stderr)
    return 0 if problem is None else 1
