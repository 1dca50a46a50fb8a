"""A whole embedded platform under test: shop, three code servers, and Dagster's daemons, their rounds made by hand.

The sensors, the automation, the queue and the backfills are the daemons' own, over real code servers, and runs are real
processes. Only the clock between rounds is left out, so that a test takes what the work takes and not what the
intervals add up to.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.remote_representation.external import RemoteSensor
from dagster._core.scheduler.instigation import SensorInstigatorData
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.asset_daemon import AssetDaemon
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration

from demo import Shop
from slipway.embedded.home import Home
from slipway.embedded.servers import code_servers
from slipway.lake import Lake, LakeSettings
from tests.integration.automation.forking import forking_server

LOCATIONS = ("ingestion", "transformation", "reporting")
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_log = logging.getLogger("automation-test")
_STUCK_SECONDS = 240


@dataclass(frozen=True)
class Run:
    """A run that was started: what for, and how it ended."""

    id: str
    assets: tuple[str, ...]
    partitions: str
    status: str
    tags: Mapping[str, str] = field(repr=False, compare=False)


@dataclass
class Happened:
    """What came of a change: the runs, and how often each partition was written."""

    runs: list[Run]
    written: dict[str, Counter[str]]

    def partitions(self, asset: str) -> list[str]:
        """The partitions written, in order; each once, or a test should know."""
        counts = self.written.get(asset, Counter())
        return sorted(counts.elements())

    def of(self, asset: str) -> list[Run]:
        return [run for run in self.runs if asset in run.assets]

    def assets(self) -> set[str]:
        return set(self.written)


class Platform:
    """Rounds of the daemons over a workspace, and what has happened in them."""

    def __init__(self, context: WorkspaceProcessContext, shop: Shop, home: Home) -> None:
        self.context = context
        self.instance = context.instance
        self.shop = shop
        self.home = home
        self.lake = Lake(LakeSettings.parse(str(home.lake)))
        self._automation = AssetDaemon({}, 0)
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
        self._event = self.instance.event_log_storage.get_maximum_record_id() or 0
        self._known = {run.run_id for run in self.instance.get_runs()}
        self.rounds = 0

    # -- rounds

    def round(self) -> None:
        """Each daemon once: all sensors, automation, backfills, the queue."""
        self.rounds += 1
        self._let_intervals_pass()
        self._drain(execute_sensor_iteration(self.context, _log, None, None))
        self._automation._run_iteration_impl(self.context, None, {}, {})
        self._drain(execute_backfill_iteration(self.context, _log))
        self._drain(self._queue.run_iteration(self.context))

    def settle(self, quiet: int = 3) -> Happened:
        """Rounds until nothing is under way and nothing new was asked for in some rounds; what came of them."""
        started, still, rounds = time.monotonic(), 0, self.rounds
        while still < quiet:
            before = len(self.instance.get_runs())
            self.round()
            unfinished = self.unfinished()
            idle = not unfinished and len(self.instance.get_runs()) == before
            still = still + 1 if idle else 0
            if unfinished:
                self._wait_for_one(unfinished)
            assert time.monotonic() - started < _STUCK_SECONDS, f"not settled: {unfinished}"
        happened = self.happened()
        _log.info("settled in %s rounds, %.1f s", self.rounds - rounds, time.monotonic() - started)
        return happened

    def unfinished(self) -> list[str]:
        """Ids of runs and backfills that are not over."""
        runs = [run.run_id for run in self.instance.get_runs() if run.status not in FINISHED_STATUSES]
        active = [
            backfill.backfill_id
            for backfill in self.instance.get_backfills()
            if backfill.status.value in ("REQUESTED", "CANCELING", "FAILING")
        ]
        return runs + active

    def _wait_for_one(self, unfinished: Sequence[str], seconds: float = 1.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and set(unfinished) <= set(self.unfinished()):
            time.sleep(0.05)

    def _let_intervals_pass(self) -> None:
        for state in self.instance.all_instigator_state():
            data = state.instigator_data
            if isinstance(data, SensorInstigatorData):
                self.instance.update_instigator_state(
                    state.with_data(data._replace(last_tick_start_timestamp=1.0, last_tick_timestamp=1.0))
                )

    @staticmethod
    def _drain(iteration: Iterator[Any]) -> None:
        for error in iteration:
            assert error is None or not hasattr(error, "message"), error

    def stop_sensor(self, location: str, name: str) -> None:
        """As somebody does in the UI."""
        sensor = self._sensor(location, name)
        self.instance.stop_sensor(sensor.get_remote_origin_id(), sensor.selector_id, sensor)

    def start_sensor(self, location: str, name: str) -> None:
        self.instance.start_sensor(self._sensor(location, name))

    def _sensor(self, location: str, name: str) -> RemoteSensor:
        [repository] = self.context.create_request_context().get_code_location(location).get_repositories().values()
        return repository.get_sensor(name)

    # -- what has happened

    def happened(self) -> Happened:
        """Runs and materializations since the last call."""
        runs = [run for run in self.instance.get_runs() if run.run_id not in self._known]
        self._known |= {run.run_id for run in runs}
        written: dict[str, Counter[str]] = {}
        keys = {key for run in runs for key in run.asset_selection or ()}
        keys |= set(self.instance.all_asset_keys())
        newest = self.instance.event_log_storage.get_maximum_record_id() or 0
        for key in keys:
            records = self.instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, after_storage_id=self._event), limit=5000
            ).records
            for record in records:
                partition = record.partition_key or ""
                written.setdefault("/".join(key.path), Counter())[partition] += 1
        self._event = newest
        return Happened([_run(run) for run in reversed(runs)], written)

    def failures(self, run: Run) -> str:
        records = self.instance.get_records_for_run(run.id, of_type=dg.DagsterEventType.STEP_FAILURE).records
        return "\n".join(str(r.event_log_entry.dagster_event.step_failure_data.error) for r in records)


def _run(run: dg.DagsterRun) -> Run:
    start, end = (run.tags.get(tag) for tag in RANGE)
    partitions = run.tags.get("dagster/partition") or (f"{start}...{end}" if start != end else start) or ""
    assets = tuple(sorted("/".join(key.path) for key in run.asset_selection or ()))
    return Run(run.run_id, assets or (run.job_name,), partitions, run.status.value, run.tags)


@contextmanager
def platform(
    root: Path, first: dt.date, last: dt.date, *, deliver: bool = True, now: dt.datetime | None = None
) -> Iterator[Platform]:
    """An empty platform with a shop whose calendar is first to last."""
    with ExitStack() as stack:
        shop = stack.enter_context(
            Shop(root / "shop", first, last, fault_share=0, deliver=deliver, now=now)
        )
        home = Home(root)
        variables = home.make(
            {
                "SLIPWAY_FIRST_DAY": first.isoformat(),
                "SLIPWAY_LAST_DAY": last.isoformat(),
                "SLIPWAY_LANDING": str(shop.landing),
                "SLIPWAY_LANDING_SETTLE_SECONDS": "0",
                "SLIPWAY_SHOP_API_URL": shop.url,
                "SLIPWAY_SHOP_DATABASE_URL": shop.database_urls["shop"],
                # What the automation leaves undone is to stay so: a test must see it.
                "SLIPWAY_CATCH_UP_SECONDS": "3600",
            },
            LOCATIONS,
        )
        stack.enter_context(_environment(variables))
        address = stack.enter_context(forking_server(root, LOCATIONS))
        _launch_by_forking(home, address)
        ports = stack.enter_context(code_servers(LOCATIONS, root / "servers"))
        workspace = root / "workspace.yaml"
        workspace.write_text(
            yaml.safe_dump(
                {
                    "load_from": [
                        {"grpc_server": {"host": "localhost", "port": port, "location_name": name}}
                        for name, port in ports.items()
                    ]
                }
            )
        )
        instance = stack.enter_context(dg.DagsterInstance.get())
        context = stack.enter_context(WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)])))
        platform = Platform(context, shop, home)
        platform.stop_sensor("reporting", "report_published")  # what it starts is no asset, and slow
        yield platform


def _launch_by_forking(home: Home, address: Path) -> None:
    file = home.dagster_home / "dagster.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["run_launcher"] = {
        "module": "tests.integration.automation.forking",
        "class": "ForkingRunLauncher",
        "config": {"address": str(address)},
    }
    file.write_text(yaml.safe_dump(settings))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
