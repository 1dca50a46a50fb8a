"""Silver: cleaned, joined, pseudonymised."""

from pathlib import Path

import dagster as dg

from slipway.location import code_location
from transformation.pseudonyms import Pseudonyms


@dg.definitions
def defs() -> dg.Definitions:
    return code_location(Path(__file__).parent, layer="silver", resources={"pseudonyms": Pseudonyms.from_environment()})
