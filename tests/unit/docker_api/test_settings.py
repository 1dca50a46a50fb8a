"""Settings by environment: one sentence for each variable that is missing or malformed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from slipway.docker_api.settings import Settings, SettingsError, listen_address

GIVEN = {
    "SLIPWAY_STACK": "shop",
    "SLIPWAY_RUN_IMAGES": "ingestion=shop-ingestion:latest, transformation=registry:5000/team/transformation:1.2",
    "SLIPWAY_RUN_NETWORKS": "ingestion=shop_runs",
}


def test_what_is_given_and_the_defaults_for_the_rest() -> None:
    settings = Settings.read(GIVEN)
    assert settings == Settings(
        stack="shop",
        images={"shop-ingestion:latest": "ingestion", "registry:5000/team/transformation:1.2": "transformation"},
        networks={"ingestion": frozenset({"shop_runs"})},
    )
    assert settings.locations == {"ingestion", "transformation"}
    assert (settings.user, settings.socket, settings.listen) == ("10001", "/var/run/docker.sock", ("0.0.0.0", 2375))


def test_everything_can_be_given() -> None:
    settings = Settings.read(
        GIVEN
        | {
            "SLIPWAY_RUN_NETWORKS": "ingestion=shop_runs,ingestion=shop_more,transformation=shop_more",
            "SLIPWAY_RUN_VOLUMES": "ingestion=a:/run/secrets/slipway,ingestion=b:/landing,transformation=c:/x",
            "SLIPWAY_RUN_BINDS": "/srv/src:/app/src",
            "SLIPWAY_RUN_USER": "1000:1000",
            "SLIPWAY_DOCKER_SOCKET": "/run/user/1000/docker.sock",
            "SLIPWAY_DOCKER_API_LISTEN": "127.0.0.1:9",
            "SLIPWAY_DOCKER_API_LONGEST_WAIT": "60",
        }
    )
    assert settings.networks == {"ingestion": {"shop_runs", "shop_more"}, "transformation": {"shop_more"}}
    assert settings.volumes == {
        "ingestion": {("a", "/run/secrets/slipway"), ("b", "/landing")},
        "transformation": {("c", "/x")},
    }
    assert settings.binds == {("/srv/src", "/app/src")}
    assert (settings.user, settings.socket) == ("1000:1000", "/run/user/1000/docker.sock")
    assert (settings.listen, settings.longest_wait) == (("127.0.0.1", 9), 60.0)


@pytest.mark.parametrize("variable", GIVEN)
def test_what_has_no_default_is_asked_for(variable: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{variable}: expected .* it is not set\.$"):
        Settings.read({**GIVEN, variable: ""})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLIPWAY_STACK", "a b"),
        ("SLIPWAY_RUN_IMAGES", "shop-ingestion:latest"),
        ("SLIPWAY_RUN_IMAGES", "ingestion="),
        ("SLIPWAY_RUN_IMAGES", "ingestion=x,transformation=x"),
        ("SLIPWAY_RUN_IMAGES", "ingestion=a b"),
        ("SLIPWAY_RUN_NETWORKS", "ingestion=host"),
        ("SLIPWAY_RUN_NETWORKS", "shop_runs"),
        ("SLIPWAY_RUN_NETWORKS", "elsewhere=shop_runs"),
        ("SLIPWAY_RUN_NETWORKS", "ingestion=shop_runs,ingestion=bridge"),
        ("SLIPWAY_RUN_NETWORKS", "ingestion=container:x"),
        ("SLIPWAY_RUN_VOLUMES", "a:/x"),
        ("SLIPWAY_RUN_VOLUMES", "ingestion=a"),
        ("SLIPWAY_RUN_VOLUMES", "ingestion=/etc:/x"),
        ("SLIPWAY_RUN_VOLUMES", "ingestion=a:x"),
        ("SLIPWAY_RUN_VOLUMES", "ingestion=a:/x:rw"),
        ("SLIPWAY_RUN_VOLUMES", "ingestion=a:/x/../y"),
        ("SLIPWAY_RUN_VOLUMES", "unknown=a:/x"),
        ("SLIPWAY_RUN_BINDS", "src:/app"),
        ("SLIPWAY_RUN_BINDS", "/src"),
        ("SLIPWAY_RUN_USER", "root"),
        ("SLIPWAY_RUN_USER", "0"),
        ("SLIPWAY_RUN_USER", "10001:0"),
        ("SLIPWAY_DOCKER_API_LISTEN", "2375"),
        ("SLIPWAY_DOCKER_API_LISTEN", "0.0.0.0:"),
        ("SLIPWAY_DOCKER_API_LISTEN", "0.0.0.0:99999"),
        ("SLIPWAY_DOCKER_API_LONGEST_WAIT", "soon"),
        ("SLIPWAY_DOCKER_API_LONGEST_WAIT", "0"),
    ],
)
def test_what_is_malformed_is_told(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{variable}: expected .*; found .*\.$"):
        Settings.read({**GIVEN, variable: value})


def test_the_health_check_needs_the_address_only() -> None:
    assert listen_address({}) == ("0.0.0.0", 2375)


def test_the_process_says_it_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.docker_api"], env={}, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("SLIPWAY_")
    assert "Traceback" not in done.stderr


def test_it_stays_small() -> None:
    """The only process with the socket: little code in it, and little memory."""
    script = (
        "import sys, slipway.docker_api.serving, slipway.docker_api.health;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert not {"dagster", "docker", "pandas", "pydantic", "requests", "starlette", "httpx"} & set(done.stdout.split())
