"""What the locations' own sensors ask for, without a daemon."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator

import dagster as dg
from dagster._core.definitions.assets.graph.remote_asset_graph import RemoteWorkspaceAssetGraph
from dagster._core.definitions.instigation_logger import get_instigation_log_records
from dagster._core.definitions.sensor_definition import SensorExecutionData, SensorType
from dagster._core.errors import DagsterUserCodeProcessError
from dagster._core.remote_representation.code_location import CodeLocation
from dagster._core.remote_representation.external import RemoteRepository, RemoteSensor
from dagster._core.workspace.context import WorkspaceRequestContext

from slipway.automation.ranges import RANGE_END, RANGE_START
from slipway.observe.expected import WHOLE
from slipway.observe.failures import message_of


def ask(
    instance: dg.DagsterInstance,
    workspace: WorkspaceRequestContext,
    locations: Collection[str],
    said: Callable[[str], None],
) -> dict[str, set[str]]:
    """Evaluate sensors once: add the dynamic partitions that they ask for, and return, by asset, the partitions that
    they want materialized.

    Their cursors are left to the daemon; they can all rebuild what they know.

    Args:
        said: is told what they warn of, such as a file that is not whole yet, and which of them fail.
    """
    wanted: dict[str, set[str]] = {}
    for name in locations:
        location = workspace.get_code_location(name)
        for repository, sensor in _sensors(location):
            try:
                asked = _evaluate(instance, location, repository, sensor, said)
            except DagsterUserCodeProcessError as error:
                said(f"Sensor {sensor.name} of {name} failed: {message_of(error.user_code_process_error_infos[0])}")
                continue
            for request in asked.dynamic_partitions_requests or []:
                if isinstance(request, dg.AddDynamicPartitionsRequest):
                    instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
            with dg.partition_loading_context(dynamic_partitions_store=instance):
                for run_request in asked.run_requests or []:
                    for key in run_request.asset_selection or []:
                        partitions = _partitions(workspace.asset_graph, key, run_request)
                        wanted.setdefault(key.to_user_string(), set()).update(partitions)
    return wanted


def _sensors(location: CodeLocation) -> Iterator[tuple[RemoteRepository, RemoteSensor]]:
    """Those that ask for runs of assets."""
    for repository in location.get_repositories().values():
        for sensor in repository.get_sensors():
            if sensor.sensor_type == SensorType.STANDARD and sensor.asset_selection:
                yield repository, sensor


def _evaluate(
    instance: dg.DagsterInstance,
    location: CodeLocation,
    repository: RemoteRepository,
    sensor: RemoteSensor,
    said: Callable[[str], None],
) -> SensorExecutionData:
    log_key = ["asked", sensor.name, uuid.uuid4().hex]
    try:
        return location.get_sensor_execution_data(
            instance, repository.handle, sensor.name, None, None, None, log_key, None
        )
    finally:
        for record in get_instigation_log_records(instance, log_key):
            if record["levelname"] == "WARNING":
                said(record["dagster_meta"]["orig_message"])
        instance.compute_log_manager.delete_logs(log_key=log_key)


def _partitions(graph: RemoteWorkspaceAssetGraph, key: dg.AssetKey, request: dg.RunRequest) -> set[str]:
    """The partitions that a run request is for."""
    definition = graph.get(key).partitions_def
    if definition is None:
        return {WHOLE}
    if request.partition_key:
        return {request.partition_key}
    first, last = request.tags.get(RANGE_START), request.tags.get(RANGE_END)
    if first is None or last is None:
        return set()
    return {str(found) for found in definition.get_partition_keys_in_range(dg.PartitionKeyRange(first, last))}
