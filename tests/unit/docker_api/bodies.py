"""What this room's tests have in common: settings of a stack, and the body that docker-py sends for one of its runs."""

from __future__ import annotations

import copy
from typing import Any

from slipway.docker_api.images import Image
from slipway.docker_api.settings import Settings

INGESTION, TRANSFORMATION, FOREIGN = ("sha256:" + digit * 64 for digit in "123")

SETTINGS = Settings(
    stack="shop",
    images={"shop-ingestion:latest": "ingestion", "registry:5000/team/transformation:1.2": "transformation"},
    networks={"ingestion": frozenset({"shop_runs"}), "transformation": frozenset({"shop_others"})},
    volumes={
        "ingestion": frozenset({("shop_ingestion", "/run/secrets/slipway")}),
        "transformation": frozenset({("shop_transformation", "/run/secrets/slipway")}),
    },
)
IMAGE = Image(INGESTION, "ingestion")

# As recorded from docker-py 7.2: containers.create(image, command, detach=True, network=..., mem_limit=..., ...).
SENT: dict[str, Any] = {
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "User": "10001",
    "Env": ["DAGSTER_RUN_JOB_NAME=nightly", "UNSET"],
    "Cmd": ["dagster", "api", "execute_run", "{}"],
    "Image": INGESTION,
    "Volumes": {"/run/secrets/slipway": {}},
    "NetworkDisabled": False,
    "WorkingDir": "/app",
    "HostConfig": {
        "Memory": 536870912,
        "MemorySwap": 536870912,
        "MemoryReservation": 104857600,
        "ReadonlyRootfs": True,
        "NetworkMode": "shop_runs",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Binds": ["shop_ingestion:/run/secrets/slipway:ro"],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        "Tmpfs": {"/tmp": "size=2g"},
        "PidsLimit": 512,
        "Init": True,
        "NanoCpus": 1500000000,
    },
    "NetworkingConfig": {"shop_runs": None},
    "Labels": {
        "slipway.stack": "shop",
        "slipway.location": "ingestion",
        "dagster/run_id": "aa",
        "dagster/job_name": "x",
    },
    "StopSignal": "SIGTERM",
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """`SENT` with another value at "HostConfig/Privileged"."""
    body = copy.deepcopy(SENT)
    *above, last = path.split("/")
    place = body
    for name in above:
        place = place[name]
    place[last] = value
    return body


def without(path: str) -> dict[str, Any]:
    """`SENT` without the field at "HostConfig/CapDrop"."""
    body = copy.deepcopy(SENT)
    *above, last = path.split("/")
    place = body
    for name in above:
        place = place[name]
    del place[last]
    return body
