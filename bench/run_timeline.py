"""One run from the request to its end, by the moments that somebody has noted: Dagster's events and the engine."""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.deployments import Deployment, run_container
from tests.stack_process import StackError

POLL_SECONDS = 0.05
_LONGEST_SECONDS = 120

MOMENTS: Mapping[str, str] = {
    "requested": "",
    "RUN_ENQUEUED": "webserver: request to run in the queue",
    "RUN_STARTING": "daemon: waiting in the queue, taken from it",
    "created": "launcher: to container being created",
    "started": "engine: container created and started",
    "process": "run: interpreter, Dagster, instance",
    "RUN_START": "run: definitions of its location, plan",
    "STEP_START": "run: to the step",
    "STEP_SUCCESS": "run: the step",
    "RUN_SUCCESS": "run: to the end",
    "seen": "webserver: end of the run, to the one who asks",
}
"""Moment -> what has happened since the one before. Names in capitals are Dagster's events."""
_PROCESS = "Started process for run"


@dataclass(frozen=True)
class Timeline:
    """One run. Attributes: moments: seconds since 1970, by the host's one clock; of MOMENTS those that were noted."""

    run_id: str
    moments: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """From the request to its end being seen."""
        return self.moments["seen"] - self.moments["requested"]

    def phases(self) -> dict[str, float]:
        """Moment -> seconds since the one before; the sum is `seconds`."""
        noted = [name for name in MOMENTS if name in self.moments]
        return {later: self.moments[later] - self.moments[earlier] for earlier, later in pairwise(noted)}


def timed_run(deployment: Deployment) -> Timeline:
    """Launch `noop` as the UI does, and ask until it has succeeded.

    Raises:
        StackError: it ended otherwise, or not at all.
    """
    requested = time.time()
    run_id = deployment.launch_job(deployment.location, "noop")
    status = ""
    while status != "SUCCESS":
        time.sleep(POLL_SECONDS)
        status = deployment.graphql(_STATUS, {"id": run_id})["runOrError"]["status"]
        if status in ("FAILURE", "CANCELED") or time.time() - requested > _LONGEST_SECONDS:
            raise StackError(f"{deployment.project}: run {run_id} is {status}: {deployment.run_messages(run_id)}")
    seen = time.time()
    container = run_container(run_id)
    events = deployment.graphql(_EVENTS, {"id": run_id})["logsForRun"]["events"]
    moments = {"requested": requested, "created": _seconds(container["Created"]), "seen": seen}
    moments["started"] = _seconds(container["State"]["StartedAt"])
    for event in events:
        name = "process" if str(event.get("message")).startswith(_PROCESS) else event.get("eventType")
        if name in MOMENTS:
            moments.setdefault(name, float(event["timestamp"]) / 1000)
    return Timeline(run_id, moments)


def mean_phases(timelines: Sequence[Timeline]) -> dict[str, float]:
    """Moment -> mean of the seconds since the one before."""
    each = [timeline.phases() for timeline in timelines]
    return {name: statistics.fmean(phases[name] for phases in each) for name in each[0]}


def spread(values: Sequence[float]) -> dict[str, Any]:
    """median, quartiles (the middle half), least and most of some values."""
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "quartiles": [lower, upper], "least": min(values), "most": max(values)}


def _seconds(moment: str) -> float:
    """Seconds since 1970 of the engine's times, such as 2026-11-20T15:17:35.123456789Z."""
    whole, _, fraction = moment.removesuffix("Z").partition(".")
    return dt.datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


_STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_EVENTS = """query($id: ID!) {
  logsForRun(runId: $id, limit: 1000) {
    ... on EventConnection { events { ... on MessageEvent { timestamp eventType message } } }
  }
}"""
