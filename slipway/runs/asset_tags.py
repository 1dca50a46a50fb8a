"""The tags of the assets that a run makes, as the code location of the run declares them now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from dagster import AssetKey
from dagster._core.storage.dagster_run import DagsterRun

if TYPE_CHECKING:
    from dagster._core.workspace.context import BaseWorkspaceRequestContext


class AssetTagsUnknown(Exception):
    """The code location does not answer, or does not load; the message says so."""


def asset_tags_of(run: DagsterRun, workspace: BaseWorkspaceRequestContext | None) -> Mapping[str, Mapping[str, str]]:
    """By asset, such as "silver/sales"; empty for a job of ops.

    A job of assets that was launched whole names no assets on its run: then they are those of the job.

    Raises:
        AssetTagsUnknown
    """
    if workspace is None or run.remote_job_origin is None:
        return {}
    origin = run.remote_job_origin.repository_origin
    try:
        location = workspace.get_code_location(origin.code_location_origin.location_name)
        # Its own repository's graph, not the workspace's: that one is built anew whenever any location changes.
        graph = location.get_repository(origin.repository_name).asset_graph
    except Exception as error:
        raise AssetTagsUnknown(
            f"The code location {origin.code_location_origin.location_name} does not answer, so the tags of the assets "
            f"are not known: the run gets the limits of its job or its location ({str(error).splitlines()[0]})."
        ) from error
    keys = run.asset_selection or _of_job(graph.get_materialization_asset_keys_for_job(run.job_name), run)
    return {key.to_user_string(): graph.get(key).tags for key in keys if graph.has(key)}


def _of_job(keys: Iterable[AssetKey], run: DagsterRun) -> frozenset[AssetKey]:
    """None of them if the run only evaluates checks, or a selection of ops."""
    if run.asset_check_selection or run.op_selection:
        return frozenset()
    return frozenset(keys)
