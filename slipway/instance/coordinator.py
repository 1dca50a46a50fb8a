"""Runs wait in Dagster's queue, with the image that they were made for and the name of who asked for them.

run_coordinator:
  module: slipway.instance.coordinator
  class: RunCoordinator
  config: {dequeue_interval_seconds: 1, ...}          # as QueuedRunCoordinator
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster import DagsterRun, QueuedRunCoordinator
from dagster._core.run_coordinator import SubmitRunContext
from dagster._serdes import ConfigurableClassData

from slipway.instance.queue_signal import signal_queue
from slipway.runs.arguments import IMAGE_TAG

USER_HEADER = "X-Slipway-User"
"""Set by the proxy to who has signed in; what comes from outside under this name is dropped there."""
LAUNCHED_BY = "slipway/launched_by"
_AUTOMATED = {
    "dagster/sensor_name": "sensor",
    "dagster/schedule_name": "schedule",
    "dagster/auto_materialize": "automation",
    "dagster/from_automation_condition": "automation",
}


def launched_by(header: str | None, tags: Mapping[str, str]) -> str | None:
    """Who asked for a run: a person who has signed in, or the sensor or schedule; None if nobody is known."""
    if header:
        return header
    if tags.get(LAUNCHED_BY):
        return tags[LAUNCHED_BY]
    for tag, kind in _AUTOMATED.items():
        if tag in tags:
            return f"{kind} {tags[tag]}" if tags[tag].lower() != "true" else kind
    return None


class RunCoordinator(QueuedRunCoordinator):
    """Dagster's queue; each run is marked, as it is submitted, with its image's id and with who launched it."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        run = context.dagster_run
        tags = {}
        if who := launched_by(context.get_request_header(USER_HEADER), run.tags):
            tags[LAUNCHED_BY] = who
        # A retry or a re-execution runs the code of today, not that of the run it repeats.
        if image := self._image(run):
            tags[IMAGE_TAG] = image
        if tags:
            self._instance.add_run_tags(run.run_id, tags)
        submitted = super().submit_run(context)
        signal_queue(self._instance)
        return submitted

    def _image(self, run: DagsterRun) -> str | None:
        """The id of the image that its code location's name means now; None if the engine cannot tell, and then the
        launcher says why on the run's page."""
        # Run containers load this class too, and have no Docker libraries; they submit nothing.
        from slipway.runs import DockerRunLauncher, EngineError, ImageMissing, resolve_image

        launcher = self._instance.run_launcher
        name = run.job_code_origin.repository_origin.container_image if run.job_code_origin else None
        if name is None or not isinstance(launcher, DockerRunLauncher):
            return None
        try:
            return resolve_image(launcher.engine, name)
        except (ImageMissing, EngineError) as error:
            self._logger.warning("Run %s was submitted without its image's id: %s", run.run_id, error)
            return None
