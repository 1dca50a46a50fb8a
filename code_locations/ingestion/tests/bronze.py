"""Runs of ingestion's assets into a lake on a temporary folder, and what they left there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from slipway.lake import Lake, LakeIOManager, LakeSettings, Provenance
from slipway.quality import declared_tables

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@dataclass
class Bronze:
    """A lake, a Dagster instance and the resources that the assets under test need."""

    folder: Path
    instance: dg.DagsterInstance
    resources: dict[str, Any] = field(default_factory=dict)

    @property
    def lake(self) -> Lake:
        tables = {contract.path: contract for contract in declared_tables()}
        return Lake(LakeSettings.parse(str(self.folder / "lake")), tables)

    @property
    def all_resources(self) -> dict[str, Any]:
        return {"io_manager": LakeIOManager(self.lake, "bronze"), **self.resources}

    def materialize(
        self,
        assets: Sequence[Any],
        *,
        span: tuple[str, str] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Run assets; a failure is in the result, not raised."""
        ranged = {RANGE_START: span[0], RANGE_END: span[1]} if span else {}
        return dg.materialize(
            list(assets),
            partition_key=partition,
            resources=self.all_resources,
            instance=self.instance,
            tags={**ranged, **(tags or {})},
            raise_on_error=False,
        )

    def request(self, assets: Sequence[Any], run: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Run what a sensor has asked for, as the daemon would."""
        chosen = [asset for asset in assets if asset.key in (run.asset_selection or [])]
        assert len(chosen) == len(run.asset_selection or [])
        return self.materialize(chosen, tags={k: v for k, v in run.tags.items() if k in (RANGE_START, RANGE_END)})

    def rows(self, key: str, day: str | None = None) -> list[dict[str, Any]]:
        """A partition's rows."""
        dims = {"day": day} if day else {}
        found: list[dict[str, Any]] = (
            self.lake.load(tuple(key.split("/")), [(day, dims)]).table(dimensions=False).to_pylist()
        )
        return found

    def days(self, key: str) -> list[str]:
        return sorted(dims["day"] for dims, _size in self.lake.partitions(tuple(key.split("/"))))

    def provenance(self, key: str, day: str | None = None) -> Provenance:
        found = self.lake.provenance(tuple(key.split("/")), {"day": day} if day else {})
        assert found is not None
        return found


@contextlib.contextmanager
def bronze_in(folder: Path, **resources: Any) -> Iterator[Bronze]:
    with quiet(), dg.DagsterInstance.ephemeral() as instance:
        yield Bronze(folder, instance, resources)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Dagster's event log on standard error, which a year of partitions fills."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The message of each failed step: the error itself, below the one in which Dagster wraps it."""
    found = {}
    for event in result.get_step_failure_events():
        error = event.step_failure_data.error
        assert error is not None
        found[str(event.step_key)] = (error.cause or error).message
    return found


def metadata_of(result: dg.ExecuteInProcessResult, key: str) -> dict[str, Any]:
    """The metadata of the one materialization of an asset in a run."""
    [event] = [
        event
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey(key.split("/"))
    ]
    return {name: value.value for name, value in event.materialization.metadata.items()}


@dataclass
class Watch:
    """A sensor as the daemon runs it: it keeps the cursor, and starts a run key once."""

    bronze: Bronze
    sensor: dg.SensorDefinition
    cursor: str | None = None
    started: dict[str, dg.RunRequest] = field(default_factory=dict)
    said: str = ""

    def asks(self) -> list[dg.RunRequest]:
        """What a tick requests, whether it was started before or not."""
        with dg.build_sensor_context(
            instance=self.bronze.instance, cursor=self.cursor, resources=self.bronze.all_resources
        ) as context:
            found = self.sensor.evaluate_tick(context)
        self.cursor, self.said = found.cursor, found.skip_message or ""
        return list(found.run_requests or [])

    def tick(self) -> list[dg.RunRequest]:
        """What a tick starts."""
        new = {str(run.run_key): run for run in self.asks() if run.run_key not in self.started}
        self.started |= new
        return list(new.values())

    def settle(self, assets: Sequence[Any]) -> None:
        """Tick and run until nothing is left to do."""
        for _ in range(100):
            runs = self.tick()
            if not runs:
                return
            for run in runs:
                assert self.bronze.request(assets, run).success
        raise AssertionError("the sensor does not come to rest")


def asked(runs: Sequence[dg.RunRequest]) -> list[tuple[set[str], str]]:
    """Run requests as (last parts of their assets' keys, `first...last` day or nothing)."""
    return [
        (
            {key.path[-1] for key in run.asset_selection or []},
            "...".join(run.tags[name] for name in (RANGE_START, RANGE_END) if name in run.tags),
        )
        for run in runs
    ]
