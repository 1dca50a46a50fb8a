"""What the container of a run executes: Dagster's own command, which begins sooner.

    python -m slipway.location.execute api execute_run '{"__class__": "ExecuteRunArgs", ...}'

A code server tells Dagster to call this (slipway/location/serve.py), so that the command is always one that the image
of the run has.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

COMMAND = ("python", "-m", "slipway.location.execute")
_COLLECT_AFTER = 50_000
"""Objects; Python's own number is 2,000. A run's imports make 230,000, and nearly all of them stay."""


def main(arguments: Sequence[str]) -> None:
    """Do what `dagster <arguments>` does; of its commands only `api ...`."""
    gc.disable()
    from dagster._cli.api import api_cli

    # What is there now is never looked through again.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    gc.enable()
    api, *rest = arguments
    if api != "api":
        sys.exit(f"Expected `api ...` as in `dagster api ...`, found {api!r}.")
    api_cli(rest, prog_name="dagster api")


if __name__ == "__main__":
    main(sys.argv[1:])
