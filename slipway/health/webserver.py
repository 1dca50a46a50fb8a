"""The webserver is well if it answers GraphQL and has all code locations loaded."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

_QUERY = """
{
  workspaceOrError {
    ... on Workspace {
      locationEntries { name loadStatus locationOrLoadError { __typename ... on PythonError { message } } }
    }
    ... on PythonError { message }
  }
}
"""


def check(port: int = 3000, timeout: float = 10) -> str | None:
    """What is wrong, as a sentence; None if nothing is."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": _QUERY}).encode(),
        {"Content-Type": "application/json", "X-Slipway-Proxy": _proxy_token()},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return judge(json.load(answer))
    except OSError as error:
        return f"The webserver does not answer: {error}."


def _proxy_token() -> str:
    """The webserver answers nobody else (slipway/web/proxied.py)."""
    file = os.environ.get("SLIPWAY_PROXY_TOKEN_FILE")
    return Path(file).read_text() if file else ""


def judge(answer: dict[str, Any]) -> str | None:
    """The same of an answer to the query."""
    found = (answer.get("data") or {}).get("workspaceOrError") or {}
    if "locationEntries" not in found:
        return f"The webserver has no workspace: {found.get('message') or answer.get('errors')}."
    if not found["locationEntries"]:
        return "The workspace has no code location: see workspace.yaml."
    for entry in found["locationEntries"]:
        result = entry["locationOrLoadError"] or {}
        if result.get("__typename") == "PythonError":
            return f"Code location {entry['name']} does not load: {result['message'].strip()}"
        if entry["loadStatus"] != "LOADED":
            return f"Code location {entry['name']} is still loading."
    return None
