"""Real runs from a script: created from the code servers' snapshots, each executed in a process of its own.

They are runs like those that the UI starts (with their location, re-executable, logged); only the queue is passed by,
because no daemon is there to empty it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.context import ForkServerProcess

import dagster as dg
import yaml
from dagster._core.definitions.assets.graph.remote_asset_graph import RemoteWorkspaceAssetGraph
from dagster._core.execution.submit_asset_runs import get_job_execution_data_from_run_request
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from slipway.automation.ranges import RANGE_END, RANGE_START
from slipway.embedded.processes import Processes
from slipway.embedded.sensors import ask
from slipway.embedded.servers import LocationBroken, code_servers
from slipway.observe.assets import Assets, ObservedAsset, observed_assets
from slipway.observe.failures import failures_of, message_of
from slipway.observe.freshness import needs, partitions_read
from slipway.observe.records import Records
from slipway.quality.declarations import contracts_package, tables_of

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Stretch:
    """Assets of one location and the range of partitions to materialize of them (None: unpartitioned); one run.

    `materializations` is how many there will be.
    """

    location: str
    assets: tuple[dg.AssetKey, ...]
    first: str | None = None
    last: str | None = None
    materializations: int = 1


class Runner:
    """Starts runs of the code locations in a workspace and waits for them."""

    def __init__(self, instance: dg.DagsterInstance, context: WorkspaceProcessContext, processes: Processes) -> None:
        self.instance = instance
        self._context = context
        self._processes = processes
        self._running: dict[str, ForkServerProcess] = {}
        self._cursors: dict[str, str] = {}

    def start(self, stretch: Stretch, tags: Mapping[str, str] | None = None) -> str:
        """Create one run and start it; its id."""
        workspace = self._context.create_request_context()
        range_tags = {RANGE_START: stretch.first, RANGE_END: stretch.last} if stretch.first and stretch.last else {}
        request = dg.RunRequest(asset_selection=list(stretch.assets), tags={**(tags or {}), **range_tags})
        data = asyncio.run(
            get_job_execution_data_from_run_request(workspace.asset_graph, request, self.instance, workspace, {})
        )
        job, plan = data.remote_job, data.remote_execution_plan
        run = self.instance.create_run(
            job_name=job.name,
            run_id=None,
            run_config={},
            status=dg.DagsterRunStatus.NOT_STARTED,
            tags=request.tags,
            root_run_id=None,
            parent_run_id=None,
            step_keys_to_execute=None,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            job_snapshot=job.job_snapshot,
            parent_job_snapshot=job.parent_job_snapshot,
            asset_selection=frozenset(stretch.assets),
            asset_check_selection=None,
            resolved_op_selection=None,
            op_selection=None,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            asset_graph=workspace.asset_graph,
        )
        self._running[run.run_id] = self._processes.run(stretch.location, run.run_id)
        return run.run_id

    def asset_graph(self) -> RemoteWorkspaceAssetGraph:
        """The assets of all locations as one graph."""
        return self._context.create_request_context().asset_graph

    def ask_sensors(self, locations: Collection[str], said: Callable[[str], None]) -> dict[str, set[str]]:
        """Evaluate the locations' own sensors once; see `sensors.ask`."""
        return ask(self.instance, self._context.create_request_context(), locations, said)

    @cached_property
    def _assets(self) -> Assets:
        contracts = tables_of(contracts_package())
        return observed_assets([self.asset_graph()], contracts)

    def needs(self, keys: Collection[dg.AssetKey]) -> dict[str, set[str]]:
        """The partitions of assets that are missing, or made from inputs that have changed since.

        Left out are those of which an input is missing and not to be made along with them: they would fail, or be made
        from less than there should be.
        """
        now = dt.datetime.now(dt.UTC)
        records = Records(self.instance)
        found: dict[dg.AssetKey, set[str]] = {}
        with dg.partition_loading_context(effective_dt=now, dynamic_partitions_store=self.instance):
            for asset in self._assets.made():  # upstream first
                if asset.key in keys:
                    wanted = needs(asset, self._assets, records, now).all
                    found[asset.key] = self._possible(asset, wanted, records, found)
        return {key.to_user_string(): partitions for key, partitions in found.items()}

    def _possible(
        self,
        asset: ObservedAsset,
        wanted: Iterable[str],
        records: Records,
        planned: Mapping[dg.AssetKey, set[str]],
    ) -> set[str]:
        """Those of an asset's partitions whose inputs are all there, or will be."""
        possible = set(wanted)
        for one in asset.inputs:
            if one.key in self._assets:
                upstream = self._assets[one.key]
                there = {*records.events(upstream), *planned.get(one.key, ())}
                read = partitions_read(asset, one, upstream)
                possible = {partition for partition in possible if there.issuperset(read(partition))}
        return possible

    def pause(self) -> None:
        time.sleep(_POLL_SECONDS)

    def finished(self, run_id: str) -> bool:
        """Whether a run that was started is over. One whose process has ended early has failed, and is told so."""
        process = self._running[run_id]
        ended = not process.is_alive()  # asked first: a process ends after it has recorded how its run went
        run = self.instance.get_run_by_id(run_id)
        if ended and run is not None and not run.is_finished:
            self.instance.report_run_failed(run, f"The process of the run ended early, {_how(process.exitcode)}.")
        return ended

    def new_materializations(self, run_id: str) -> dict[str, int]:
        """Partitions that a run has written since the last call, by asset."""
        counts: dict[str, int] = {}
        while True:
            page = self.instance.get_records_for_run(
                run_id, self._cursors.get(run_id), of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=1000
            )
            self._cursors[run_id] = page.cursor
            for record in page.records:
                key = record.event_log_entry.dagster_event and record.event_log_entry.dagster_event.asset_key
                if key:
                    counts[key.to_user_string()] = counts.get(key.to_user_string(), 0) + 1
            if not page.has_more:
                return counts

    def failure(self, run_id: str) -> str | None:
        """Why a run failed, in its own words; None if it did not."""
        run = self.instance.get_run_by_id(run_id)
        if run is None or run.is_success:
            return None
        for failure in failures_of(self.instance, run_id):
            return f"{failure.step}: {failure.text}" if failure.step else failure.text
        return f"Run {run_id} ended {run.status.value}."


@contextmanager
def runner(locations: Sequence[str], processes: Processes) -> Iterator[Runner]:
    """Start the code servers of some locations, side by side, for as long as the block lasts.

    Args:
        locations: packages with a module `definitions`.

    Raises:
        LocationBroken: a location does not load.
    """
    with code_servers(locations, processes) as ports, dg.DagsterInstance.get() as instance:
        servers = [
            {"grpc_server": {"host": "localhost", "port": port, "location_name": name}} for name, port in ports.items()
        ]
        workspace = processes.logs / "workspace.yaml"
        workspace.write_text(yaml.safe_dump({"load_from": servers}))
        with WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)])) as context:
            for name, entry in context.create_request_context().get_code_location_entries().items():
                if entry.load_error:
                    raise LocationBroken(f"Code location {name} does not load: {message_of(entry.load_error)}")
            yield Runner(instance, context, processes)


def _how(exit_code: int | None) -> str:
    """How a process has ended, from its exit code; a negative one is a signal."""
    if exit_code is None or exit_code >= 0:
        return f"with exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"killed by {name}" + (" (is memory short?)" if name == "SIGKILL" else "")
