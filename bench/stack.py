"""What does a run cost in a container of its own, here and with Dagster's own Docker example?

    python bench/stack.py [--runs 15] [--json]

Builds and starts this repository's stack (docker-compose.yaml, with bench/stack.yaml over it) and the reference
(bench/reference/), both on new volumes and with warm images, and measures in both

- the start: from `docker compose up --detach` until every service is healthy, every location loaded and every daemon
  has reported, each deployment being started alone;
- idle memory: what `docker stats` shows, that is without file cache that could be dropped, summed over all services;
- a trivial run: the job `noop`, of one op that does nothing, from the launch request to its success being seen by one
  who asks GraphQL every 50 ms; and its phases, by Dagster's events and the engine's times.

In the stack this is a job of the code location `transformation` as it is, so its runs import all that this location
imports, and the requests go through the proxy and its sign-in; logs go to the object store, and limits are on. The
shop is left out, and sensors and schedules are stopped once idle memory is known, so that nothing else runs. The
reference has one location with nothing but that job and an asset. Its queue is looked at every 5 s and its jobs run in
a second process, as Dagster does if nothing is said: that is part of what is compared.

Runs of both alternate while both are up, with pauses of 0.5 to 5.5 s (so that they meet the queues' intervals
anywhere): other load on the machine meets both alike. With --json the figures, and the moments of every run, are also
written to bench/results-stack.json. Everything is taken down at the end, also after a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.deployments import Deployment, build, memory, reference, running, slipway, stop_automation
from bench.run_timeline import MOMENTS, Timeline, mean_phases, spread, timed_run

RESULTS = Path(__file__).resolve().parent / "results-stack.json"
OURS, REFERENCE = "this stack", "reference"
_SETTLED_SECONDS = 30
_WARM_UPS = 2


def measure(runs: int, console: Console) -> dict[str, Any]:
    """All figures. Seconds and MiB; the keys are "this stack" and "reference" throughout.

    Raises:
        StackError: one does not start, or a run does not succeed.
    """
    mark = uuid.uuid4().hex[:6]
    console.print("Building images ...")
    build()
    load_before = os.getloadavg()[0]
    starts: dict[str, float] = {}
    console.print("Starting the reference, alone ...")
    with running(reference(f"benchstart{mark}")) as alone:
        starts[REFERENCE] = alone.started_after
    console.print("Starting this stack, alone, then the reference again ...")
    with running(slipway(f"bench{mark}")) as ours:
        starts[OURS] = ours.started_after
        with running(reference(f"benchreference{mark}")) as other:
            both = {OURS: ours, REFERENCE: other}
            time.sleep(_SETTLED_SECONDS)
            used = {name: memory(deployment) for name, deployment in both.items()}
            stop_automation(ours)
            timelines = _alternate(both, runs, console)
    return {
        "processors": os.cpu_count(),
        "load": {"before": load_before, "after": os.getloadavg()[0]},
        "start": starts,
        "memory": used,
        "runs": {name: _figures(of) for name, of in timelines.items()},
    }


def _alternate(both: dict[str, Deployment], runs: int, console: Console) -> dict[str, list[Timeline]]:
    timelines: dict[str, list[Timeline]] = {name: [] for name in both}
    pauses = random.Random(1)
    for number in range(runs + _WARM_UPS):
        told = []
        for name, deployment in both.items():
            time.sleep(pauses.uniform(0.5, 5.5))
            timeline = timed_run(deployment)
            told.append(f"{name} {timeline.seconds:.2f} s")
            if number >= _WARM_UPS:
                timelines[name].append(timeline)
        console.print(f"Run {number + 1} of {runs + _WARM_UPS}: {', '.join(told)}")
    return timelines


def _figures(timelines: Sequence[Timeline]) -> dict[str, Any]:
    return {
        **spread([timeline.seconds for timeline in timelines]),
        "phases": mean_phases(timelines),
        "timelines": [{"run": each.run_id, "moments": dict(each.moments)} for each in timelines],
    }


def show(figures: dict[str, Any], console: Console) -> None:
    """The figures as tables."""
    runs = figures["runs"]
    table = Table("", OURS, REFERENCE, "ratio", title="Side by side")

    def row(title: str, ours: float, other: float, unit: str) -> None:
        digits = 2 if unit == "s" else 0
        table.add_row(title, f"{ours:.{digits}f} {unit}", f"{other:.{digits}f} {unit}", f"{ours / other:.2f}")

    row("a trivial run, median", runs[OURS]["median"], runs[REFERENCE]["median"], "s")
    for number, title in enumerate(("lower quartile", "upper quartile")):
        row(f"  {title}", runs[OURS]["quartiles"][number], runs[REFERENCE]["quartiles"][number], "s")
    row("  fastest", runs[OURS]["least"], runs[REFERENCE]["least"], "s")
    row("start, warm images", figures["start"][OURS], figures["start"][REFERENCE], "s")
    used = {name: sum(services.values()) for name, services in figures["memory"].items()}
    row("idle memory, all services", used[OURS], used[REFERENCE], "MiB")
    console.print(table)

    phases = Table("phase of a run, mean", OURS, REFERENCE, title="Where the time goes, ms")
    ours, other = runs[OURS]["phases"], runs[REFERENCE]["phases"]
    for moment, meaning in MOMENTS.items():
        if moment in ours or moment in other:
            phases.add_row(meaning, *(f"{of[moment] * 1000:.0f}" if moment in of else "-" for of in (ours, other)))
    phases.add_section()
    phases.add_row("in all", *(f"{sum(of.values()) * 1000:.0f}" for of in (ours, other)))
    console.print(phases)

    services = Table("service", "MiB", title="Idle memory of this stack")
    for service, amount in sorted(figures["memory"][OURS].items(), key=lambda item: -item[1]):
        services.add_row(service, f"{amount:.0f}")
    console.print(services)
    load = figures["load"]
    console.print(
        f"{figures['processors']} processors, load average {load['before']:.1f} before, {load['after']:.1f} after"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="measured runs of each, after two that are not")
    parser.add_argument("--json", action="store_true", help=f"also write bench/{RESULTS.name}")
    arguments = parser.parse_args()
    if arguments.runs < 2:
        parser.error("--runs: expected 2 or more, since quartiles are told.")
    # So that what was started is taken down then as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    figures = measure(arguments.runs, console)
    show(figures, console)
    if arguments.json:
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
