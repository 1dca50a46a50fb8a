"""`slipway quarantine` on the example's own tables: bronze lines, the rules of silver/sales, a real instance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner, Result

import transformation.defs.sales.assets as sales_assets
from contracts.wholesale import WholesaleSales
from slipway.cli.main import commands
from slipway.lake import Draft, Facts, Lake, LakeSettings, Verdict
from slipway.observe import load_locations, open_instance
from slipway.observe.failures import failures_of
from slipway.quality.declarations import tables_of
from slipway.quality.quarantined import UnknownTable
from slipway.quality.replay import run_range
from transformation.defs.sales.rules import RULES

DAYS = ("2010-12-01", "2010-12-02", "2010-12-06")

Run = Callable[..., Result]


def line(number: int, invoice: str, quantity: str = "1", price: str = "2.5") -> dict[str, Any]:
    return {
        "InvoiceNo": invoice,
        "StockCode": f"S{number}",
        "Description": "a mug",
        "Quantity": quantity,
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": price,
        "CustomerID": "17850.0",
        "Country": "France",
        "source_file": "a.csv",
        "source_line": number,
    }


GOOD, CANCELLED, WRITTEN_OFF = line(2, "536365"), line(3, "C536366", "-1"), line(4, "536367", "-5")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("SLIPWAY_LAKE", str(tmp_path / "lake"))
    tables = {table.path: table for table in tables_of("contracts")}
    return Lake(LakeSettings.from_environment(), tables)


def deliver(lake: Lake, *lines: dict[str, Any], days: tuple[str, ...] = DAYS) -> None:
    """Put lines into bronze, as ingestion does."""
    table = pa.Table.from_pylist([*lines], schema=WholesaleSales.contract.arrow_schema)
    passed = Facts(verdicts=[Verdict(check, passed=True) for check in WholesaleSales.contract.checks])
    for day in days:
        published = lake.publish(Draft(WholesaleSales.contract.path, (day, {"day": day}), table, facts=passed), "a run")
        assert not published.refused


@pytest.fixture
def run(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    home = tmp_path / "home"
    home.mkdir()
    storage = {"module": "slipway.instance", "class": "SqliteStorage", "config": {"base_dir": str(home)}}
    (home / "dagster.yaml").write_text(
        yaml.safe_dump({"storage": {"custom": storage}, "telemetry": {"enabled": False}})
    )
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("SLIPWAY_LOCATIONS", "transformation")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(commands, ["quarantine", *arguments], catch_exceptions=False)

    return invoke


@pytest.fixture
def made(lake: Lake, run: Run) -> Run:
    """Three days of silver/sales with a cancellation and a write-off each."""
    deliver(lake, GOOD, CANCELLED, WRITTEN_OFF)
    definitions = load_locations(["transformation"])["transformation"]
    with open_instance() as instance:
        for first, last in (DAYS[:2], DAYS[2:] * 2):
            made = run_range(definitions, sales_assets.sales.key, first, last, instance)
            assert made.succeeded, failures_of(instance, made.run_id)
    return run


def test_an_empty_quarantine(run: Run) -> None:
    result = run("ls")
    assert result.exit_code == 0
    assert result.output.startswith("No rows in quarantine in")
    assert json.loads(run("ls", "--json").output) == []


def test_no_such_rows(made: Run) -> None:
    for arguments in (["--rule", "no_such_rule"], ["--partition", "2011-01-31"]):
        assert made("show", "sales", *arguments).output == "No such rows of silver/sales in quarantine.\n"
        assert json.loads(made("show", "sales", *arguments, "--json").output) == []


def test_rows_are_counted_by_table_and_rule(made: Run) -> None:
    assert json.loads(made("ls", "--json").output) == [
        {"table": "silver/sales", "rule": rule, "rows": 3, "partitions": 3, "newest": DAYS[-1]}
        for rule in ("cancelled", "write_off")
    ]
    text = made("ls").output
    assert "silver/sales" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_rows_are_shown_without_personal_columns(made: Run) -> None:
    rows = json.loads(made("show", "sales", "--rule", "cancelled", "--json").output)
    assert [row["day"] for row in rows] == [*reversed(DAYS)]
    assert rows[0]["invoice"] == "C536366"
    assert rows[0]["unit_price"] == "2.500"
    assert "customer" not in rows[0]
    assert "customer" in json.loads(made("show", "sales", "--personal", "--json").output)[0]
    text = made("show", "silver/sales", "--limit", "1").output
    assert "2010-12-06  cancelled  the invoice number begins with C" in text
    assert "1 of 6 rows; not shown, because personal: customer (--personal)" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        (["--partition", "2010-12-02"], ["2010-12-02"]),
        (["--from", "2010-12-02"], ["2010-12-06", "2010-12-02"]),
        (["--to", "2010-12-02"], ["2010-12-02", "2010-12-01"]),
        (["--from", "2010-12-02", "--to", "2010-12-05"], ["2010-12-02"]),
        (["--partition", "2010-12-25"], []),
    ],
)
def test_rows_of_some_partitions(made: Run, arguments: list[str], days: list[str]) -> None:
    rows = json.loads(made("show", "sales", "--rule", "write_off", "--json", *arguments).output)
    assert [row["day"] for row in rows] == days


def test_a_corrected_file_is_replayed(made: Run, lake: Lake) -> None:
    deliver(lake, GOOD, line(3, "536366"), WRITTEN_OFF, days=DAYS[:2])
    result = made("replay", "sales", "--all")
    assert result.exit_code == 0
    assert "silver/sales: 3 partitions in 2 runs." in result.output
    assert "2 rows left the quarantine, 4 stayed, 2 new rows came." not in result.output
    assert "2 rows left the quarantine, 4 stayed." in result.output
    counts = {one["rule"]: one["rows"] for one in json.loads(made("ls", "--json").output)}
    assert counts == {"cancelled": 1, "write_off": 3}
    kept = lake.load(("silver", "sales"), [(day, {"day": day}) for day in DAYS])
    assert [len(table) for _key, table in kept.parts] == [2, 2, 1]


def test_a_corrected_rule_is_replayed_where_it_was_broken(
    made: Run, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(lake, GOOD, days=DAYS[1:2])
    assert "1 partition in 1 run" in made("replay", "sales", "--partition", DAYS[1]).output
    # The rule goes; what it kept out now breaks the contract itself, so the rows stay, under another rule.
    rules = [rule for rule in RULES if rule.name != "write_off"]
    monkeypatch.setattr(sales_assets, "RULES", rules)
    result = made("replay", "sales", "--rule", "write_off")
    assert "2 partitions in 2 runs" in result.output
    assert "0 rows left the quarantine, 4 stayed." in result.output
    assert {one["rule"] for one in json.loads(made("ls", "--json").output)} == {"cancelled", "quantity"}


def test_a_replay_that_fails_says_why_and_keeps_the_quarantine(made: Run, lake: Lake) -> None:
    deliver(lake, line(2, "536365", price="a lot"), days=DAYS[:1])
    result = made("replay", "sales", "--all")
    assert result.exit_code == 1
    assert "(2010-12-01 to 2010-12-02) failed:" in result.output
    assert "1 partition of silver/sales failed; 1 other partition is written and recorded" in result.output
    assert "a lot" in result.output
    assert json.loads(made("ls", "--json").output)[0]["rows"] == 3


def test_nothing_to_replay(made: Run) -> None:
    result = made("replay", "sales", "--partition", "2010-12-25")
    assert result.exit_code == 0
    assert "nothing to replay" in result.output


def test_wrong_use(made: Run) -> None:
    assert made("replay", "sales").exit_code == 2
    assert made("show", "sales", "--partition", "a", "--from", "b").exit_code == 2
    with pytest.raises(UnknownTable, match="found 'nix'"):
        made("show", "nix")
