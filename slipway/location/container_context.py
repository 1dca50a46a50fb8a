"""What a location's runs get, from what its code server has: one declaration for both.

Dagster hands a container context from the code server to the launcher. Here it is made from the code server's own
environment, so that a variable that is set for the one is set for the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.location.settings import SettingError, setting
from slipway.runs.limits import memory_bytes

SECRETS = "/run/secrets/slipway"
_PREFIXES = ("SLIPWAY_", "DAGSTER_", "AWS_")
# What is about the code server itself, or said to the launcher in another way.
_NOT_FOR_RUNS = ("SLIPWAY_RUN_", "SLIPWAY_CODE_", "DAGSTER_CONTAINER_", "DAGSTER_CURRENT_IMAGE", "DAGSTER_GRPC_")
_SECRET = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DAGSTER_PG_PASSWORD", "PGPASSWORD")


def container_context(environ: Mapping[str, str]) -> dict[str, Any]:
    """A container context for `slipway.runs.DockerRunLauncher`.

    Variables: all that begin with SLIPWAY_, DAGSTER_ or AWS_, and those named in SLIPWAY_RUN_ENV. Besides,
    SLIPWAY_RUN_NETWORK (the one network of its runs), SLIPWAY_RUN_VOLUMES (`volume:folder`, separated by commas; read
    only), SLIPWAY_RUN_MEMORY and SLIPWAY_RUN_CPUS (limits where no tag says otherwise).

    Raises:
        SettingError: one is unset or malformed, or a secret stands where everybody can read it.
    """
    for name in _SECRET:
        if environ.get(name):
            raise SettingError(
                f"{name} is set in the environment, where `docker inspect` shows it: expected secrets in files below "
                f"{SECRETS} (see docs/secrets.md)."
            )
    also = {name.strip() for name in environ.get("SLIPWAY_RUN_ENV", "").split(",") if name.strip()}
    variables = [
        f"{name}={value}"
        for name, value in sorted(environ.items())
        if name in also or (name.startswith(_PREFIXES) and not name.startswith(_NOT_FOR_RUNS))
    ]
    return {
        "docker": {
            "env_vars": variables,
            "networks": [setting("SLIPWAY_RUN_NETWORK", "the network of this location's runs", _word, None, environ)],
            "container_kwargs": {
                "volumes": _volumes(environ.get("SLIPWAY_RUN_VOLUMES", "")),
                "mem_limit": setting("SLIPWAY_RUN_MEMORY", "an amount such as 1g", memory_bytes, "1g", environ),
                "nano_cpus": setting("SLIPWAY_RUN_CPUS", "a number such as 2", _nano_cpus, "2", environ),
                "pids_limit": 512,
                "init": True,
                "user": "10001",
                "read_only": True,
                "tmpfs": {"/tmp": "size=512m,mode=1777"},
                "cap_drop": ["ALL"],
                "security_opt": ["no-new-privileges:true"],
                "stop_timeout": 30,
                "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "2"}},
            },
        }
    }


def _volumes(text: str) -> list[str]:
    found = [each.strip() for each in text.split(",") if each.strip()]
    for each in found:
        volume, _, folder = each.partition(":")
        if not volume or ":" in folder or not folder.startswith("/"):
            raise SettingError(
                f"SLIPWAY_RUN_VOLUMES has {each!r}: expected volume:folder, such as secrets-ingestion:{SECRETS}."
            )
    return [f"{each}:ro" for each in found]


def _nano_cpus(text: str) -> int:
    cpus = float(text)
    if not 0.01 <= cpus <= 1024:
        raise ValueError
    return int(cpus * 1_000_000_000)


def _word(text: str) -> str:
    if not text.strip() or any(letter.isspace() for letter in text.strip()):
        raise ValueError
    return text.strip()
