"""`slipway lake` on a small lake of the example's own tables."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from slipway.cli.main import commands, main
from slipway.lake import Draft, Lake, LakeSettings

SALES = ("silver", "sales")
DAYS = ("2026-01-05", "2026-01-06")

Run = Callable[..., Result]


def publish(lake: Lake, day: str, run: str, *revenues: float) -> None:
    rows = pa.table({"invoice": [str(number) for number in range(len(revenues))], "revenue": list(revenues)})
    inputs = {"bronze/wholesale_sales": f"version-of-{run}"}
    lake.publish(Draft(SALES, (day, {"day": day}), rows, inputs=inputs), run, "3")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("SLIPWAY_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("COLUMNS", "200")
    made = Lake(LakeSettings.from_environment())
    for day in DAYS:
        publish(made, day, "run-one", 1.0, 2.0)
    publish(made, DAYS[0], "run-two", 1.0, 2.0, 3.5)
    made.publish(Draft(("gold", "summary"), (None, {}), pa.table({"n": [1]})), "run-one")
    return made


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*arguments: str) -> Result:
        home = str(tmp_path / "home")
        return CliRunner().invoke(commands, ["--dir", home, "lake", *arguments], catch_exceptions=False)

    return run


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_tables(lake: Lake, run: Run) -> None:
    found = told(run("ls", "--json"))
    assert [(each["table"], each["partitions"]) for each in found] == [("gold/summary", 1), ("silver/sales", 2)]
    assert found[1]["bytes"] == sum(stored.size for stored in lake.store.list("silver"))
    shown = run("ls").stdout
    assert "silver/sales" in shown
    assert "bytes" in shown


def test_partitions_the_last_key_first_with_who_wrote_them(lake: Lake, run: Run) -> None:
    found = told(run("ls", "sales", "--json"))
    assert [(each["partition"], each["provenance"]["run_id"], each["provenance"]["rows"]) for each in found] == [
        (DAYS[1], "run-one", 2),
        (DAYS[0], "run-two", 3),
    ]
    assert "1 of 2 partitions; more with --limit." in run("ls", "silver/sales", "--limit", "1").stdout


def test_history_tells_versions_runs_and_inputs(lake: Lake, run: Run) -> None:
    found = told(run("history", "silver/sales", "--partition", DAYS[0], "--json"))
    assert [each["current"] for each in found] == [True, False]
    assert [each["provenance"]["run_id"] for each in found] == ["run-two", "run-one"]
    assert [each["provenance"]["inputs"] for each in found] == [
        {"bronze/wholesale_sales": "version-of-run-two"},
        {"bronze/wholesale_sales": "version-of-run-one"},
    ]
    assert found[0]["provenance"]["data_version"] != found[1]["provenance"]["data_version"]
    shown = run("history", "silver/sales", "--partition", DAYS[0]).stdout
    assert "now" in shown
    assert "run-two" in shown


def test_an_earlier_version_is_shown_with_its_rows(lake: Lake, run: Run) -> None:
    newest = told(run("show", "sales", "--partition", DAYS[0], "--json"))
    assert [row["revenue"] for row in newest["rows_shown"]] == [1.0, 2.0, 3.5]
    old = told(run("history", "sales", "--partition", DAYS[0], "--json"))[1]["version"]
    shown = told(run("show", "sales", "--partition", DAYS[0], "--version", old, "--json"))
    assert [row["revenue"] for row in shown["rows_shown"]] == [1.0, 2.0]
    assert not shown["current"]
    text = run("show", "sales", "--partition", DAYS[0], "--version", old).stdout
    assert "bronze/wholesale_sales at version-of-run-one" in text
    assert "code version" in text


def test_a_table_without_partitions(lake: Lake, run: Run) -> None:
    assert told(run("history", "summary", "--json"))[0]["provenance"]["rows"] == 1
    assert told(run("ls", "summary", "--json"))[0]["partition"] is None


def test_personal_columns_are_left_out_unless_asked_for(lake: Lake, run: Run) -> None:
    rows = pa.table({"customer": ["a-hash"], "segment": ["consumer"]})
    lake.publish(Draft(("silver", "customers"), (None, {}), rows), "run-one")
    assert told(run("show", "customers", "--json"))["rows_shown"] == [{"segment": "consumer"}]
    assert "Not shown, because personal: customer (--personal)." in run("show", "customers").stdout
    with_all = told(run("show", "customers", "--personal", "--json"))["rows_shown"]
    assert with_all == [{"customer": "a-hash", "segment": "consumer"}]


def test_an_object_of_somebody_else(lake: Lake, run: Run) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1]}), sink)
    lake.store.put("silver/sales/day=2026-01-07/data.parquet", sink.getvalue().to_pybytes())
    assert told(run("ls", "sales", "--json"))[0]["provenance"] is None
    assert "not ours" in run("ls", "sales").stdout
    assert "something else" in run("show", "sales", "--partition", "2026-01-07").stdout


def test_the_time_of_a_version_is_that_of_its_write(lake: Lake, run: Run) -> None:
    written = dt.datetime.fromisoformat(told(run("history", "summary", "--json"))[0]["written"])
    assert abs((dt.datetime.now(dt.UTC) - written).total_seconds()) < 60


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ls", "nothing"), "has no table 'nothing': it has gold/summary, silver/sales."),
        (("history", "sales"), "silver/sales has partitions: say which one, as in --partition '<day>'."),
        (("history", "summary", "--partition", "x"), "gold/summary has no partitions: leave --partition out."),
        (("history", "sales", "--partition", "2020-01-01"), "No version of silver/sales, partition 2020-01-01 is in"),
        (("show", "sales", "--partition", DAYS[1], "--version", "zzz"), "Expected the id of one version of silver/sal"),
    ],
)
def test_mistakes_are_one_sentence(
    lake: Lake, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lake", *arguments])
    assert ended.value.code == 3
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_a_partition_that_was_removed_has_a_history(lake: Lake, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    lake.store.delete(f"silver/sales/day={DAYS[0]}/data.parquet")
    found = told(run("history", "sales", "--partition", DAYS[0], "--json"))
    assert [each["current"] for each in found] == [False, False]
    with pytest.raises(SystemExit):
        main(["lake", "show", "sales", "--partition", DAYS[0]])
    assert "was removed; `slipway lake history` lists what it was." in " ".join(capsys.readouterr().err.split())


def test_an_empty_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("SLIPWAY_LAKE", str(tmp_path / "none"))
    assert "is empty" in run("ls").stdout
    assert told(run("ls", "--json")) == []
