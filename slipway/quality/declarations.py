"""The tables of one package: those that a team declares, and no others that happen to be in the process."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from slipway.quality.contract import Contract
from slipway.quality.errors import QualityError
from slipway.quality.table import Table

PACKAGE = "SLIPWAY_CONTRACTS"
DEFAULT_PACKAGE = "contracts"


class ContractsUnknown(QualityError, ImportError):
    """The package that declares the tables cannot be imported, or declares none."""


def contracts_package(environ: Mapping[str, str] | None = None) -> str:
    """The name of the package with the declared tables, from SLIPWAY_CONTRACTS."""
    return (os.environ if environ is None else environ).get(PACKAGE) or DEFAULT_PACKAGE


def tables_of(package: str) -> list[Contract]:
    """Every table that a package declares, and their quarantines, by key.

    Raises:
        ContractsUnknown
    """
    found: dict[tuple[str, ...], Contract] = {}
    for table in classes_of(package):
        found[table.contract.path] = table.contract
        if table.contract.quarantine is not None:
            found.setdefault(table.contract.quarantine.path, table.contract.quarantine)
    return [found[path] for path in sorted(found)]


def classes_of(package: str) -> list[type[Table]]:
    """The classes that a package declares its tables with.

    Raises:
        ContractsUnknown
    """
    _import(package)
    tables = [t for t in _subclasses(Table) if "contract" in t.__dict__ and t.__module__.split(".")[0] == package]
    if not tables:
        raise ContractsUnknown(
            f"Package {package!r} declares no tables: expected classes derived from slipway.quality.Table, imported in "
            f"its __init__.py. Name another package in {PACKAGE}."
        )
    return tables


def project_of(package: str) -> Path:
    """The folder of the package's project: the nearest one above it with a pyproject.toml.

    Raises:
        ContractsUnknown
    """
    file = _import(package)
    for folder in file.parents:
        if (folder / "pyproject.toml").is_file():
            return folder
    raise ContractsUnknown(
        f"Package {package!r} ({file.parent}) is not in a project: expected a pyproject.toml in a folder above it. "
        "It is installed as a copy; work in the checkout, or say which file to use."
    )


def _import(package: str) -> Path:
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ContractsUnknown(
            f"Expected a package {package!r} that declares the tables, found none. Install it "
            f"(pip install -e code_locations/{package}), or name another one in {PACKAGE}."
        ) from error
    if module.__file__ is None:
        raise ContractsUnknown(f"Package {package!r} has no __init__.py: expected one that imports its tables.")
    return Path(module.__file__).resolve()


def _subclasses(table: type[Table]) -> Iterator[type[Table]]:
    for one in table.__subclasses__():
        yield one
        yield from _subclasses(one)
