"""Each kind of death, on a real engine: within ten seconds the run is over, and its page says why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterEventType, DagsterRunStatus

from slipway.runs import Engine
from slipway.runs.arguments import Context, RunToLaunch, create_arguments
from slipway.runs.limits import Limits
from slipway.steward import Service, Task
from slipway.steward.watcher import Watcher
from tests.integration.runs.containers import IMAGE, Deployment, deployment

pytestmark = pytest.mark.docker

SECONDS = 10
INTERVAL = 1.5

# In steps, so that the limit is met by the kernel and not by one allocation that fails.
_ALLOCATE = "print('reading all of it', flush=True)\nheld = []\nwhile True: held.append(bytes(1 << 20))"


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path, run_retries={"enabled": True, "max_retries": 2}) as made:
        yield made


@pytest.fixture
def watched(deployed: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    """The deployment, with the watcher at its usual pace."""
    stop = threading.Event()
    task = Task("watcher", INTERVAL, watcher_of(deployed).look)
    service = threading.Thread(target=Service([task], tmp_path / "beat").run, args=(stop,))
    service.start()
    yield deployed
    stop.set()
    service.join(30)


def watcher_of(deployed: Deployment) -> Watcher:
    return Watcher(deployed.stack, lambda: deployed.instance, Engine(timeout=10, patience=0))


def python(code: str) -> list[str]:
    return ["python", "-c", code]


@pytest.mark.parametrize(
    ("command", "context", "cause", "log", "facts", "retried"),
    [
        pytest.param(
            python(_ALLOCATE),
            {"mem_limit": "32m", "init": True},
            "The run was killed because it took more memory than its limit of 32 MiB. Give it more with the tag "
            "slipway/memory on its job or asset, such as 64m, or let it read less at a time.",
            "reading all of it",
            {"exit code": 137, "out of memory": True, "memory limit": "32 MiB"},
            "false",
            id="out of memory",
        ),
        pytest.param(
            python("import nothing_of_that_name"),
            {},
            "because its code does not import: ModuleNotFoundError: No module named 'nothing_of_that_name'.",
            "Traceback",
            {"exit code": 1, "out of memory": False, "memory limit": "none"},
            "false",
            id="does not import",
        ),
        pytest.param(
            python("import sys; sys.exit('SettingError: SLIPWAY_LAKE is not set: expected a folder or a bucket.')"),
            {},
            "because a variable is missing: SettingError: SLIPWAY_LAKE is not set",
            "SLIPWAY_LAKE",
            {"exit code": 1},
            "false",
            id="variable is missing",
        ),
        pytest.param(
            python("import os; print('crash', flush=True); os._exit(7)"),
            {},
            "The run's process ended early, with exit code 7. See the end of its log.",
            "crash",
            {"exit code": 7},
            "true",
            id="exits",
        ),
        pytest.param(
            python("import os; os.kill(os.getpid(), 11)"),
            {"init": True},
            "The run's process was ended by SIGSEGV (exit code 139).",
            "",
            {"exit code": 139},
            "true",
            id="crashes",
        ),
    ],
)
def test_a_process_that_dies_by_itself(
    watched: Deployment,
    command: list[str],
    context: dict[str, Any],
    cause: str,
    log: str,
    facts: dict[str, Any],
    retried: str,
) -> None:
    run = watched.launch(command, context={"container_kwargs": context})
    finished = watched.wait_until_finished(run, SECONDS)
    container = watched.container(run)
    assert finished.status == DagsterRunStatus.FAILURE
    (failure,) = watched.failures(run)
    assert cause in failure
    ((told, figures),) = watched.told(run)
    assert cause in told
    assert log in told
    assert figures == figures | facts | {"container": container.name, "container id": container.id}
    assert watched.will_retry(run) == retried


@pytest.mark.parametrize("status", [DagsterEventType.RUN_STARTING, DagsterEventType.RUN_START])
def test_a_container_that_is_killed(watched: Deployment, status: DagsterEventType) -> None:
    run = watched.launch(["sh", "-c", "echo at work; sleep 300"])
    watched.report(run, status)
    watched.wait_for(run, "running")
    watched.client.api.kill(watched.container(run).id)
    finished = watched.wait_until_finished(run, SECONDS)
    assert finished.status == DagsterRunStatus.FAILURE
    assert "killed by SIGKILL (exit code 137), not for its memory limit." in watched.failures(run)[0]
    ((told, _facts),) = watched.told(run)
    assert told.endswith("The last 1 lines of its log:\n  at work")
    assert watched.will_retry(run) == "true"


@pytest.mark.parametrize("status", [DagsterEventType.RUN_STARTING, DagsterEventType.RUN_START])
def test_a_container_that_is_removed(watched: Deployment, status: DagsterEventType) -> None:
    run = watched.launch()
    watched.report(run, status)
    watched.client.api.remove_container(watched.container(run).id, force=True)
    finished = watched.wait_until_finished(run, SECONDS)
    assert finished.status == DagsterRunStatus.FAILURE
    assert watched.failures(run)[0].startswith("The run's container is gone: somebody removed it")


def test_an_image_that_is_missing(watched: Deployment) -> None:
    run = watched.launch(image="no/such:image")
    assert watched.wait_until_finished(run, SECONDS).status == DagsterRunStatus.FAILURE
    assert "No such image: no/such:image" in watched.failures(run)[0]


def create_only(deployed: Deployment, run_id: str) -> None:
    """What is left of a launcher that ends between its two requests."""
    arguments = create_arguments(RunToLaunch(run_id, "nightly"), Context(), Limits(), deployed.stack)
    deployed.launcher.engine.create(deployed.stack, run_id, IMAGE, ["sleep", "300"], arguments)


def test_a_container_that_was_created_and_never_started(watched: Deployment) -> None:
    run = watched.new_run()
    create_only(watched, run.run_id)
    finished = watched.wait_until_finished(run, SECONDS)
    assert finished.status == DagsterRunStatus.FAILURE
    assert "never started: it was created, and who should have started it has ended before." in watched.failures(run)[0]
    assert watched.containers() == []
    assert watched.will_retry(run) == "true"


def test_a_run_that_was_to_end_and_did_is_canceled(watched: Deployment) -> None:
    run = watched.launch(context={"container_kwargs": {"init": True}})
    watched.wait_for(run, "running")
    watched.launcher.terminate(run.run_id)
    assert watched.wait_until_finished(run, SECONDS).status == DagsterRunStatus.CANCELED


def test_a_run_that_does_not_end_within_its_stop_timeout_is_killed(watched: Deployment) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
    run = watched.launch(python(deaf), context={"container_kwargs": {"stop_timeout": 2}})
    watched.wait_for(run, "running")
    watched.launcher.terminate(run.run_id)
    assert watched.wait_until_finished(run, 2 + SECONDS).status == DagsterRunStatus.CANCELED
    assert watched.container(run).ended


def test_a_run_that_works_and_one_that_is_somebody_elses_are_left_alone(watched: Deployment) -> None:
    working = watched.launch()
    watched.report(working, DagsterEventType.RUN_START)
    elsewhere = watched.new_run()
    watched.report(elsewhere, DagsterEventType.RUN_START)
    done = watched.launch(["true"])
    watched.report(done, DagsterEventType.RUN_SUCCESS)
    doomed = watched.launch(["false"])
    watched.wait_until_finished(doomed, SECONDS)
    for _ in range(4):
        threading.Event().wait(INTERVAL)
    assert watched.run(working.run_id).status == DagsterRunStatus.STARTED
    assert watched.run(elsewhere.run_id).status == DagsterRunStatus.STARTED
    assert watched.run(done.run_id).status == DagsterRunStatus.SUCCESS
    assert watched.told(working) == watched.told(elsewhere) == watched.told(done) == []


def test_a_step_that_the_kernel_killed_is_told_of_once_though_its_run_ended_in_order(deployed: Deployment) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]]); print('step failed')"
    run = deployed.launch([*python(code), _ALLOCATE], context={"container_kwargs": {"mem_limit": "32m", "init": True}})
    deployed.wait_for(run, "exited")
    deployed.report(run, DagsterEventType.RUN_FAILURE)
    for _restart in range(2):
        watcher = watcher_of(deployed)
        watcher.look()
        watcher.look()
    ((told, facts),) = deployed.told(run)
    assert told.startswith("A process of the run was killed because it took more memory than its limit of 32 MiB.")
    assert "step failed" in told
    assert facts["out of memory"] is True
    assert len(deployed.failures(run)) == 1


def look_until_over(deployed: Deployment, watcher: Watcher, run_id: str) -> None:
    for _ in range(4):
        watcher.look()
        if deployed.run(run_id).is_finished:
            return
        threading.Event().wait(1.1)


def test_a_watcher_that_is_cut_off_while_it_reports_neither_misses_nor_repeats(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = deployed.launch(["false"])
    deployed.wait_for(run, "exited")
    with monkeypatch.context() as cut:

        def cut_off(*_: object, **__: object) -> None:
            raise ConnectionError("the database went away")

        cut.setattr(deployed.instance, "report_run_failed", cut_off)
        with pytest.raises(ConnectionError):
            look_until_over(deployed, watcher_of(deployed), run.run_id)
    assert len(deployed.told(run)) == 1
    assert not deployed.run(run.run_id).is_finished
    look_until_over(deployed, watcher_of(deployed), run.run_id)
    assert deployed.run(run.run_id).status == DagsterRunStatus.FAILURE
    look_until_over(deployed, watcher_of(deployed), run.run_id)
    assert len(deployed.told(run)) == len(deployed.failures(run)) == 1


def test_one_run_that_cannot_be_reported_keeps_no_other_waiting(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = deployed.launch(["false"]), deployed.launch(["false"])
    for run in (bad, good):
        deployed.wait_for(run, "exited")
    report = deployed.instance.report_run_failed

    def refuse(run: Any, *given: Any, **named: Any) -> Any:
        if run.run_id == bad.run_id:
            raise ValueError("no")
        return report(run, *given, **named)

    monkeypatch.setattr(deployed.instance, "report_run_failed", refuse)
    watcher = watcher_of(deployed)
    watcher.look()
    threading.Event().wait(1.1)
    with pytest.raises(ValueError, match="no"):
        watcher.look()
    assert deployed.run(good.run_id).is_finished


def test_a_launch_whose_start_is_overtaken_by_the_watcher_ends_its_run_once(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher takes a start that lasts long for none, and removes the container first."""
    engine = deployed.launcher.engine
    start = engine.start

    def slow_start(container_id: str) -> None:
        assert engine.remove(container_id)
        start(container_id)

    monkeypatch.setattr(engine, "start", slow_start)
    run = deployed.launch()
    assert run.status == DagsterRunStatus.FAILURE
    assert len(deployed.failures(run)) == 1


def test_without_the_engine_no_run_is_touched(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    run = deployed.launch()
    watcher = watcher_of(deployed)
    monkeypatch.setattr(watcher, "_engine", Engine(timeout=2, patience=0))
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    for _ in range(3):
        with pytest.raises(Exception, match="does not answer"):
            watcher.look()
        threading.Event().wait(1.1)
    assert deployed.run(run.run_id).status == DagsterRunStatus.STARTING
