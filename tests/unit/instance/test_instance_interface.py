"""What travels in every run, also into containers of images built earlier: class paths and their configuration.

A change here is a change of an interface between images. A new field needs a default; a field or a class that goes, or
moves, breaks every queued run. So think first, and then change the lists below.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import Field
from dagster._config import process_config, resolve_to_config_type

INSTANCE = yaml.safe_load((Path(__file__).resolve().parents[3] / "dagster.yaml").read_text())

INTERFACE = {
    ("slipway.runs", "DockerRunLauncher"): {
        "required": ["stack"],
        "optional": ["container_kwargs", "env_vars", "image", "network", "networks", "registry"],
    },
    ("slipway.instance.coordinator", "RunCoordinator"): {
        "required": [],
        "optional": [
            "block_op_concurrency_limited_runs",
            "dequeue_interval_seconds",
            "dequeue_num_workers",
            "dequeue_use_threads",
            "max_concurrent_runs",
            "max_user_code_failure_retries",
            "tag_concurrency_limits",
            "user_code_failure_retry_delay",
        ],
    },
    ("slipway.instance.compute_logs", "S3ComputeLogManager"): {
        "required": ["bucket"],
        "optional": [
            "endpoint_url",
            "local_dir",
            "prefix",
            "region",
            "show_url_only",
            "skip_empty_files",
            "upload_extra_args",
            "upload_interval",
            "use_ssl",
            "verify",
            "verify_cert_path",
        ],
    },
    ("slipway.instance", "SqliteStorage"): {"required": ["base_dir"], "optional": []},
    ("slipway.instance.postgres", "PostgresStorage"): {
        "required": [],
        "optional": ["auth_provider", "postgres_db", "postgres_url", "should_autocreate_tables"],
    },
}

IN_USE = {
    ("run_launcher", "slipway.runs", "DockerRunLauncher", ("stack",)),
    (
        "run_coordinator",
        "slipway.instance.coordinator",
        "RunCoordinator",
        ("dequeue_interval_seconds", "dequeue_num_workers", "dequeue_use_threads"),
    ),
    (
        "compute_logs",
        "slipway.instance.compute_logs",
        "S3ComputeLogManager",
        ("bucket", "local_dir", "prefix", "upload_interval"),
    ),
    ("storage", "slipway.instance.postgres", "PostgresStorage", ("postgres_db", "should_autocreate_tables")),
}


@pytest.mark.parametrize(("module", "name"), INTERFACE)
def test_the_fields_of_a_part(module: str, name: str) -> None:
    part = getattr(importlib.import_module(module), name)
    fields = {key: _field(value) for key, value in part.config_type().items()}
    assert {
        "required": sorted(key for key, field in fields.items() if field.is_required),
        "optional": sorted(key for key, field in fields.items() if not field.is_required),
    } == INTERFACE[module, name]


def test_what_the_stack_uses_of_them() -> None:
    parts = {**INSTANCE, "storage": INSTANCE["storage"]["custom"]}
    used = {
        (section, value["module"], value["class"], tuple(sorted(value.get("config", {}))))
        for section, value in parts.items()
        if isinstance(value, dict) and "module" in value
    }
    assert used == IN_USE


@pytest.mark.parametrize("section", [section for section, *_ in sorted(IN_USE)])
def test_the_stacks_configuration_fits(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster looks at it only when the part is used, which is in the middle of the first run."""
    monkeypatch.setenv("SLIPWAY_STACK", "slipway")
    monkeypatch.setenv("SLIPWAY_LOGS_BUCKET", "logs")
    for name, value in {"HOST": "postgres", "PORT": "5432", "USER": "dagster", "DB": "dagster"}.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    configured = INSTANCE[section].get("custom", INSTANCE[section])
    part = getattr(importlib.import_module(configured["module"]), configured["class"])
    found = process_config(resolve_to_config_type(part.config_type()), configured["config"])
    assert found.success, found.errors


def test_run_containers_can_import_what_they_load() -> None:
    """Images of locations have no Docker libraries: what a run loads of the instance must do without."""
    for module in ("slipway.instance.coordinator", "slipway.instance.compute_logs", "slipway.instance.postgres"):
        source = Path(str(importlib.import_module(module).__file__)).read_text()
        top = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in top if "docker" in line.lower()]


def _field(value: Any) -> Field:
    return value if isinstance(value, Field) else Field(value)
