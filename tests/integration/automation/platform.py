"""A whole embedded platform under test: shop, three code servers, and Dagster's daemons, their rounds made by hand.

The sensors, the automation, the queue and the backfills are the daemons' own, over real code servers, and each run is a
process. Only the clock between rounds is left out, so that a test takes what the work takes and not what the intervals
add up to; and a round begins when the runs of the one before are over, so that what is counted is always the same.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from slipway.embedded.processes import Processes
from slipway.embedded.runs import Runner, Stretch
from slipway.embedded.servers import code_servers
from tests.integration.automation.forking import ForkingRunLauncher

LOCATIONS = ("ingestion", "transformation", "reporting")
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_log = logging.getLogger("tests.automation")
_MOST_ROUNDS = 40
_LONGEST_RUN = 180.0


@dataclass(frozen=True)
class Run:
    """A run: what for, who asked for it, and how it ended."""

    id: str
    assets: tuple[str, ...]
    partitions: str
    status: str
    asked_by: str
    tags: Mapping[str, str] = field(repr=False, compare=False)


@dataclass
class Happened:
    """What came of a change: the runs in their order, and how often each partition was written."""

    runs: list[Run]
    written: dict[str, Counter[str]]

    def partitions(self, asset: str) -> list[str]:
        """The partitions written, in order; one that was written twice stands there twice."""
        return sorted(self.written.get(asset, Counter()).elements())

    def of(self, asset: str) -> list[Run]:
        return [run for run in self.runs if asset in run.assets]

    def by_layer(self, layer: str) -> dict[str, list[str]]:
        """What was written of a layer: asset without the layer -> partitions."""
        names = sorted(name for name in self.written if name.startswith(f"{layer}/"))
        return {name.removeprefix(f"{layer}/"): self.partitions(name) for name in names}

    def failed(self) -> list[Run]:
        return [run for run in self.runs if run.status != "SUCCESS"]


class Platform:
    """Rounds of the daemons over a workspace, and what has happened in them."""

    def __init__(self, context: WorkspaceProcessContext, shop: Shop, home: Home) -> None:
        self.context = context
        self.instance = context.instance
        self.shop = shop
        self.home = home
        self.cold_start: Happened | None = None
        self._automation = AssetDaemon({}, 0)
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
        self._event = self.instance.event_log_storage.get_maximum_record_id() or 0
        self._known = {run.run_id for run in self.instance.get_runs()}

    # -- rounds

    def round(self) -> None:
        """Each daemon once (all sensors, automation, backfills, the queue); then wait for the runs that it started."""
        self._let_intervals_pass()
        self._drain(execute_sensor_iteration(self.context, _log, None, None))
        self._automation._run_iteration_impl(self.context, None, {}, {})
        self._drain(execute_backfill_iteration(self.context, _log))
        self._drain(self._queue.run_iteration(self.context))
        deadline = time.monotonic() + _LONGEST_RUN
        while started := self._runs(dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED):
            assert time.monotonic() < deadline, f"still running: {started}"
            time.sleep(0.05)

    def settle(self, quiet: int = 2) -> Happened:
        """Rounds until nothing is queued and some rounds have asked for nothing; what came of them."""
        still = 0
        for _ in range(_MOST_ROUNDS):
            before = len(self.instance.get_runs())
            self.round()
            idle = not self.under_way() and len(self.instance.get_runs()) == before
            still = still + 1 if idle else 0
            if still == quiet:
                return self.happened()
        raise AssertionError(f"not settled after {_MOST_ROUNDS} rounds: {self.happened().runs}")

    def under_way(self) -> list[str]:
        """Runs and backfills that are not over."""
        runs = [run.run_id for run in self.instance.get_runs() if run.status not in FINISHED_STATUSES]
        return runs + [each.backfill_id for each in self.instance.get_backfills() if each.status.value in _ACTIVE]

    def materialize(self, location: str, asset: str, partition: str) -> None:
        """Start a run by hand, as from the UI."""
        runner = Runner(self.instance, self.context, ForkingRunLauncher.processes)
        runner.start(Stretch(location, (dg.AssetKey(asset.split("/")),), partition, partition))

    def _runs(self, *statuses: dg.DagsterRunStatus) -> list[str]:
        return [run.run_id for run in self.instance.get_runs(dg.RunsFilter(statuses=list(statuses)))]

    def _let_intervals_pass(self) -> None:
        for state in self.instance.all_instigator_state():
            data = state.instigator_data
            if isinstance(data, SensorInstigatorData):
                past = data._replace(last_tick_start_timestamp=1.0, last_tick_timestamp=1.0)
                self.instance.update_instigator_state(state.with_data(past))

    @staticmethod
    def _drain(iteration: Iterable[Any]) -> None:
        for error in iteration:
            assert error is None or not hasattr(error, "message"), error

    # -- sensors

    def stop_sensor(self, location: str, name: str) -> None:
        """As somebody does in the UI."""
        sensor = self.sensor(location, name)
        self.instance.stop_sensor(sensor.get_remote_origin_id(), sensor.selector_id, sensor)

    def start_sensor(self, location: str, name: str) -> None:
        self.instance.start_sensor(self.sensor(location, name))

    def sensor(self, location: str, name: str) -> RemoteSensor:
        [repository] = self.context.create_request_context().get_code_location(location).get_repositories().values()
        return repository.get_sensor(name)

    # -- what has happened

    def happened(self) -> Happened:
        """Runs and materializations since the last call."""
        runs = [run for run in self.instance.get_runs() if run.run_id not in self._known]
        self._known |= {run.run_id for run in runs}
        newest = self.instance.event_log_storage.get_maximum_record_id() or 0
        written: dict[str, Counter[str]] = {}
        for key in self.instance.all_asset_keys():
            since = dg.AssetRecordsFilter(asset_key=key, after_storage_id=self._event)
            for record in self.instance.fetch_materializations(since, limit=5000).records:
                written.setdefault("/".join(key.path), Counter())[record.partition_key or ""] += 1
        self._event = newest
        return Happened([_run(run) for run in reversed(runs)], written)

    def why_failed(self, run: Run) -> str:
        """The errors of a run's steps."""
        records = self.instance.get_records_for_run(run.id, of_type=dg.DagsterEventType.STEP_FAILURE).records
        events = [record.event_log_entry.get_dagster_event() for record in records]
        return "\n".join(str(event.step_failure_data.error_display_string) for event in events)


