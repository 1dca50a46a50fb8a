"""A code location of plain Dagster code: its assets get its layer, and other locations read them by that key."""

from __future__ import annotations

import itertools
import logging
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from slipway.lake import Lake, LakeIOManager, LakeSettingsError
from slipway.location import SettingError, code_location

_number = itertools.count()

PROJECT = """
[tool.dg]
directory_type = "project"
[tool.dg.project]
root_module = "{name}"
"""

WHOLESALER = """
    import dagster as dg
    import pandas as pd

    @dg.asset(group_name="people", owners=["team:sales"])
    def customers():
        "Plain."
        return pd.DataFrame({"id": [1, 2], "name": ["Ada", "Alan"]})

    @dg.asset
    def names(customers):
        return customers["name"].tolist()

    @dg.asset(key=["elsewhere", "kept"], deps=["customers"])
    def kept():
        return {"a": 1}

    @dg.asset_check(asset="customers", blocking=True)
    def ids_are_there(customers):
        return dg.AssetCheckResult(passed=bool(customers["id"].notna().all()))

    source = dg.AssetSpec("crm", description="not ours")
    mirror = dg.AssetSpec("mirror", deps=["crm", "names"])

    @dg.asset(deps=["crm"])
    def from_crm():
        return [1]

    everything = dg.define_asset_job("everything", selection="*")
"""

PARTITIONED = """
    import dagster as dg

    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04")

    @dg.asset(partitions_def=days)
    def visits(context):
        return [{"page": context.partition_key}]
"""

REPORTER = """
    import dagster as dg

    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04")
    customers = dg.AssetSpec(["bronze", "customers"])
    visits = dg.AssetSpec(["bronze", "visits"], partitions_def=days)

    @dg.asset(partitions_def=days, ins={"visits": dg.AssetIn(key=["bronze", "visits"])})
    def pages(visits):
        return [visit["page"] for visit in visits]

    @dg.asset(ins={"customers": dg.AssetIn(key=["bronze", "customers"])})
    def how_many(customers):
        return {"customers": len(customers)}
"""


class Locations:
    """Writes small dg projects and loads them, each with a module name of its own."""

    def __init__(self, folder: Path, lake: Lake) -> None:
        self.folder = folder
        self.lake = lake

    def load(self, layer: str, **files: str) -> dg.Definitions:
        name = f"plain_location_{next(_number)}"
        package = self.folder / name / "src" / name
        (package / "defs").mkdir(parents=True)
        (self.folder / name / "pyproject.toml").write_text(PROJECT.format(name=name))
        (package / "__init__.py").touch()
        (package / "defs" / "__init__.py").touch()
        for file, text in files.items():
            (package / "defs" / f"{file}.py").write_text(textwrap.dedent(text))
        sys.path.insert(0, str(package.parent))
        try:
            return code_location(package, layer=layer, lake=self.lake)
        finally:
            sys.path.remove(str(package.parent))


@pytest.fixture
def locations(tmp_path: Path, folder_lake: Lake) -> Iterator[Locations]:
    logging.disable(logging.ERROR)
    before = set(sys.modules)
    yield Locations(tmp_path, folder_lake)
    for module in set(sys.modules) - before:
        if module.startswith("plain_location_"):
            del sys.modules[module]
    logging.disable(logging.NOTSET)


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, *keys: str, partition: str | None = None
) -> dg.ExecuteInProcessResult:
    job = definitions.resolve_implicit_global_asset_job_def()
    selection = [dg.AssetKey(key.split("/")) for key in keys] or None
    return job.execute_in_process(instance=instance, asset_selection=selection, partition_key=partition)


def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_plain_assets_get_the_layer_and_say_that_they_promise_nothing(locations: Locations) -> None:
    found = specs(locations.load("bronze", assets=WHOLESALER))
    assert set(found) == {
        "bronze/customers",
        "bronze/names",
        "bronze/from_crm",
        "bronze/crm",
        "bronze/mirror",
        "elsewhere/kept",
    }
    assert found["bronze/names"].tags["contract"] == "none"
    assert found["bronze/names"].group_name == "bronze"
    assert found["bronze/customers"].group_name == "people", "a group that was given stays"
    assert list(found["bronze/customers"].owners) == ["team:sales"]


