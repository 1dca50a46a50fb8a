"""Where the truth is asked: the definitions of the code locations, and the Dagster instance."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg

from slipway.observe.errors import InstanceUnknown, LocationUnknown

LOCATIONS = "SLIPWAY_LOCATIONS"
DEFAULT_LOCATIONS = "ingestion,transformation,reporting"
_HOME = "DAGSTER_HOME"


def location_names(environ: Mapping[str, str] | None = None) -> list[str]:
    """The code locations' packages, from SLIPWAY_LOCATIONS (separated by commas), in their order."""
    environ = os.environ if environ is None else environ
    text = environ.get(LOCATIONS) or DEFAULT_LOCATIONS
    return [name.strip() for name in text.split(",") if name.strip()]


def load_locations(names: Sequence[str]) -> dict[str, dg.Definitions]:
    """Definitions by location: `defs` of the module `<name>.definitions`.

    Raises:
        LocationUnknown: there is no such package, or no definitions in it. What its own settings raise goes through.
    """
    return {name: _load(name) for name in names}


def _load(name: str) -> dg.Definitions:
    module_name = f"{name}.definitions"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name not in (name, module_name):
            raise LocationUnknown(
                f"Code location {name!r} cannot be loaded: it imports {error.name!r}, which is not installed. "
                "Install the location's own requirements."
            ) from error
        raise LocationUnknown(
            f"Expected a code location {name!r} with a module {module_name}, found none. Install it "
            f"(pip install -e code_locations/{name}), or name other locations in {LOCATIONS}."
        ) from error
    found = getattr(module, "defs", None)
    if callable(found) and not isinstance(found, dg.Definitions):
        found = found()
    if not isinstance(found, dg.Definitions):
        raise LocationUnknown(
            f"Expected `defs` in {module_name} to be dagster.Definitions, or a function that gives them; "
            f"found {type(found).__name__}."
        )
    return found


def open_instance(environ: Mapping[str, str] | None = None) -> AbstractContextManager[dg.DagsterInstance]:
    """The Dagster instance that DAGSTER_HOME names.

    Raises:
        InstanceUnknown
    """
    environ = os.environ if environ is None else environ
    home = environ.get(_HOME)
    expected = "expected the folder of a Dagster instance (the one with dagster.yaml in it), such as .slipway/home"
    if not home:
        raise InstanceUnknown(f"{_HOME} is not set: {expected}.")
    folder = Path(home).expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        what = "is no folder" if folder.is_absolute() else "is not an absolute path"
        raise InstanceUnknown(f"{_HOME} is {home!r}, which {what}: {expected}, as an absolute path.")
    return dg.DagsterInstance.from_config(str(folder))