_ACTIVE = ("REQUESTED", "CANCELING", "FAILING")


def _run(run: dg.DagsterRun) -> Run:
    start, end = (run.tags.get(tag) for tag in RANGE)
    partitions = run.tags.get("dagster/partition") or (f"{start}...{end}" if start != end else start) or ""
    assets = tuple(sorted("/".join(key.path) for key in run.asset_selection or ()))
    asked_by = run.tags.get("dagster/sensor_name", "")
    return Run(run.run_id, assets or (run.job_name,), partitions, run.status.value, asked_by, run.tags)


@contextmanager
def platform(
    root: Path, first: dt.date, last: dt.date, *, now: dt.datetime, files: Sequence[dt.date]
) -> Iterator[Platform]:
    """An empty platform, for a shop with a calendar from first to last whose database is at `now`.

    Args:
        files: days whose wholesale files are delivered.
    """
    with ExitStack() as stack:
        shop = stack.enter_context(Shop(root / "shop", first, last, fault_share=0, now=now))
        shop.deliver(files)
        home = Home(root)
        variables = home.make(
            {
                "SLIPWAY_FIRST_DAY": first.isoformat(),
                "SLIPWAY_LAST_DAY": last.isoformat(),
                "SLIPWAY_LANDING": str(shop.landing),
                "SLIPWAY_LANDING_SETTLE_SECONDS": "0",
                "SLIPWAY_SHOP_API_URL": shop.url,
                "SLIPWAY_SHOP_DATABASE_URL": shop.database_urls["shop"],
                # What the conditions leave undone is to stay so: a test must see it.
                "SLIPWAY_CATCH_UP_SECONDS": "3600",
            },
            LOCATIONS,
        )
        stack.enter_context(_environment(variables))
        _launch_by_forking(home)
        processes = ForkingRunLauncher.processes = Processes(root / "servers")
        servers = [
            {"host": "localhost", "port": port, "location_name": name}
            for name, port in stack.enter_context(code_servers(LOCATIONS, processes)).items()
        ]
        workspace = root / "workspace.yaml"
        workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server} for server in servers]}))
        instance = stack.enter_context(dg.DagsterInstance.get())
        context = stack.enter_context(WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)])))
        platform = Platform(context, shop, home)
        platform.stop_sensor("reporting", "report_published")  # what it starts is no asset, and slow
        yield platform


def _launch_by_forking(home: Home) -> None:
    file = home.dagster_home / "dagster.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["run_launcher"] = {"module": ForkingRunLauncher.__module__, "class": ForkingRunLauncher.__name__}
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
