"""The tags of the assets that a run makes, over a real code location."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.instance_for_test import instance_for_test
from dagster._core.remote_representation.code_location import CodeLocation
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceRequestContext

from slipway.runs.asset_tags import AssetTagsUnknown, asset_tags_of

_DEFINITIONS = """
import dagster as dg

@dg.asset(tags={"slipway/memory": "2g"})
def large(): ...

@dg.asset(key_prefix="silver", tags={"slipway/memory": "1g", "slipway/cpus": "2"})
def sales(large): ...

@dg.asset
def plain(): ...

@dg.asset_check(asset=plain)
def check_plain():
    return dg.AssetCheckResult(passed=True)

@dg.op
def work(): ...

@dg.job
def ops():
    work()

defs = dg.Definitions(
    assets=[large, sales, plain],
    asset_checks=[check_plain],
    jobs=[ops, dg.define_asset_job("two", selection=["silver/sales", "plain"])],
)
"""

SALES = {"slipway/memory": "1g", "slipway/cpus": "2"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[WorkspaceRequestContext]:
    (tmp_path / "defs.py").write_text(_DEFINITIONS)
    origin = LoadableTargetOrigin(python_file=str(tmp_path / "defs.py"))
    with instance_for_test(temp_dir=str(tmp_path)) as instance, in_process_test_workspace(instance, origin) as made:
        yield made


def run_of(workspace: WorkspaceRequestContext, job: str, **selection: Any) -> DagsterRun:
    """As the UI creates it."""
    location: CodeLocation = workspace.get_code_location(workspace.code_location_names[0])
    repository = location.get_repository("__repository__")
    remote_job = location.get_job(
        JobSubsetSelector(
            location_name=location.name,
            repository_name=repository.name,
            job_name=job,
            op_selection=None,
            asset_selection=selection.get("asset_selection"),
            asset_check_selection=selection.get("asset_check_selection"),
        )
    )
    return workspace.instance.create_run(
        job_name=job,
        run_id=None,
        run_config={},
        status=None,
        tags={},
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=None,
        execution_plan_snapshot=None,
        job_snapshot=None,
        parent_job_snapshot=None,
        asset_selection=frozenset(selection["asset_selection"]) if selection.get("asset_selection") else None,
        asset_check_selection=(
            frozenset(selection["asset_check_selection"]) if "asset_check_selection" in selection else None
        ),
        resolved_op_selection=None,
        op_selection=None,
        remote_job_origin=remote_job.get_remote_origin(),
        job_code_origin=None,
        asset_graph=repository.asset_graph,
    )


def test_of_the_selection(workspace: WorkspaceRequestContext) -> None:
    run = run_of(workspace, "__ASSET_JOB", asset_selection=[dg.AssetKey(["silver", "sales"])])
    assert asset_tags_of(run, workspace) == {"silver/sales": SALES}


def test_of_all_assets_of_a_job_that_is_launched_by_name(workspace: WorkspaceRequestContext) -> None:
    assert asset_tags_of(run_of(workspace, "two"), workspace) == {"silver/sales": SALES, "plain": {}}


def test_a_job_of_ops_has_none(workspace: WorkspaceRequestContext) -> None:
    assert asset_tags_of(run_of(workspace, "ops"), workspace) == {}


def test_a_run_that_only_checks_makes_no_asset(workspace: WorkspaceRequestContext) -> None:
    check = dg.AssetCheckKey(dg.AssetKey("plain"), "check_plain")
    run = run_of(workspace, "__ASSET_JOB", asset_selection=[], asset_check_selection=[check])
    assert asset_tags_of(run, workspace) == {}


def test_without_a_workspace_or_an_origin_none_are_known(workspace: WorkspaceRequestContext) -> None:
    run = run_of(workspace, "two")
    assert asset_tags_of(run, None) == {}
    assert asset_tags_of(DagsterRun("two"), workspace) == {}


def test_a_location_that_does_not_answer_is_named(tmp_path: Path, workspace: WorkspaceRequestContext) -> None:
    run = run_of(workspace, "two")
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    origin = LoadableTargetOrigin(python_file=str(tmp_path / "broken.py"))
    with (
        pytest.warns(UserWarning, match="Error loading repository location"),
        in_process_test_workspace(workspace.instance, origin) as broken,
        pytest.raises(AssetTagsUnknown, match="does not answer, so the tags of the assets are not known"),
    ):
        asset_tags_of(run, broken)
