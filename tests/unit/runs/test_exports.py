"""The room can be imported without Docker's libraries; what needs them is fetched when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import slipway.runs

_WITHOUT_DOCKER = """
import sys
sys.modules["docker"] = sys.modules["dagster_docker"] = None  # an import of them raises ImportError
import slipway.runs
assert slipway.runs.diagnose(slipway.runs.Worker(exit_code=143)).cause
assert "dagster" not in sys.modules, "limits and causes of death need no Dagster"
try:
    slipway.runs.DockerRunLauncher
except ImportError as error:
    print("refused:", error)
"""


def test_without_docker() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT_DOCKER], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("refused:"), done.stderr


def test_every_export_is_there() -> None:
    for name in slipway.runs.__all__:
        assert getattr(slipway.runs, name)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = slipway.runs.Nothing


def test_the_launcher_adds_one_required_setting_to_the_parents() -> None:
    import dagster_docker

    ours = slipway.runs.DockerRunLauncher.config_type()
    assert ours.keys() - dagster_docker.DockerRunLauncher.config_type().keys() == {"stack"}  # type: ignore[no-untyped-call]
    assert ours["stack"].is_required
