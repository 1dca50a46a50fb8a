"""`slipway new table` in a copy of the checkout: what it writes imports, is tested, and materializes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from slipway.cli.new import command
from slipway.cli.scaffold import ScaffoldRefused

ROOT = Path(__file__).parents[3]
LOCATIONS = ("contracts", "ingestion", "transformation", "reporting")

NEW: dict[str, list[str]] = {
    "silver/returns": ["--upstream", "silver/sales"],
    "silver/all_sales": ["--partitions", "none", "--upstream", "silver/sales"],
    "gold/crm/customers": ["--partitions", "none", "--upstream", "silver/customers", "--subject", "revenue"],
    "bronze/crm/leads": [],
}
"""Table -> options: a day from a day, a whole from days, a whole from a whole in a file that is there, a source."""

TESTS = (
    "code_locations/transformation/tests/returns/test_assets.py",
    "code_locations/transformation/tests/all_sales/test_assets.py",
    "code_locations/reporting/tests/customers/test_assets.py",
    "code_locations/ingestion/tests/leads/test_assets.py",
)

MATERIALIZE = """
import datetime as dt, json
from decimal import Decimal
import dagster as dg, pyarrow as pa
from slipway.cli.main import commands
from slipway.lake import Draft, Facts, Lake, LakeSettings
from slipway.observe import load_locations
from slipway.quality.declarations import tables_of
from slipway.quality.replay import run_range

DAY = "2010-12-01"
tables = {table.key_text: table for table in tables_of("contracts")}
lake = Lake(LakeSettings.from_environment(), {table.path: table for table in tables.values()})

def seed(key, row, **read):
    contract = tables[key]
    dims = {"day": DAY} if contract.partitions else {}
    table = pa.Table.from_pylist([row], schema=contract.arrow_schema)
    published = lake.publish(Draft(contract.path, (dims.get("day"), dims), table, facts=Facts(**read)), "a run")
    assert not published.refused, published.refused

seed("silver/customers", {
    "customer": "0123", "segment": "trade", "status": "active", "signed_up_on": dt.date(2010, 1, 1),
})
seed("silver/sales", {
    "invoice": "536365", "stock_code": "S1", "quantity": 1, "invoiced_at": dt.datetime(2010, 12, 1, 8, 26),
    "unit_price": Decimal("2.500"), "revenue": Decimal("2.500"), "source_file": "a.csv", "source_line": 2,
}, rows_read={"bronze/wholesale_sales": 1})

outcome = {}
for location, key, day in (
    ("transformation", "silver/returns", DAY), ("transformation", "silver/all_sales", None),
    ("reporting", "gold/crm/customers", None), ("ingestion", "bronze/crm/leads", DAY),
):
    with dg.DagsterInstance.ephemeral() as instance:
        run = run_range(load_locations([location])[location], dg.AssetKey(key.split("/")), day, day, instance)
    assert run.succeeded, key
    [(_key, table)] = lake.load(tuple(key.split("/")), [(day, {"day": day} if day else {})]).parts
    outcome[key] = table.to_pylist()
print(json.dumps(outcome, default=str))
for arguments in (["diff", "--write"], ["diff"], ["docs", "--check"]):
    commands.main(["contracts", *arguments], standalone_mode=False)
"""


class Checkout:
    """A copy of the code locations that Python imports in place of the real ones."""

    def __init__(self, root: Path) -> None:
        self.root = root
        unwanted = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / "code_locations", root / "code_locations", ignore=unwanted)
        shutil.copytree(ROOT / "docs", root / "docs", ignore=unwanted)
        for name in ("dg.toml", "pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / name, root / name)

    def new(self, key: str, *options: str) -> str:
        arguments = ["table", key, *options, "--root", str(self.root)]
        return CliRunner().invoke(command, arguments, catch_exceptions=False).output

    def python(self, *arguments: str) -> str:
        sources = [str(self.root / "code_locations" / name / "src") for name in LOCATIONS]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*sources, str(ROOT)]),
            "SLIPWAY_LAKE": str(self.root / "lake"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.root)): path.read_text()
            for path in (self.root / "code_locations").rglob("*")
            if path.suffix in (".py", ".json")
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.slow
def test_scaffolded_tables_are_tested_and_materialize(checkout: Checkout) -> None:
    before = checkout.files()
    said = {key: checkout.new(key, *options) for key, options in NEW.items()}
    after = checkout.files()
    for text, test in zip(said.values(), TESTS, strict=True):
        assert f"pytest {test}" in text
        assert "slipway contracts diff --write" in text
    changed = {name for name, text in before.items() if after[name] != text}
    assert changed == {f"code_locations/contracts/src/contracts/{name}.py" for name in ("__init__", "revenue")}
    added = sorted(set(after) - set(before))
    assert len(added) == 3 + 3 * len(NEW)

    assert "8 passed" in checkout.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS)
    rows_line, *contracts_lines = checkout.python("-c", MATERIALIZE).splitlines()
    rows: dict[str, list[dict[str, Any]]] = json.loads(rows_line)
    assert [rows[key][0]["invoice"] for key in ("silver/returns", "silver/all_sales")] == ["536365"] * 2
    assert rows["silver/returns"][0]["revenue"] == "2.500"
    assert rows["gold/crm/customers"][0]["customer"] == "0123"
    assert rows["bronze/crm/leads"] == []
    # Then nothing is left to do.
    assert sum(line.startswith("additive  Table") for line in contracts_lines) == len(NEW)
    assert any(line.endswith("all as in contracts.snapshot.json.") for line in contracts_lines)
    assert contracts_lines[-1].endswith("is up to date.")
    # What was written is in order: it passes the linter as it is.
    checkout.python("-m", "ruff", "check", "--no-cache", *added, *sorted(changed))
    checkout.python("-m", "ruff", "format", "--no-cache", "--check", *added)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["silver/sales"], "Table silver/sales is declared already"),
        (["silver/returns"], "code_locations/transformation/tests/returns is there already"),
        (["platinum/a"], r"a layer that a code location makes \(bronze, gold, silver\), found 'platinum/a'"),
        (["silver"], "Expected LAYER/NAME"),
        (["silver/Returns"], "lower-case letters, digits, underscores"),
        (["silver/class"], "found 'class'"),
        (["silver/a", "--upstream", "silver/b"], "Expected a declared table as --upstream, found 'silver/b'"),
        (["silver/a", "--subject", "../x"], "Expected a subject"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_is_written(
    checkout: Checkout, arguments: list[str], told: str
) -> None:
    (checkout.root / "code_locations" / "transformation" / "tests" / "returns").mkdir(parents=True)
    before = checkout.files()
    with pytest.raises(ScaffoldRefused, match=told):
        checkout.new(*arguments)
    assert checkout.files() == before


def test_a_folder_that_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldRefused, match=r"Expected a checkout with a dg\.toml in .*--root"):
        CliRunner().invoke(command, ["table", "silver/a", "--root", str(tmp_path)], catch_exceptions=False)
