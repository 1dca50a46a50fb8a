"""An instance as its users get it: from a `dagster.yaml` in a DAGSTER_HOME of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    storage = {"module": "slipway.instance", "class": "SqliteStorage"}
    settings = {
        "storage": {"custom": {**storage, "config": {"base_dir": {"env": "DAGSTER_HOME"}}}},
        "telemetry": {"enabled": False},
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.get() as instance:
        assert instance.root_directory == str(home)
        yield instance
