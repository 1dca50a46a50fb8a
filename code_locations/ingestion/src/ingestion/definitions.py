"""Bronze: what the sources hold, as they hold it."""

from pathlib import Path

import dagster as dg

from ingestion.resources import resources_from_environment
from slipway.location import code_location


@dg.definitions
def defs() -> dg.Definitions:
    return code_location(
        Path(__file__).parent,
        layer="bronze",
        resources=resources_from_environment(),
    )
