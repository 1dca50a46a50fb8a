"""What ops hand to each other lies in the lake, where a later run of the same work finds it."""
# No `from __future__ import annotations` here: Dagster reads the annotations of the ops below.

from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from slipway.lake import File, FrameError, Lake, LakeIOManager, LakeSettings, PartitionFailure, PartitionMissing
from slipway.lake.frames import to_arrow
from slipway.lake.partitions import Partitions
from slipway.lake.scratch import Scratch
from tests.integration.lake import failing_job
from tests.lake_runs import Runs, failure, runs_on

FRAME = pa.table({"x": [1, 2], "m": [Decimal("1.10"), None]})


def rows(frame: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = to_arrow(frame)[0].to_pylist()
    return found


def same(found: Any, expected: Any) -> bool:
    """Equal values of equal types; frames by their rows."""
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, pd.DataFrame | pa.Table | pl.DataFrame | pl.LazyFrame | duckdb.DuckDBPyRelation):
        return type(found) is type(expected) and rows(found) == rows(expected)
    return type(found) is type(expected) and found == expected


VALUES: dict[str, Any] = {
    "pandas": lambda: FRAME.to_pandas(types_mapper=pd.ArrowDtype),
    "pyarrow": lambda: FRAME,
    "polars": lambda: pl.from_arrow(FRAME),
    "lazy polars": lambda: pl.DataFrame(FRAME).lazy(),
    "duckdb": lambda: duckdb.connect().from_arrow(FRAME),
    "bytes": lambda: b"\0\xff",
    "no bytes": lambda: b"",
    "file": lambda: File("page é.html", b"<html>", "text/html"),
    "text": lambda: "é",
    "number": lambda: 1.5,
    "none": lambda: None,
    "json": lambda: {"a": [1, None, {"b": "é"}]},
    "failure": lambda: PartitionFailure("the source was gone"),
    "frames": lambda: {"a/b": FRAME, "b": b"zz", "c": 5},
    "nested frames": lambda: {"in": {"deep": {"frame": FRAME, "page": b"x"}}, "n": None},
    "names like ours": lambda: {"value.json": FRAME, "value.parquet": b"x", "partitions.json": {"items": b"y"}},
    "files": lambda: {"page": File("a", b"1"), "deep": {"page": File("b", b"2")}},
}


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_every_value_comes_back(lake: Lake, make: Any) -> None:
    scratch = Scratch(lake.store)
    scratch.save("_scratch/none/run/step/result", make())

    assert same(scratch.load("_scratch/none/run/step/result"), make())


def test_partitions_are_streamed(lake: Lake) -> None:
    scratch = Scratch(lake.store)
    parts = [("a|b,c", FRAME), ("b/..", PartitionFailure("gone")), ("c", {"x": FRAME}), ("d", b"raw")]
    scratch.save("_scratch/none/run/step", Partitions(iter(parts)))
    found = scratch.load("_scratch/none/run/step", Partitions)

    assert isinstance(found, Partitions)
    for (key, value), (expected_key, expected) in zip(found, parts, strict=True):
        assert key == expected_key
        assert same(value, expected)


def test_a_frame_comes_as_what_is_asked_for(lake: Lake) -> None:
    scratch = Scratch(lake.store)
    scratch.save("_scratch/none/run/step", FRAME)
    scratch.save("_scratch/none/run/many", Partitions([("a", FRAME)]))

    assert isinstance(scratch.load("_scratch/none/run/step", pl.LazyFrame), pl.LazyFrame)
    [(_key, part)] = scratch.load("_scratch/none/run/many", Partitions)
    assert isinstance(part, pa.Table)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (object(), "An op returned object, which cannot be handed to the next op"),
        ({1: "a"}, "its key 1 is no text"),
        ({"a": [{2: "a"}]}, "its key 2 is no text"),
        ({1: FRAME}, "Expected text keys beside frames, found the key 1 of type int"),
        ({"when": Decimal("1.1")}, "Decimal is not JSON serializable"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "each column once"),
    ],
    ids=["object", "int keys", "nested int keys", "int keys of frames", "decimal", "columns twice"],
)
def test_what_cannot_be_kept_is_told(folder_lake: Lake, value: Any, sentence: str) -> None:
    with pytest.raises(FrameError, match=sentence):
        Scratch(folder_lake.store).save("_scratch/none/run/step", value)


