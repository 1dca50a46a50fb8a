"""Everything that the three code locations serve, as a snapshot: a change of the asset graph shows in review.

After a change that is meant: `pytest tests/unit/definitions --snapshot-update`, and read the difference.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

LOCATIONS = ("ingestion", "transformation", "reporting")
LAYERS = {"ingestion": "bronze", "transformation": "silver", "reporting": "gold"}


@cache
def definitions(location: str) -> dg.Definitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dg.Definitions = importlib.import_module(f"{location}.definitions").defs()
        return found


def assets(location: str) -> dict[str, dict[str, Any]]:
    graph = definitions(location).resolve_asset_graph()
    checks: dict[dg.AssetKey, list[str]] = {}
    for key in graph.asset_check_keys:
        spec = graph.get_check_spec(key)
        checks.setdefault(key.asset_key, []).append(f"{key.name} ({'blocking' if spec.blocking else 'warning'})")
    return {
        spec.key.to_user_string(): {
            "made here": graph.get(spec.key).is_materializable,
            "depends on": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "partitions": partitions(spec.partitions_def),
            "starts": spec.automation_condition.get_label() if spec.automation_condition else "not by itself",
            "checks": sorted(checks.get(spec.key, [])),
            "group": spec.group_name,
            "owners": list(spec.owners),
            "kinds": sorted(spec.kinds),
            "code version": spec.code_version,
            "runs": backfill(graph.get(spec.key).backfill_policy),
            "tags": {name: value for name, value in spec.tags.items() if not name.startswith("dagster/kind")},
        }
        for spec in sorted(definitions(location).resolve_all_asset_specs(), key=lambda spec: spec.key)
    }


def partitions(definition: dg.PartitionsDefinition | None) -> str:
    if definition is None:
        return "none"
    if not isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return str(definition)
    keys = definition.get_partition_keys()
    return f"{definition} {len(keys)} keys, {keys[0]} to {keys[-1]}"


def backfill(policy: dg.BackfillPolicy | None) -> str:
    if policy is None:
        return "one a partition"
    return (
        "one a range" if policy.max_partitions_per_run is None else f"{policy.max_partitions_per_run} partitions each"
    )


def sensors(location: str) -> dict[str, dict[str, Any]]:
    repository = definitions(location).get_repository_def()
    return {
        sensor.name: {
            "type": sensor.sensor_type.value,
            "by default": sensor.default_status.value,
            "every": f"{sensor.minimum_interval_seconds or 30} s",
            "starts": sorted(started for target in sensor.targets for started in starts(repository, target.job_name)),
        }
        for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
    }


def starts(repository: dg.RepositoryDefinition, job: str) -> list[str]:
    """A job's name, or the assets of the nameless job of a sensor that targets assets."""
    if not job.startswith("__"):
        return [job]
    layer = repository.get_job(job).asset_layer
    return [key.to_user_string() for key in layer.executable_asset_keys]


def schedules(location: str) -> dict[str, dict[str, Any]]:
    repository = definitions(location).get_repository_def()
    return {
        schedule.name: {
            "at": schedule.cron_schedule,
            "time zone": schedule.execution_timezone,
            "by default": schedule.default_status.value,
            "starts": schedule.job_name,
        }
        for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name)
    }


def jobs(location: str) -> dict[str, list[str]]:
    """Jobs by name, with the assets or ops that they run; without Dagster's own job of all assets."""
    repository = definitions(location).get_repository_def()
    return {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
        or sorted(node.name for node in job.nodes)
        for job in sorted(repository.get_all_jobs(), key=lambda job: job.name)
        if not job.name.startswith("__")
    }


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("part", [assets, sensors, schedules, jobs])
def test_what_a_location_serves(location: str, part: Any, snapshot: SnapshotAssertion) -> None:
    assert part(location) == snapshot


# What holds whatever is added


def made() -> Iterator[tuple[str, dg.AssetSpec]]:
    for location in LOCATIONS:
        graph = definitions(location).resolve_asset_graph()
        for spec in definitions(location).resolve_all_asset_specs():
            if graph.get(spec.key).is_materializable:
                yield location, spec


def test_a_location_makes_the_tables_of_its_layer_and_nothing_twice() -> None:
    keys = [spec.key for _, spec in made()]
    assert len(keys) == len(set(keys))
    assert {(location, spec.key.path[0]) for location, spec in made()} == set(LAYERS.items())


def test_every_table_has_a_group_an_owner_a_description_and_its_columns() -> None:
    for _location, spec in made():
        assert spec.group_name == spec.key.path[0], spec.key
        assert spec.owners, spec.key
        assert spec.description, spec.key
        assert "dagster/column_schema" in spec.metadata, spec.key


def test_locations_agree_on_the_tables_that_pass_between_them() -> None:
    """Dagster takes one location's word for another's asset: partitions and columns must be the same in both."""
    by_key = {spec.key: spec for _, spec in made()}
    shared = 0
    for location in LOCATIONS:
        graph = definitions(location).resolve_asset_graph()
        for spec in definitions(location).resolve_all_asset_specs():
            if graph.get(spec.key).is_materializable or spec.key not in by_key:
                continue
            shared += 1
            assert spec.partitions_def == by_key[spec.key].partitions_def, spec.key
            assert spec.metadata["contract"] == by_key[spec.key].metadata["contract"], spec.key
    assert shared >= 8


def test_what_is_read_is_made_by_somebody() -> None:
    known = {spec.key for location in LOCATIONS for spec in definitions(location).resolve_all_asset_specs()}
    made_here = {spec.key for _, spec in made()}
    for _location, spec in made():
        for dep in spec.deps:
            assert dep.asset_key in known, f"{spec.key} reads {dep.asset_key}"
            assert dep.asset_key in made_here or dep.asset_key.path[0] == "quarantine"


@pytest.mark.parametrize("part", [jobs, schedules, sensors])
def test_names_are_told_apart_over_all_locations(part: Any) -> None:
    """In the UI's lists, each name should say which one it is; what the library adds is called the same everywhere."""
    names = [name for location in LOCATIONS for name in part(location)]
    several = {name for name in names if names.count(name) > 1}
    assert several <= {"automation", "catch_up", "scratch_cleanup"}
