"""A code server's answers as Dagster makes them, judged without Dagster."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.errors import DagsterUserCodeLoadError
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.types import ListRepositoriesResponse
from dagster._serdes import serialize_value
from dagster._utils.error import serializable_error_info_from_exc_info

from slipway.health.location import _METHOD, check, judge
from tests.servers import free_port


def reply(value: Any) -> bytes:
    """The bytes that Dagster's server sends (dagster/_grpc/server.py, ListRepositories)."""
    serialized = serialize_value(value)
    message = dagster_api_pb2.ListRepositoriesReply(serialized_list_repositories_response_or_error=serialized)
    sent: bytes = message.SerializeToString()
    return sent


def error(text: str, wrapped: bool) -> bytes:
    """As Dagster makes it of a module that does not import."""
    try:
        try:
            raise ImportError(text)
        except ImportError as inner:
            if not wrapped:
                raise
            raise DagsterUserCodeLoadError(  # type: ignore[no-untyped-call]
                "Error occurred during the loading of Dagster definitions",
                user_exception=inner,
                original_exc_info=sys.exc_info(),
            ) from inner
    except (ImportError, DagsterUserCodeLoadError):
        return reply(serializable_error_info_from_exc_info(sys.exc_info()))


def test_definitions_that_load() -> None:
    answer = ListRepositoriesResponse(
        [],
        executable_path="/opt/venv/bin/python",
        repository_code_pointer_dict={"__repository__": ModuleCodePointer("ingestion.definitions", "defs")},
        entry_point=["dagster"],
    )
    assert judge(reply(answer)) is None


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "cannot import name 'sales' from 'contracts'",
        'a "quoted" word, a \\ and a tab\there',
        "Überraschung: 100 € für 🚢",
        "two\nlines",
    ],
)
def test_definitions_that_do_not_load_say_why(text: str, wrapped: bool) -> None:
    wrong = judge(error(text, wrapped))
    assert wrong == f"The definitions do not load: ImportError: {text}"
    wrong.encode()  # it is printed


@pytest.mark.parametrize("length", range(100, 140))
def test_whatever_bytes_stand_before_the_json(length: int) -> None:
    """Its length is one of them, and may look like a brace."""
    text = "x" * length
    wrong = judge(error(text, False))
    assert wrong is not None
    assert wrong.endswith(text)


@pytest.mark.parametrize("answer", [b"", b"\n\x02{}", b"<html>", b'\n\x09{"a": 1}', b'{"cut off'])
def test_an_answer_that_is_none(answer: bytes) -> None:
    assert judge(answer) == "The code server's answer is none that is known."


def test_a_server_that_does_not_answer() -> None:
    wrong = check(free_port(), timeout=2)
    assert wrong is not None
    assert wrong.startswith("The code server does not answer: ")


def test_the_method_is_dagsters() -> None:
    service = dagster_api_pb2.DESCRIPTOR.services_by_name["DagsterApi"]
    _, package_and_service, method = _METHOD.split("/")
    assert service.full_name == package_and_service
    assert method in service.methods_by_name


@pytest.mark.parametrize("which", ["webserver", "daemon", "location"])
def test_a_check_imports_no_dagster(which: str) -> None:
    script = f"import sys, slipway.health.{which}; print('dagster' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "False"
