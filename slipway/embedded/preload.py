"""Imported once, by the process of which code servers and runs are forks (see `processes`): all that they need.

What is imported must start no thread: a fork has only the thread that forked.
"""

from __future__ import annotations

import logging
import os
import warnings

import dagster._cli.api  # noqa: F401
from dagster._core.definitions.reconstruct import ReconstructableRepository

# As the command line does: what of Dagster is in preview is known (docs/design.md).
warnings.filterwarnings("ignore", module="dagster")

for _location in os.environ["SLIPWAY_LOCATIONS"].split(","):
    try:
        ReconstructableRepository.for_module(f"{_location}.definitions", "defs").get_definition()
    except Exception:
        # Its code server will fail in the same way, and say so.
        logging.getLogger(__name__).debug("%s does not load", _location, exc_info=True)
