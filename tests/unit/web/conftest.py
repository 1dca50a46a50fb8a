"""Dagster's webserver as the stack serves it, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    GrpcServerCodeLocationOrigin,
    InProcessCodeLocationOrigin,
)
from dagster._core.test_utils import instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import WorkspaceLoadTarget

from slipway.lake.folder import Folder
from slipway.web.request_context import SignedInProcessContext
from slipway.web.webserver import Webserver
from tests.servers import free_port
from tests.unit.web.asgi import TOKEN, Get


@dataclass
class _Target(WorkspaceLoadTarget):
    origins: Sequence[CodeLocationOrigin]

    def create_origins(self) -> Sequence[CodeLocationOrigin]:
        return self.origins


WELL = InProcessCodeLocationOrigin(
    LoadableTargetOrigin(python_file=str(Path(__file__).with_name("definitions.py"))), location_name="well"
)


@pytest.fixture(scope="package")
def context() -> Iterator[SignedInProcessContext]:
    """Of a workspace with one location."""
    with (
        instance_for_test() as instance,
        SignedInProcessContext(instance, _Target([WELL]), version=dg.__version__) as made,
    ):
        yield made


@pytest.fixture(scope="package")
def broken_context() -> Iterator[SignedInProcessContext]:
    """Of a workspace with a second location, which does not answer."""
    broken = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=free_port(), location_name="broken")
    with (
        instance_for_test() as instance,
        SignedInProcessContext(instance, _Target([WELL, broken]), version=dg.__version__) as made,
    ):
        yield made


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


@pytest.fixture
def get(context: SignedInProcessContext, pages: Path) -> Get:
    return Get(Webserver(context, Folder(pages), TOKEN).create_asgi_app())
