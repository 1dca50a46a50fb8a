"""Every run in a container of its own: dagster-docker's launcher, with limits by tag, fixed images, causes of death."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import dagster_docker
from dagster import Field, StringSource
from dagster import _check as check
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, ResumeRunContext, WorkerStatus
from dagster._core.origin import JobPythonOrigin
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.tags import DOCKER_IMAGE_TAG
from dagster._core.utils import parse_env_var
from dagster._grpc.types import ExecuteRunArgs, ResumeRunArgs
from dagster._serdes import ConfigurableClassData
from dagster_docker.docker_run_launcher import DOCKER_CONTAINER_ID_TAG
from dagster_docker.utils import DOCKER_CONFIG_SCHEMA

from slipway.runs.arguments import CONTAINER_TAG, IMAGE_TAG, Context, ContextError, RunToLaunch, create_arguments
from slipway.runs.asset_tags import AssetTagsUnknown, asset_tags_of
from slipway.runs.containers import Container, is_container_name_of, worker_of
from slipway.runs.deaths import LOG_LINES, Death, Worker, diagnose
from slipway.runs.docker_edge import Engine, EngineError, EngineUnavailable
from slipway.runs.limits import LimitError, show_memory
from slipway.runs.reports import container_facts, report_death

if TYPE_CHECKING:
    from dagster._core.workspace.context import BaseWorkspaceRequestContext

logger = logging.getLogger(__name__)


class DockerRunLauncher(dagster_docker.DockerRunLauncher):
    """Launches runs in containers.

    Configuration: that of dagster-docker's launcher, and `stack`, which container names begin with and the label
    `slipway.stack` holds. `registry` is not used: images are never pulled here.

    A run that cannot be launched ends at once as a failure with the cause on its page; no exception leaves
    `launch_run` for that. An engine that does not answer is asked again for some seconds first.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None, *, stack: str, **of_parent: Any) -> None:
        super().__init__(inst_data, **of_parent)
        self.stack = stack
        self.engine = Engine()

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {
            **DOCKER_CONFIG_SCHEMA,
            "stack": Field(
                StringSource,
                description="Name of the deployment: the label slipway.stack, and the prefix of container names.",
            ),
        }

    def launch_run(self, context: LaunchRunContext) -> None:
        origin = check.not_none(context.job_code_origin)
        self._launch(context.dagster_run, context.workspace, origin, self.execute_command(context.dagster_run, origin))

    def resume_run(self, context: ResumeRunContext) -> None:
        origin = check.not_none(context.job_code_origin)
        self._launch(context.dagster_run, context.workspace, origin, self.resume_command(context.dagster_run, origin))

    def execute_command(self, run: DagsterRun, origin: JobPythonOrigin) -> Sequence[str]:
        """What the container runs. It ends with 1 if the run fails, so that `docker ps` tells which did."""
        return ExecuteRunArgs(
            job_origin=origin,
            run_id=run.run_id,
            instance_ref=self._instance.get_ref(),
            set_exit_code_on_failure=True,
        ).get_command_args()

    def resume_command(self, run: DagsterRun, origin: JobPythonOrigin) -> Sequence[str]:
        return ResumeRunArgs(
            job_origin=origin,
            run_id=run.run_id,
            instance_ref=self._instance.get_ref(),
            set_exit_code_on_failure=True,
        ).get_command_args()

    def _launch(
        self,
        run: DagsterRun,
        workspace: BaseWorkspaceRequestContext | None,
        origin: JobPythonOrigin,
        command: Sequence[str],
    ) -> None:
        named = origin.repository_origin.container_image or self.image
        image: str = run.tags.get(IMAGE_TAG) or self._get_docker_image(origin)  # type: ignore[no-untyped-call]
        try:
            arguments = create_arguments(
                self._run_to_launch(run, workspace), self._context(run), self.engine.host(), self.stack
            )
            container = self.engine.create(self.stack, run.run_id, image, command, arguments)
        except (LimitError, ContextError) as error:
            self._failed(run, Death(str(error), "", lasting=True))
            return
        except EngineError as error:
            self._failed(run, diagnose(Worker(started=False, error=_with_name(str(error), named))))
            return
        self._start(run, container, named or image, arguments)

    def _start(self, run: DagsterRun, container: Container, image: str, arguments: Mapping[str, Any]) -> None:
        """Start it while the run's page is told of it: the first takes 150 ms, the second several round trips."""
        with ThreadPoolExecutor(max_workers=1) as threads:
            starting = threads.submit(self.engine.start, container.id)
            try:
                self._instance.add_run_tags(
                    run.run_id,
                    {DOCKER_CONTAINER_ID_TAG: container.id, DOCKER_IMAGE_TAG: image, CONTAINER_TAG: container.name},
                )
                self._instance.report_engine_event(
                    f"Launching the run in container {container.name} with image {image}{_limits(arguments)}",
                    run,
                    cls=type(self),
                )
            except BaseException:
                # Nobody would know of it.
                starting.exception()
                self._if_reachable(lambda: self.engine.remove(container.id, force=True))
                raise
        error = starting.exception()
        if isinstance(error, EngineError):
            self._if_reachable(lambda: self.engine.remove(container.id, force=True))
            self._failed(run, diagnose(Worker(started=False, error=_with_name(str(error), image))))
        elif error is not None:
            raise error

    def _failed(self, run: DagsterRun, death: Death) -> None:
        logger.warning("Run %s was not launched: %s", run.run_id, death.sentence)
        report_death(self._instance, run.run_id, death)

    def _run_to_launch(self, run: DagsterRun, workspace: BaseWorkspaceRequestContext | None) -> RunToLaunch:
        location = run.remote_job_origin.location_name if run.remote_job_origin else ""
        try:
            asset_tags = asset_tags_of(run, workspace)
        except AssetTagsUnknown as unknown:
            # Runs need no code server, so a location that is just being deployed keeps none from starting.
            self._instance.report_engine_event(str(unknown), run, cls=type(self))
            asset_tags = {}
        return RunToLaunch(run.run_id, run.job_name, location, run.tags, asset_tags)

    def _context(self, run: DagsterRun) -> Context:
        merged = self.get_container_context(run)
        try:
            environment = dict(parse_env_var(variable) for variable in merged.env_vars)
        except Exception as error:
            raise ContextError(
                f"A variable of the container context has no value where runs are launched from: {error}. Write it as "
                "KEY=VALUE, or give it to the daemon."
            ) from error
        return Context(environment, merged.networks, merged.container_kwargs)

    def terminate(self, run_id: str) -> bool:
        """Ask a run's process to end, and do not wait for it: that would block a request of the UI.

        Whatever does not end within its stop timeout is killed by the steward, which also ends the run then.
        """
        run = self._instance.get_run_by_id(run_id)
        if not run or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        container = self.engine.container_of_run(self.stack, run_id)
        if container is None and is_container_name_of(run_id, run.tags.get(CONTAINER_TAG)):
            self._instance.report_run_canceled(run, "The run was canceled; its container is gone.")
        elif container is not None and container.running:
            self.engine.kill(container.id, "SIGTERM")
        # Else it is about to be started, and then ends by itself because the run is being canceled.
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """How the run's container is; a run whose container has ended is ended here, with the cause on its page.

        Run monitoring, which asks, sees then that the run is over and leaves it; by itself it would tell less, and
        have a run started again that went over its memory limit.

        Raises:
            EngineUnavailable: run monitoring then logs it and leaves the run alone.
        """
        container = self.engine.container_of_run(self.stack, run.run_id)
        if container is None:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, str(diagnose(Worker(gone=True))))
        if not container.ended:
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=container.id)
        inspected, log = self._evidence(container)
        death = diagnose(worker_of(inspected, log))
        # A run that may be resumed is not over.
        if inspected is not None and not self._instance.run_monitoring_max_resume_run_attempts:
            report_death(self._instance, run.run_id, death, container_facts(container, inspected))
        status = WorkerStatus.NOT_FOUND if inspected is None else WorkerStatus.FAILED
        return CheckRunHealthResult(status, str(death), run_worker_id=container.id)

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """State and last log lines of the run's container, for run monitoring's own events."""
        container = self.engine.container_of_run(self.stack, run.run_id)
        if container is None:
            return f"Run {run.run_id} has no container on the engine at {self.engine.address}."
        inspected, log = self._evidence(container)
        facts = container_facts(container, inspected)
        told = [f"state: {container.state}", *(f"{name}: {value}" for name, value in facts.items())]
        if include_container_logs and log:
            told += [f"the last {len(log)} lines of its log:", *(f"  {line}" for line in log)]
        return "\n".join(told)

    def _evidence(self, container: Container) -> tuple[dict[str, Any] | None, list[str]]:
        return self.engine.inspect(container.id), self.engine.log(container.id, LOG_LINES)

    def _if_reachable(self, request: Callable[[], object]) -> None:
        try:
            request()
        except EngineUnavailable as error:
            logger.warning("%s: %s", self.stack, error)

    def _get_client(self, container_context: object) -> Any:
        """The parent's own way to the engine: the same client, without signing in to a registry."""
        del container_context
        return self.engine.connected()


def _with_name(error: str, image: str | None) -> str:
    """An engine tells the id only, which nobody knows."""
    missing = "no such image" in error.lower() and image and image not in error
    return f"{error} ({image})" if missing else error


def _limits(arguments: Mapping[str, Any]) -> str:
    memory, nano = arguments.get("mem_limit"), arguments.get("nano_cpus")
    told = [f"{show_memory(memory)} of memory"] if memory else []
    told += [f"{nano / 1e9:g} processors"] if nano else []
    return f", limited to {' and '.join(told)}" if told else ""
