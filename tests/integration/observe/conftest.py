"""Each test has a platform of its own; the one on which everything was made is made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from tests.integration.observe.pipeline import Platform


def opened(folder: Path) -> dg.DagsterInstance:
    storage = {"module": "slipway.instance", "class": "SqliteStorage", "config": {"base_dir": str(folder)}}
    settings = {"storage": {"custom": storage}, "telemetry": {"enabled": False}}
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return dg.DagsterInstance.from_config(str(folder))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with opened(tmp_path / "platform") as instance:
        yield Platform(tmp_path / "platform", instance)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "platform"
    with opened(folder) as instance:
        Platform(folder, instance).make_all()
    return folder


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Iterator[Platform]:
    """Everything made once."""
    shutil.copytree(made_once, tmp_path / "platform")
    with opened(tmp_path / "platform") as instance:
        yield Platform(tmp_path / "platform", instance)
