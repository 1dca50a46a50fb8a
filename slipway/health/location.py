"""A code location is well if its server answers and its definitions load."""

from __future__ import annotations

import json
import re

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
    if b'"SerializableErrorInfo"' not in answer:
        return None if b'"ListRepositoriesResponse"' in answer else "The code server's answer is none that is known."
    found = re.search(r'"message": "((?:[^"\\]|\\.)*)"', answer.decode(errors="replace"))
    message = str(json.loads(f'"{found[1]}"')).strip() if found else "it does not say why"
    return f"The definitions do not load: {message}"
