"""Errors of whoever asks the wrong place: one sentence, with what to do."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import dagster as dg
import pytest

from slipway.observe import InstanceUnknown, LocationUnknown, load_locations, location_names, open_instance


def test_location_names_come_from_the_environment() -> None:
    assert location_names({}) == ["ingestion", "transformation", "reporting"]
    assert location_names({"SLIPWAY_LOCATIONS": " a, b ,"}) == ["a", "b"]


def test_an_unknown_location() -> None:
    with pytest.raises(LocationUnknown, match=r"Expected a code location 'nowhere' .* SLIPWAY_LOCATIONS"):
        load_locations(["nowhere"])


def test_a_location_whose_own_imports_fail_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needy_location").mkdir()
    (tmp_path / "needy_location" / "definitions.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LocationUnknown, match=r"imports 'not_there_at_all'"):
        load_locations(["needy_location"])


@pytest.mark.parametrize("as_function", [True, False])
def test_definitions_are_an_object_or_a_function(monkeypatch: pytest.MonkeyPatch, as_function: bool) -> None:
    module = types.ModuleType("made_up.definitions")
    definitions = dg.Definitions()
    module.defs = (lambda: definitions) if as_function else definitions  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up", types.ModuleType("made_up"))
    monkeypatch.setitem(sys.modules, "made_up.definitions", module)
    assert load_locations(["made_up"]) == {"made_up": definitions}


def test_a_module_without_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "made_up", types.ModuleType("made_up"))
    monkeypatch.setitem(sys.modules, "made_up.definitions", types.ModuleType("made_up.definitions"))
    with pytest.raises(LocationUnknown, match=r"Expected `defs` .* found NoneType"):
        load_locations(["made_up"])


@pytest.mark.parametrize(
    ("home", "told"),
    [(None, "is not set"), ("relative/home", "is not an absolute path"), ("/no/such/folder", "which is no folder")],
)
def test_no_instance(home: str | None, told: str) -> None:
    with pytest.raises(InstanceUnknown, match=f"DAGSTER_HOME .*{told}"):
        open_instance({"DAGSTER_HOME": home} if home else {})