def test_dependencies_follow(locations: Locations) -> None:
    found = specs(locations.load("bronze", assets=WHOLESALER))
    deps = {key: {dep.asset_key.to_user_string() for dep in spec.deps} for key, spec in found.items()}
    assert deps == {
        "bronze/customers": set(),
        "bronze/names": {"bronze/customers"},
        "elsewhere/kept": {"bronze/customers"},
        "bronze/crm": set(),
        "bronze/mirror": {"bronze/crm", "bronze/names"},
        "bronze/from_crm": {"bronze/crm"},
    }


def test_checks_follow(locations: Locations, folder_lake: Lake) -> None:
    definitions = locations.load("bronze", assets=WHOLESALER)
    key = dg.AssetCheckKey(dg.AssetKey(["bronze", "customers"]), "ids_are_there")
    assert key in definitions.resolve_asset_graph().asset_check_keys
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(definitions, instance)
        [evaluation] = result.get_asset_check_evaluations()
    assert (evaluation.asset_check_key, evaluation.passed) == (key, True)


def test_the_location_has_what_every_location_has(locations: Locations) -> None:
    definitions = locations.load("bronze", assets=WHOLESALER)
    repository = definitions.get_repository_def()
    sensors = {sensor.name: sensor.default_status for sensor in repository.sensor_defs}
    assert sensors == dict.fromkeys(("automation", "scratch_cleanup"), dg.DefaultSensorStatus.RUNNING)
    assert repository.has_job("everything")


def test_another_location_reads_plain_assets_by_their_keys(locations: Locations, folder_lake: Lake) -> None:
    """It says which ones it reads, as Dagster wants it; nothing else passes between the two."""
    bronze = locations.load("bronze", assets=WHOLESALER, visits=PARTITIONED)
    gold = locations.load("gold", reports=REPORTER)
    assert set(specs(gold)) == {"gold/how_many", "gold/pages", "bronze/customers", "bronze/visits"}
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(bronze, instance, "bronze/customers").success
        assert run(bronze, instance, "bronze/visits", partition="2026-01-02").success
        assert run(gold, instance, "gold/how_many").success
        assert run(gold, instance, "gold/pages", partition="2026-01-02").success
    manager = LakeIOManager(folder_lake)
    assert manager.load(("gold", "how_many"), None, []) == {"customers": 2}
    [(_key, pages)] = folder_lake.load(("gold", "pages"), [("2026-01-02", {"day": "2026-01-02"})]).parts
    assert pages.to_pylist() == [{"value": "2026-01-02"}]


def test_an_empty_location_loads(locations: Locations) -> None:
    assert specs(locations.load("bronze")) == {}


def test_without_a_lake_one_sentence_says_what_is_missing(
    locations: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLIPWAY_LAKE")
    locations.lake = None  # type: ignore[assignment]
    with pytest.raises(LakeSettingsError, match=r"^SLIPWAY_LAKE is not set: expected the lake's folder"):
        locations.load("bronze", assets=WHOLESALER)


def test_a_wrong_setting_of_every_location_is_told(locations: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_SCRATCH_DAYS", "soon")
    with pytest.raises(SettingError, match=r"^SLIPWAY_SCRATCH_DAYS is 'soon': expected a number of days, such as 3"):
        locations.load("bronze", assets=WHOLESALER)


def test_definitions_may_import_one_another(locations: Locations) -> None:
    """Dagster's loader then finds one and the same object in several modules; it is listed once."""
    users = """
        import dagster as dg

        from .customers import customers, everything, ids_are_there, source

        @dg.asset(deps=[customers, source])
        def greetings():
            return ["hello"]

        nightly = dg.ScheduleDefinition(name="nightly", job=everything, cron_schedule="0 1 * * *")

        @dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS, request_job=everything)
        def again():
            pass
    """
    more = "from .users import again, greetings, nightly"
    defs = locations.load("bronze", customers=WHOLESALER, users=users, more=more)
    names = [job.name for job in defs.jobs or []]
    keys: list[dg.AssetKey] = []
    for asset in defs.assets or []:
        assert isinstance(asset, dg.AssetsDefinition | dg.AssetSpec | dg.SourceAsset)
        keys += asset.keys if isinstance(asset, dg.AssetsDefinition) else [asset.key]

    assert names == ["everything"]
    assert [schedule.name for schedule in defs.schedules or []] == ["nightly"]
    assert sorted(sensor.name for sensor in defs.sensors or []) == ["again", "automation", "scratch_cleanup"]
    assert len(keys) == len(set(keys))
    assert dg.AssetKey(["bronze", "greetings"]) in keys
    assert len(list(defs.asset_checks or [])) == 1
    dg.Definitions.validate_loadable(defs)
