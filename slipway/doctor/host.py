"""The machine: memory, processors, disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from slipway.doctor.engine import Engine
from slipway.doctor.finding import Finding, ok, problem, skipped, warning
from slipway.runs.limits import LimitError, memory_bytes, processors, show_memory

GB = 10**9
LEAST_MEMORY = 4 * GB
GOOD_MEMORY = 6 * GB
LEAST_DISK = 5 * GB
GOOD_DISK = 10 * GB
SERVICES = 1_200_000_000
"""Bytes that all services together take when nothing runs."""


def judge_memory(total: int) -> Finding:
    """
    Args:
        total: bytes that Docker has; 0: not known.
    """
    if not total:
        return skipped("memory", "How much memory there is cannot be told before Docker answers.")
    shown = show_memory(total)
    if total < LEAST_MEMORY:
        return problem(
            "memory", f"Docker has {shown} of memory: expected at least 4 GB; take a larger machine, or give it more."
        )
    if total < GOOD_MEMORY:
        return warning("memory", f"Docker has {shown} of memory: enough to look at it; give it 6 GB or more for work.")
    return ok("memory", f"Docker has {shown}.")


def judge_runs(total: int, cores: int, memory: str, cpus: str, at_once: int) -> Finding:
    """What runs may take, against what there is.

    Args:
        memory, cpus: SLIPWAY_RUN_MEMORY and SLIPWAY_RUN_CPUS, a run's limits where no tag says otherwise.
        at_once: max_concurrent_runs in dagster.yaml; below 0: any number.
    """
    try:
        each, share = memory_bytes(memory), processors(cpus)
    except LimitError:
        return skipped(
            "runs", "What runs may take cannot be told before SLIPWAY_RUN_MEMORY and SLIPWAY_RUN_CPUS are right."
        )
    if not total or not cores:
        return skipped("runs", "What runs may take is not compared before Docker answers.")
    if each + SERVICES > total:
        return warning(
            "runs",
            f"A run may take {show_memory(each)}, and {show_memory(max(total - SERVICES, 0))} are left beside the "
            "services: lower SLIPWAY_RUN_MEMORY.",
        )
    if share > cores:
        return warning(
            "runs", f"A run may take {share:g} processors, and there are {cores}: set SLIPWAY_RUN_CPUS={cores}."
        )
    if at_once < 0:
        return warning(
            "runs", "Any number of runs may run at once: set max_concurrent_runs in dagster.yaml, such as 4."
        )
    if at_once * each + SERVICES > total:
        fits = max(1, (total - SERVICES) // each)
        return warning(
            "runs",
            f"{at_once} runs at once may take {show_memory(at_once * each)}, more than there is beside the "
            f"services: set max_concurrent_runs: {fits} in dagster.yaml, or lower SLIPWAY_RUN_MEMORY.",
        )
    return ok("runs", f"{at_once} at once, each with up to {show_memory(each)} and {share:g} processors, have room.")


def judge_processors(cores: int) -> Finding:
    if not cores:
        return skipped("processors", "How many there are cannot be told before Docker answers.")
    if cores < 2:
        return warning("processors", "Docker has 1 processor: the stack works on it, slowly; give it 2 or more.")
    return ok("processors", f"Docker has {cores}.")


def judge_disk(free: int | None, folder: str) -> Finding:
    """
    Args:
        free: bytes; None: the folder cannot be seen from here.
        folder: where Docker keeps images, volumes and containers; empty: not known.
    """
    if not folder:
        return skipped("disk", "How much is free cannot be told before Docker answers.")
    if free is None:
        return skipped("disk", f"Docker keeps its data in {folder} of another machine, which is not seen from here.")
    shown = f"{free / GB:.1f} GB free in {folder}"
    if free < LEAST_DISK:
        return problem(
            "disk",
            f"{shown}: expected at least 5 GB; make room, for example with `docker image prune` and "
            "`docker builder prune`.",
        )
    if free < GOOD_DISK:
        return warning("disk", f"{shown}: enough for the images, and little for data; make room.")
    return ok("disk", f"{shown}.")


def look_at_host(engine: Engine, run_memory: str, run_cpus: str, at_once: int) -> list[Finding]:
    local = engine.is_local
    total = engine.memory or (_memory_here() if local else 0)
    cores = engine.processors or (os.cpu_count() or 0 if local else 0)
    return [
        judge_memory(total),
        judge_processors(cores),
        judge_runs(total, cores, run_memory, run_cpus, at_once),
        judge_disk(_free(engine.root) if local else None, engine.root),
    ]


def _free(folder: str) -> int | None:
    try:
        return shutil.disk_usage(Path(folder)).free if folder else None
    except OSError:
        return None


def _memory_here() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0
