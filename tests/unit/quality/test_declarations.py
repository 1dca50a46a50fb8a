"""Which package declares the tables, and where it is."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from slipway.quality.declarations import ContractsUnknown, contracts_package, project_of, tables_of

ROOT = Path(__file__).parents[3]


def test_the_package_is_a_setting() -> None:
    assert contracts_package({}) == "contracts"
    assert contracts_package({"SLIPWAY_CONTRACTS": "other"}) == "other"


def test_quarantines_are_tables_too() -> None:
    keys = [contract.key_text for contract in tables_of("contracts")]
    assert keys == sorted(keys, key=lambda key: key.split("/"))
    assert {"silver/sales", "quarantine/silver/sales", "quarantine/bronze/wholesale_sales"} <= set(keys)


def test_the_project_is_where_the_snapshot_lies() -> None:
    assert project_of("contracts") == ROOT / "code_locations" / "contracts"


def test_a_package_that_is_not_there() -> None:
    with pytest.raises(ContractsUnknown, match=r"Expected a package 'no_such_contracts' .* SLIPWAY_CONTRACTS"):
        tables_of("no_such_contracts")


def test_a_package_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("no_tables_here")
    module.__file__ = "/somewhere/no_tables_here/__init__.py"
    monkeypatch.setitem(sys.modules, "no_tables_here", module)
    with pytest.raises(ContractsUnknown, match="declares no tables"):
        tables_of("no_tables_here")
    with pytest.raises(ContractsUnknown, match="not in a project"):
        project_of("no_tables_here")
