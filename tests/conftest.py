"""Fixtures that more than one room's tests use: servers, and a lake on each kind of store."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipway.lake import Lake, LakeSettings
from tests.lake_runs import Runs, runs_on
from tests.platform_fixture import demo_platform
from tests.servers import S3Server, moto_server, versitygw

__all__ = ["demo_platform"]  # a fixture, for every test below this folder

BUCKET = "lake"


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    with moto_server() as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture(scope="session")
def objectstore() -> Iterator[S3Server]:
    """The stack's own object store, in a container."""
    with versitygw() as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture
def no_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account of whoever runs the tests: neither by variables nor by files in the home folder."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def use_server(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3_server(
    request: pytest.FixtureRequest, no_aws: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], S3Server]:
    """Start (once a session) a server by its fixture's name, and point this test's AWS_* variables at it."""

    def start(name: str) -> S3Server:
        server: S3Server = request.getfixturevalue(name)
        use_server(server, monkeypatch)
        return server

    return start


STORES = ["folder", "moto", pytest.param("versitygw", marks=pytest.mark.docker)]
_FIXTURES = {"moto": "moto", "versitygw": "objectstore"}


@pytest.fixture(params=STORES)
def lake_settings(request: pytest.FixtureRequest, tmp_path: Path, s3_server: Callable[[str], S3Server]) -> LakeSettings:
    """A lake of this test's own: a folder, or a prefix in a bucket of either server."""
    if request.param == "folder":
        return LakeSettings.parse(str(tmp_path / "lake"))
    s3_server(_FIXTURES[request.param])
    return LakeSettings.parse(f"s3://{BUCKET}/{uuid.uuid4().hex}")


@pytest.fixture
def lake(lake_settings: LakeSettings) -> Lake:
    return Lake(lake_settings)


@pytest.fixture
def folder_lake(tmp_path: Path) -> Lake:
    """For tests that are not about the store: a folder will do."""
    return Lake(LakeSettings.parse(str(tmp_path / "lake")))


@pytest.fixture
def runs(folder_lake: Lake) -> Iterator[Runs]:
    with runs_on(folder_lake) as runs:
        yield runs