def test_a_run_is_removed_and_no_other(lake: Lake) -> None:
    scratch = Scratch(lake.store)
    for run in ("run", "run2", "other/run"):
        manager = LakeIOManager(lake)
        manager.scratch.save(f"_scratch/none/{run.replace('/', '%2F')}/step", {"a": FRAME, "b": b"x"})
    lake.store.put("bronze/x/data.parquet", b"x")

    assert scratch.runs() == {"run", "run2", "other/run"}
    assert scratch.remove("run") == 3
    assert scratch.remove("run") == 0
    assert scratch.runs() == {"run2", "other/run"}
    with pytest.raises(PartitionMissing, match=r"found nothing: the run's scratch space was removed\. Re-execute"):
        scratch.load("_scratch/none/run/step")
    assert lake.store.get("bronze/x/data.parquet") == b"x"


# -- through runs


def test_op_outputs_of_a_graph_asset_and_of_a_job(lake: Lake) -> None:
    partitions = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05")

    @dg.op
    def download(context) -> Partitions:
        return Partitions((key, {"text": f"{key};1"}) for key in context.partition_keys)

    @dg.op
    def parse(downloaded: Partitions) -> Partitions:
        return Partitions((key, pl.DataFrame({"x": [raw["text"].split(";")[1]]})) for key, raw in downloaded)

    @dg.graph_asset(partitions_def=partitions)
    def parsed():
        return parse(download())

    @dg.op(out={"page": dg.Out(), "names": dg.Out()})
    def one():
        return b"<html>", {"a": {"b": pd.DataFrame({"x": [1]})}}

    @dg.op
    def two(page, names) -> str:
        return page.decode() + str(names["a"]["b"]["x"].sum())

    @dg.job(resource_defs={"io_manager": LakeIOManager(lake)})
    def classic():
        two(*one())

    with runs_on(lake) as runs:
        runs.materialize(parsed, span=("2026-01-01", "2026-01-03"))
        assert runs.stored("parsed") == runs.partitions("parsed") == ["2026-01-01", "2026-01-02", "2026-01-03"]
        result = classic.execute_in_process(instance=runs.instance)
        assert result.output_for_node("two") == "<html>1"
        assert len(Scratch(lake.store).runs()) == 2


def test_mapped_steps_have_places_of_their_own(runs: Runs) -> None:
    @dg.op(out=dg.DynamicOut())
    def each():
        for name in ("a", "b"):
            yield dg.DynamicOutput(pd.DataFrame({"x": [name]}), mapping_key=name)

    @dg.op
    def upper(frame):
        return frame["x"].str.upper().to_list()

    @dg.op
    def collect(found) -> list:
        return found

    @dg.job(resource_defs={"io_manager": runs.manager})
    def mapped():
        collect(each().map(upper).collect())

    assert mapped.execute_in_process(instance=runs.instance).output_for_node("collect") == [["A"], ["B"]]


def test_a_transient_asset_lives_in_its_run_only(runs: Runs) -> None:
    @dg.asset(metadata={"slipway/transient": True})
    def raw():
        return pl.DataFrame({"x": [1]})

    @dg.asset
    def table(raw):
        assert isinstance(raw, pl.DataFrame)
        return raw

    result = runs.materialize(raw, table)

    assert runs.stored("raw") == []
    assert runs.manager.scratch.runs() == {result.run_id}
    assert runs.partitions("raw") == [None]
    said = failure(runs.materialize(raw, table, only=[table], fails=True))
    assert "raw is transient: its value lives only in the run that makes it. Materialize it in the same run" in said


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(failing_job.PLACE, str(tmp_path))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    (tmp_path / "broken").touch()
    return tmp_path


@pytest.mark.parametrize("job", [failing_job.op_job, failing_job.asset_job], ids=["op job", "graph asset"])
def test_re_execution_from_failure_reads_what_the_failed_run_made(place: Path, job: Any) -> None:
    with dg.DagsterInstance.get() as instance:
        pointer = dg.reconstructable(job)
        first = dg.execute_job(pointer, instance)
        assert not first.success
        (place / "broken").unlink()
        options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        second = dg.execute_job(pointer, instance, reexecution_options=options)
        assert second.success
        assert second.run_id != first.run_id

    assert (place / "ran").read_text().split() == ["download", "transform", "transform"]
    lake = Lake(LakeSettings(folder=place / "lake"))
    assert first.run_id in Scratch(lake.store).runs()
    if job is failing_job.asset_job:
        assert rows(lake.load(("bronze", "totals"), [(None, {})]).table(dimensions=False)) == [{"a": 0, "b|,": 1}]


def test_once_the_scratch_space_is_gone_the_run_says_so(place: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        pointer = dg.reconstructable(failing_job.op_job)
        first = dg.execute_job(pointer, instance)
        Scratch(Lake(LakeSettings(folder=place / "lake")).store).remove(first.run_id)
        options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        second = dg.execute_job(pointer, instance, reexecution_options=options)

        [event] = [event for event in second.all_events if event.is_step_failure]
        error = event.step_failure_data.error
        assert error is not None
        assert "the run's scratch space was removed. Re-execute the run from its first step." in str(error.cause)
