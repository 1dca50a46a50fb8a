"""`slipway contracts` against the declared tables and snapshots that differ from them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway.cli.contracts import command
from slipway.quality.declarations import tables_of
from slipway.quality.snapshot import tables_as_json

NOW = tables_as_json(tables_of("contracts"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments], catch_exceptions=False)


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[..., str]:
    """A snapshot as the tables are, after a change."""

    def made(change: Callable[[dict[str, Any]], object] = lambda tables: None) -> str:
        tables = copy.deepcopy(NOW)
        change(tables)
        path = tmp_path / "snapshot.json"
        path.write_text(json.dumps({"tables": tables}))
        return str(path)

    return made


def test_nothing_changed(snapshot: Callable[..., str]) -> None:
    result = run("diff", "--snapshot", snapshot())
    assert (result.exit_code, result.output) == (0, f"{len(NOW)} tables, all as in snapshot.json.\n")


def test_additive_changes_pass_and_are_written(snapshot: Callable[..., str]) -> None:
    path = snapshot(lambda tables: tables.pop("gold/daily_revenue"))
    result = run("diff", "--snapshot", path)
    assert result.exit_code == 0
    assert "additive  Table gold/daily_revenue is new, with 6 columns." in result.output
    assert run("diff", "--snapshot", path, "--write").exit_code == 0
    assert json.loads(Path(path).read_text()) == {"tables": NOW}


def test_breaking_changes_are_refused_unless_accepted(snapshot: Callable[..., str]) -> None:
    path = snapshot(lambda tables: tables["silver/sales"]["columns"]["quantity"].update(type="int64"))
    before = Path(path).read_text()
    result = run("diff", "--snapshot", path, "--write")
    assert result.exit_code == 1
    assert "breaking  silver/sales.quantity is int32, was int64" in result.output
    assert Path(path).read_text() == before
    assert run("diff", "--snapshot", path, "--write", "--accept-breaking").exit_code == 0
    assert run("diff", "--snapshot", path).exit_code == 0


def test_programs_read_the_changes_as_json(snapshot: Callable[..., str]) -> None:
    assert json.loads(run("diff", "--json", "--snapshot", snapshot()).output) == []
    result = run(
        "diff", "--json", "--snapshot", snapshot(lambda tables: tables["silver/sales"].update(due="", unique=["x"]))
    )
    assert result.exit_code == 1
    first, second = json.loads(result.output)
    assert (first["table"], first["breaking"]) == ("silver/sales", True)
    assert second == {
        "table": "silver/sales",
        "breaking": False,
        "sentence": "silver/sales is due 7 h after the end of the partition, was at no time.",
    }
    assert run("diff", "--json", "--write", "--snapshot", snapshot()).exit_code == 2


def test_accepting_without_writing_is_wrong_use(snapshot: Callable[..., str]) -> None:
    assert run("diff", "--snapshot", snapshot(), "--accept-breaking").exit_code == 2


def test_the_page_is_written_and_checked(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "tables.md"
    assert run("docs", "--output", str(page), "--check").exit_code == 1
    assert not page.exists()
    assert run("docs", "--output", str(page)).exit_code == 0
    assert "### silver/sales" in page.read_text()
    assert run("docs", "--output", str(page), "--check").exit_code == 0


def test_a_renamed_blocking_check_is_told_and_refused(snapshot: Callable[..., str]) -> None:
    def rename(tables: dict[str, Any]) -> None:
        checks = tables["bronze/wholesale_sales"]["checks"]
        checks["hardly_any_unreadable_lines"] = checks.pop("few_unreadable_lines")

    result = run("diff", "--snapshot", snapshot(rename))
    assert result.exit_code == 1
    assert "bronze/wholesale_sales: its blocking check hardly_any_unreadable_lines is removed" in " ".join(
        result.output.split()
    )
