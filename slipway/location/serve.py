"""The command of a code location's container: `python -m slipway.location.serve ingestion`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from slipway.location.container_context import SECRETS, container_context
from slipway.location.execute import COMMAND
from slipway.location.settings import SettingError

_CALENDAR = Path(SECRETS) / "calendar.env"
_PORT = "4000"


def settle(environ: MutableMapping[str, str], calendar: Path = _CALENDAR) -> None:
    """Add the variables that the stack's first start has settled; what is set outside wins."""
    if calendar.exists():
        for line in calendar.read_text().splitlines():
            name, _, value = line.partition("=")
            if not environ.get(name):
                environ[name] = value


def main(location: str) -> None:
    """Serve a location's definitions, and tell Dagster what its runs need.

    A location whose code does not import is served all the same: its error is then on the UI, beside what works.
    """
    settle(os.environ)
    os.environ["DAGSTER_CONTAINER_CONTEXT"] = json.dumps(container_context(os.environ))
    common = ["--module-name", f"{location}.definitions", "--host", "0.0.0.0", "--port", _PORT]
    # In this process: a second one would import all of Dagster again.
    if os.environ.get("SLIPWAY_CODE_RELOAD") == "1":
        from dagster._cli.code_server import start_command

        start_command([*common, "--location-name", location])
    else:
        from dagster._cli import api

        # What this image's runs are started with.
        vars(api)["DEFAULT_DAGSTER_ENTRY_POINT"] = list(COMMAND)
        api.grpc_command([*common, "--location-name", location, "--lazy-load-user-code"])


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except SettingError as error:
        sys.exit(f"Code location {sys.argv[1]}: {error}")
