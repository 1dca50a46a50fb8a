"""What the reaper leaves of real containers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterEventType

from slipway.runs import Engine
from slipway.steward import reaper as reaper_module
from slipway.steward.reaper import Reaper
from slipway.steward.settings import Retention
from tests.integration.runs.containers import Deployment, deployment

pytestmark = pytest.mark.docker


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path) as made:
        yield made


class _Later:
    """The clock, two minutes on."""

    @staticmethod
    def time() -> float:
        import time

        return time.time() + 120


def reaper_of(deployed: Deployment, keep: Retention) -> Reaper:
    return Reaper(deployed.stack, lambda: deployed.instance, Engine(timeout=10, patience=0), keep)


def test_what_retention_says_is_left(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    succeeded = [deployed.launch(["true"]) for _ in range(3)]
    failed = [deployed.launch(["false"]) for _ in range(3)]
    working = deployed.launch()
    for run in [*succeeded, *failed]:
        deployed.wait_for(run, "exited")
    for run in succeeded:
        deployed.report(run, DagsterEventType.RUN_SUCCESS)
    for run in failed:
        deployed.report(run, DagsterEventType.RUN_FAILURE)
    reaper = reaper_of(deployed, Retention(most=1, most_failed=2))

    reaper.reap()
    assert len(deployed.containers()) == 7, "their runs have only just ended"

    monkeypatch.setattr(reaper_module, "time", _Later)
    reaper.reap()
    left = {container.run_id for container in deployed.containers()}
    assert left == {succeeded[-1].run_id, failed[-2].run_id, failed[-1].run_id, working.run_id}
    reaper.reap()
    assert {container.run_id for container in deployed.containers()} == left


def test_a_container_that_runs_on_after_its_run_is_stopped_and_kept(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = deployed.launch(context={"container_kwargs": {"init": True}})
    deployed.report(run, DagsterEventType.RUN_FAILURE)
    reaper = reaper_of(deployed, Retention())
    reaper.reap()
    assert deployed.container(run).running
    monkeypatch.setattr(reaper_module, "time", _Later)
    reaper.reap()
    assert deployed.wait_for(run, "exited")


def test_a_container_without_a_run_goes_after_an_hour(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    run = deployed.launch(["true"])
    deployed.wait_for(run, "exited")
    deployed.instance.delete_run(run.run_id)
    reaper = reaper_of(deployed, Retention())
    monkeypatch.setattr(reaper_module, "time", _Later)
    reaper.reap()
    assert len(deployed.containers()) == 1
    monkeypatch.setattr(_Later, "time", staticmethod(lambda: deployed.containers()[0].created + 3700.0))
    reaper.reap()
    assert deployed.containers() == []


def test_containers_of_another_stack_are_left_alone(deployed: Deployment, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with deployment(tmp_path / "other") as other:
        run = other.launch(["true"])
        other.wait_for(run, "exited")
        other.report(run, DagsterEventType.RUN_SUCCESS)
        Reaper(deployed.stack, lambda: other.instance, Engine(), Retention(hours=0)).reap()
        assert len(other.containers()) == 1
