"""What runs get from their code server's environment, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.location.container_context import container_context
from slipway.location.settings import SettingError

GIVEN = {"SLIPWAY_RUN_NETWORK": "shop_ingestion"}


def docker(environ: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = container_context(GIVEN | environ)["docker"]
    return found


def variables(environ: dict[str, str]) -> dict[str, str]:
    return dict(each.split("=", 1) for each in docker(environ)["env_vars"])


def test_settings_go_to_runs() -> None:
    settings = {
        "SLIPWAY_LAKE": "s3://lake",
        "SLIPWAY_LOCATION": "ingestion",
        "SLIPWAY_FIRST_DAY": "2026-01-01",
        "SLIPWAY_LAST_DAY": "",
        "DAGSTER_PG_HOST": "postgres",
        "DAGSTER_EVENT_BATCH_SIZE": "100",
        "AWS_SHARED_CREDENTIALS_FILE": "/run/secrets/slipway/s3.ini",
        "AWS_ENDPOINT_URL_S3": "http://objectstore:7070?a=b",
    }
    assert variables(settings) == settings


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "PYTHONPATH", "HOSTNAME", "DOCKER_HOST"),
        *(
            "SLIPWAY_RUN_NETWORK",
            "SLIPWAY_RUN_VOLUMES",
            "SLIPWAY_RUN_MEMORY",
            "SLIPWAY_RUN_CPUS",
            "SLIPWAY_CODE_RELOAD",
        ),
        *("DAGSTER_CURRENT_IMAGE", "DAGSTER_CONTAINER_CONTEXT", "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD"),
    ],
)
def test_what_is_the_code_servers_own_does_not(name: str) -> None:
    value = {"SLIPWAY_RUN_VOLUMES": "a:/a", "SLIPWAY_RUN_MEMORY": "1g"}.get(name, "1")
    assert name not in variables({name: value})


def test_others_go_where_they_are_named() -> None:
    environ = {"SLIPWAY_RUN_ENV": " HTTPS_PROXY, TZ ,,MISSING", "HTTPS_PROXY": "http://proxy", "TZ": "UTC", "LANG": "C"}
    assert variables(environ) == {"HTTPS_PROXY": "http://proxy", "TZ": "UTC"}


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DAGSTER_PG_PASSWORD", "PGPASSWORD"])
def test_a_secret_in_the_environment_is_refused(name: str) -> None:
    with pytest.raises(
        SettingError, match=rf"^{name} is set in the environment, .* files below /run/secrets"
    ) as refused:
        docker({name: "hush-hush"})
    assert "hush" not in str(refused.value)
    assert docker({name: ""}), "unset, as compose does it"


def test_a_run_has_no_rights() -> None:
    kwargs = docker({})["container_kwargs"]
    assert kwargs["user"] == "10001"
    assert kwargs["read_only"] is True
    assert kwargs["cap_drop"] == ["ALL"]
    assert kwargs["security_opt"] == ["no-new-privileges:true"]
    assert kwargs["pids_limit"] == 512
    assert kwargs["log_config"]["config"] == {"max-size": "10m", "max-file": "2"}


def test_limits_and_their_defaults() -> None:
    assert (docker({})["container_kwargs"]["mem_limit"], docker({})["container_kwargs"]["nano_cpus"]) == (
        2**30,
        2_000_000_000,
    )
    given = docker({"SLIPWAY_RUN_MEMORY": "512m", "SLIPWAY_RUN_CPUS": "0.5"})["container_kwargs"]
    assert (given["mem_limit"], given["nano_cpus"]) == (512 * 2**20, 500_000_000)


def test_the_network_and_volumes_are_the_runs_own() -> None:
    found = docker({"SLIPWAY_RUN_VOLUMES": "shop_secrets:/run/secrets/slipway, shop_landing:/landing"})
    assert found["networks"] == ["shop_ingestion"]
    assert found["container_kwargs"]["volumes"] == ["shop_secrets:/run/secrets/slipway:ro", "shop_landing:/landing:ro"]
    assert docker({})["container_kwargs"]["volumes"] == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLIPWAY_RUN_NETWORK", "two networks"),
        ("SLIPWAY_RUN_NETWORK", " "),
        ("SLIPWAY_RUN_CPUS", "two"),
        ("SLIPWAY_RUN_CPUS", "0"),
        ("SLIPWAY_RUN_CPUS", "-1"),
        ("SLIPWAY_RUN_CPUS", "nan"),
        ("SLIPWAY_RUN_CPUS", "inf"),
        ("SLIPWAY_RUN_MEMORY", "much"),
        ("SLIPWAY_RUN_MEMORY", "1m"),
        ("SLIPWAY_RUN_VOLUMES", ":/x"),
        ("SLIPWAY_RUN_VOLUMES", "secrets"),
        ("SLIPWAY_RUN_VOLUMES", "secrets:run/secrets"),
        ("SLIPWAY_RUN_VOLUMES", "secrets:/run/secrets:rw"),
        ("SLIPWAY_RUN_VOLUMES", "a:/a,b"),
    ],
)
def test_what_is_malformed_is_one_sentence(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=rf"^{variable} (is|has) '.*': expected .*\.$"):
        docker({variable: value})


def test_a_network_is_asked_for() -> None:
    with pytest.raises(SettingError, match=r"^SLIPWAY_RUN_NETWORK is not set: expected the network of this location's"):
        container_context({})


def test_the_launcher_reads_it() -> None:
    """Dagster's own reader of container contexts, which refuses what it does not know."""
    from dagster_docker.container_context import DockerContainerContext

    read = DockerContainerContext.create_from_config(container_context(GIVEN | {"SLIPWAY_LAKE": "s3://lake"}))  # type: ignore[no-untyped-call]
    assert read.env_vars == ["SLIPWAY_LAKE=s3://lake"]
    assert list(read.networks) == ["shop_ingestion"]
