"""A location's definitions, without what only a page of documentation needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dagster.components.core import load_defs

from slipway.location import code_location

_PROJECT = Path(__file__).parents[3] / "code_locations" / "transformation"
_LOAD = """
import json, os, sys
from transformation.definitions import defs
found = defs()
print(json.dumps({
    "boto3": "boto3" in sys.modules,
    "metadata": sorted(found.metadata),
    "assets": sorted(spec.key.to_user_string() for spec in found.resolve_all_asset_specs()),
}))
"""


def test_no_package_is_imported_for_the_documentation_of_its_components(tmp_path: Path) -> None:
    paths = [*(str(_PROJECT.parent / name / "src") for name in ("contracts", "transformation")), *sys.path]
    environment = {"PYTHONPATH": ":".join(paths), "SLIPWAY_LAKE": str(tmp_path), "SLIPWAY_PSEUDONYM_KEY": "ab" * 32}
    done = subprocess.run(
        [sys.executable, "-c", _LOAD], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(done.stdout)
    assert not found["boto3"], "dagster-aws was imported"
    assert "silver/sales" in found["assets"]
    assert not any("component" in name for name in found["metadata"])


def test_dagsters_own_loader_is_left_as_it_was() -> None:
    before = load_defs.get_library_json_enriched_defs
    with pytest.raises(Exception, match="nowhere"):
        code_location(Path("/nowhere"), layer="silver")
    assert load_defs.get_library_json_enriched_defs is before
