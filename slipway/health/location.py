"""A code location is well if its server answers and its definitions load."""

from __future__ import annotations

import json
from typing import Any

import grpc

_METHOD = "/api.DagsterApi/ListRepositories"


def check(port: int = 4000, timeout: float = 10) -> str | None:
    """What is wrong, as a sentence; None if nothing is.

    The request is an empty message and the answer holds JSON, so that the bytes are enough and Dagster's own stubs,
    with all of its imports, are not needed.
    """
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)]) as channel:
        ask = channel.unary_unary(_METHOD, request_serializer=bytes, response_deserializer=bytes)
        try:
            return judge(ask(b"", timeout=timeout))
        except grpc.RpcError as error:
            return f"The code server does not answer: {error.details()}."


def judge(answer: bytes) -> str | None:
    """The same of an answer to ListRepositories."""
    told = _json(answer)
    if told.get("__class__") == "ListRepositoriesResponse":
        return None
    if told.get("__class__") != "SerializableErrorInfo":
        return "The code server's answer is none that is known."
    # Dagster wraps what a module raises; what it was raised from is what the code's author knows.
    while told.get("cause"):
        told = told["cause"]
    return f"The definitions do not load: {str(told.get('message') or 'it does not say why').strip()}"


def _json(message: bytes) -> dict[str, Any]:
    """The JSON in a message whose only field it is; before it stand the field's number and length."""
    try:
        found = json.loads(message[message.index(b'{"') :])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
