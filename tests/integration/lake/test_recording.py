"""What Dagster's event log knows of a partition, and that it knows it once.

In a run over many partitions Dagster would log generic materializations, all with one data version, after the lake's
own. `suppress_generic_materializations` relies on Dagster's internals: these tests pin it.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of the assets below.

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from slipway.lake import Facts, Lake, LakeIOManager, LakeSettings, LakeTable, Partitions, Verdict
from slipway.lake.hashing import content_hash
from slipway.lake.lake import AssetPath, Draft
from slipway.lake.publishing import publish
from tests.lake_runs import Runs, asset_key, failure, runs_on
from tests.lake_tables import SmallTable

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
KEYS = DAYS.get_partition_keys()
RANGED = dg.BackfillPolicy.single_run()
SPAN = (KEYS[0], KEYS[3])
VERSION = "dagster/data_version"


def frame(key: str) -> pd.DataFrame:
    return pd.DataFrame({"x": [key]})


@dg.asset(partitions_def=DAYS, backfill_policy=RANGED, code_version="c7")
def upstream(context):
    return Partitions((key, frame(key)) for key in context.partition_keys)


@dg.asset(partitions_def=DAYS, backfill_policy=RANGED, code_version="c8")
def downstream(context, upstream):
    return upstream


@pytest.mark.parametrize("together", [True, False], ids=["one run", "two runs"])
def test_each_partition_has_one_materialization_with_its_own_versions(runs: Runs, together: bool) -> None:
    if together:
        runs.materialize(upstream, downstream, span=SPAN)
    else:
        runs.materialize(upstream, span=SPAN)
        runs.materialize(upstream, downstream, only=[downstream], span=SPAN)

    for name, code in (("upstream", "c7"), ("downstream", "c8")):
        assert runs.partitions(name) == KEYS[:4]
        for materialization in runs.materializations(name):
            assert materialization.partition is not None
            expected = content_hash(pa.table({"x": [materialization.partition]}))
            assert materialization.tags is not None
            assert materialization.tags[VERSION] == expected
            assert materialization.tags["dagster/data_version_is_user_provided"] == "true"
            assert materialization.tags["dagster/code_version"] == code
    for materialization in runs.materializations("downstream"):
        assert {"dagster/input_data_version/upstream", "dagster/input_event_pointer/upstream"} <= set(
            materialization.tags or {}
        )
    assert runs.instance.get_materialized_partitions(asset_key("downstream")) == set(KEYS[:4])


def test_the_objects_say_the_same_as_the_events(runs: Runs) -> None:
    result = runs.materialize(upstream, span=SPAN)

    for materialization in runs.materializations("upstream"):
        who = runs.lake.provenance(("bronze", "upstream"), {"day": str(materialization.partition)})
        assert who is not None
        assert (who.asset, who.partition) == ("bronze/upstream", materialization.partition)
        assert (who.run_id, who.code_version, who.rows) == (result.run_id, "c7", 1)
        assert who.data_version == (materialization.tags or {})[VERSION]


def test_downstream_is_fresh_until_its_partition_changes(runs: Runs) -> None:
    from dagster._core.definitions.data_version import CachingStaleStatusResolver
    from dagster._core.loader import LoadingContextForTest

    runs.materialize(upstream, downstream, span=SPAN)

    def stale(key: str) -> str:
        definitions = dg.Definitions([upstream, downstream])
        graph = definitions.resolve_asset_graph()
        resolver = CachingStaleStatusResolver(runs.instance, graph, LoadingContextForTest(runs.instance))
        return resolver.get_status(asset_key("downstream"), key).value

    assert {stale(key) for key in KEYS[:4]} == {"FRESH"}

    @dg.asset(key="upstream", partitions_def=DAYS, backfill_policy=RANGED, code_version="c7")
    def corrected(context):
        return Partitions((key, frame("other" if key == KEYS[1] else key)) for key in context.partition_keys)

    runs.materialize(corrected, span=SPAN)

    assert [stale(key) for key in KEYS[:4]] == ["FRESH", "STALE", "FRESH", "FRESH"]


def test_a_plain_assets_own_version_tags_and_metadata_count(runs: Runs) -> None:
    @dg.asset(code_version="c1")
    def plain():
        return dg.MaterializeResult(
            value=frame("a"), data_version=dg.DataVersion("mine"), tags={"team": "sales"}, metadata={"figure": 5}
        )

    runs.materialize(plain)

    [materialization] = runs.materializations("plain")
    assert materialization.tags is not None
    assert materialization.tags[VERSION] == "mine"
    assert materialization.tags["team"] == "sales"
    assert materialization.metadata["figure"].value == 5
    assert materialization.metadata["dagster/row_count"].value == 1
    who = runs.lake.provenance(("bronze", "plain"), {})
    assert who is not None
    assert who.code_version == "c1"


def test_a_plain_assets_version_is_its_content(runs: Runs) -> None:
    @dg.asset(partitions_def=DAYS)
    def plain(context):
        return frame("always the same")

    for key in KEYS[:2]:
        runs.materialize(plain, partition=key)

    assert runs.partitions("plain") == KEYS[:2]
    versions = {(m.tags or {})[VERSION] for m in runs.materializations("plain")}
    assert versions == {content_hash(pa.table({"x": ["always the same"]}))}


def test_what_an_asset_says_itself_is_kept_in_a_ranged_run(runs: Runs) -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=RANGED)
    def made(context: dg.AssetExecutionContext):
        context.add_asset_metadata({"source": "api"})
        context.add_asset_metadata({"calls": 2}, partition_key=KEYS[1])
        value = Partitions((key, frame(key)) for key in context.partition_keys)
        return dg.MaterializeResult(value=value, metadata={"figure": 5})

    runs.materialize(made, span=SPAN)

    said = [m.metadata for m in runs.materializations("made")]
    assert [metadata["figure"].value for metadata in said] == [5, 5, 5, 5]
    assert [metadata["source"].value for metadata in said] == ["api"] * 4
    assert ["calls" in metadata for metadata in said] == [False, True, False, False]


def test_the_outputs_of_a_multi_asset_are_told_apart(runs: Runs) -> None:
    outs = {"one": dg.AssetOut(code_version="c1"), "other": dg.AssetOut()}

    @dg.multi_asset(outs=outs, partitions_def=DAYS, backfill_policy=RANGED)
    def both(context):
        keys = list(context.partition_keys)
        return Partitions((key, frame(key)) for key in keys), Partitions((key, {"n": 1}) for key in keys)

    runs.materialize(both, span=SPAN)

    assert runs.partitions("one") == runs.partitions("other") == KEYS[:4]
    assert len({(m.tags or {})[VERSION] for m in runs.materializations("one")}) == 4
    assert len({(m.tags or {})[VERSION] for m in runs.materializations("other")}) == 1


def test_a_backfill_is_named_in_its_materializations(runs: Runs) -> None:
    runs.materialize(upstream, span=SPAN, tags={"dagster/backfill": "b1"})

    assert {(m.tags or {})["dagster/backfill"] for m in runs.materializations("upstream")} == {"b1"}


def test_the_page_of_a_partition(runs: Runs) -> None:
    runs.materialize(upstream, span=SPAN)
    metadata = runs.materializations("upstream")[0].metadata

    assert metadata["dagster/partition_row_count"].value == 1
    assert metadata["dagster/uri"].value == runs.lake.store.location(f"bronze/upstream/day={KEYS[0]}/data.parquet")
    assert metadata["bytes"].value == Path(str(metadata["dagster/uri"].value)).stat().st_size
    assert metadata["preview"].value == f"| x |\n| --- |\n| {KEYS[0]} |"
    schema = metadata["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == ["x"]


# -- judged before it is published


def judged(rows: pa.Table, facts: Facts) -> list[Verdict]:
    total = sum(rows.column("x").to_pylist())
    return [
        Verdict("positive", total >= 0, reason="" if total >= 0 else f"the total is {total}", metadata={"sum": total}),
        Verdict("small", total < 100, blocking=False, reason="larger than usual"),
        Verdict("steady", len(facts.history) < 9, metadata={"earlier": json.dumps(facts.history)}),
    ]


TABLE = SmallTable(
    pa.schema([("x", pa.int64()), ("email", pa.string())]),
    personal={"email"},
    measures=lambda rows: {"x_total": sum(rows.column("x").to_pylist())},
    checks=judged,
    earlier=lambda partition: [key for key in reversed(KEYS) if partition and key < partition][:2],
)


def rows(x: int) -> pa.Table:
    return pa.table({"x": [x], "email": ["someone@example.org"]})


@pytest.fixture
def checked(tmp_path: Path) -> Iterator[Runs]:
    lake = Lake(LakeSettings(folder=tmp_path), {("bronze", "checked"): TABLE})
    with runs_on(lake) as found:
        yield found


def asset_of(values: dict[str, int]) -> dg.AssetsDefinition:
    @dg.asset(name="checked", partitions_def=DAYS, backfill_policy=RANGED)
    def made(context):
        return Partitions((key, rows(values[key])) for key in context.partition_keys)

    return made


def evaluations(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str | None], bool]:
    return {(e.check_name, e.partition): e.passed for e in result.get_asset_check_evaluations()}


def test_a_refused_partition_is_not_published_but_kept_aside(checked: Runs) -> None:
    values = dict.fromkeys(KEYS, 1)
    checked.materialize(asset_of(values), span=SPAN)
    result = checked.materialize(asset_of(values | {KEYS[1]: -5, KEYS[2]: 500}), span=SPAN, fails=True)

    assert [len([k for k in checked.partitions("checked") if k == key]) for key in KEYS[:4]] == [2, 1, 2, 2]
    kept = checked.lake.load(("bronze", "checked"), [("x", {"day": KEYS[1]})])
    assert kept.table(dimensions=False).to_pylist() == rows(1).to_pylist()
    refused = checked.lake.store.get(f"_rejected/bronze/checked/day={KEYS[1]}/data.parquet")
    assert refused is not None
    said = failure(result)
    assert f"1 partition of bronze/checked failed; 3 other partitions are written and recorded:\n  {KEYS[1]}: " in said
    assert "the total is -5 (refused rows: " in said
    found = evaluations(result)
    assert found[("positive", KEYS[1])] is False
    assert found[("positive", KEYS[0])] is True
    assert found[("small", KEYS[2])] is False


def test_measures_are_plotted_and_compared_and_nothing_personal_is_shown(checked: Runs) -> None:
    for n, key in enumerate(KEYS[:3]):
        checked.materialize(asset_of({key: n}), partition=key)

    metadata = [m.metadata for m in checked.materializations("checked")]
    assert [entry["x_total"].value for entry in metadata] == [0.0, 1.0, 2.0]
    assert "someone" not in str(metadata)
    assert "Not shown, because personal: email." in str(metadata[0]["preview"].value)
    who = checked.lake.provenance(("bronze", "checked"), {"day": KEYS[2]})
    assert who is not None
    assert (who.contract, who.measures) == ("v1", {"x_total": 2})


def test_a_check_with_a_bug_spoils_its_partition_alone(tmp_path: Path) -> None:
    def buggy(rows: pa.Table, facts: Facts) -> list[Verdict]:
        if facts.partition == KEYS[1]:
            raise ZeroDivisionError("a bug in a check")
        return []

    table = SmallTable(TABLE.arrow_schema, checks=buggy)
    with runs_on(Lake(LakeSettings(folder=tmp_path), {("bronze", "checked"): table})) as runs:
        said = failure(runs.materialize(asset_of(dict.fromkeys(KEYS, 1)), span=SPAN, fails=True))

        assert f"{KEYS[1]}: ZeroDivisionError: a bug in a check" in said
        assert runs.stored("checked") == runs.partitions("checked") == [KEYS[0], *KEYS[2:4]]


def test_companions_are_published_with_their_table_or_not_at_all(tmp_path: Path) -> None:
    quarantine = SmallTable(pa.schema([("reason", pa.string())]), checks=lambda rows, facts: [
        Verdict("few", len(rows) < 3, reason=f"{len(rows)} rows are too many")
    ])  # fmt: skip
    tables: dict[AssetPath, LakeTable] = {("bronze", "checked"): TABLE, ("quarantine", "checked"): quarantine}
    lake = Lake(LakeSettings(folder=tmp_path), tables)

    def draft(key: str, x: int, reasons: list[str]) -> Draft:
        aside = pa.table({"reason": pa.array(reasons, pa.string())})
        companion = Draft(("quarantine", "checked"), (key, {"day": key}), aside)
        return Draft(("bronze", "checked"), (key, {"day": key}), rows(x), companions=[companion])

    @dg.asset(name="checked", partitions_def=DAYS, backfill_policy=RANGED)
    def made(context: dg.AssetExecutionContext):
        drafts = [draft(KEYS[0], 1, ["a"]), draft(KEYS[1], -1, ["a"]), draft(KEYS[2], 1, ["a", "b", "c"])]
        tally = yield from publish(context.get_step_execution_context(), lake, [(d.key[0], d) for d in drafts])
        said.append(str(tally.failures))
        yield dg.Output(None)

    said: list[str] = []
    with runs_on(lake) as runs:
        dg.materialize(
            [made], resources={"io_manager": LakeIOManager(lake)}, instance=runs.instance, tags={
                "dagster/asset_partition_range_start": KEYS[0], "dagster/asset_partition_range_end": KEYS[2]},
        )  # fmt: skip
    assert [dims["day"] for dims, _ in lake.partitions(("bronze", "checked"))] == [KEYS[0]]
    assert [dims["day"] for dims, _ in lake.partitions(("quarantine", "checked"))] == [KEYS[0]]
    assert "the total is -1" in said[0]
    assert "quarantine/checked: 3 rows are too many" in said[0]
