"""Memory, processors and disk: where it becomes a warning, where a problem."""

from __future__ import annotations

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.host import GB, judge_disk, judge_memory, judge_processors, judge_runs
from tests.unit.doctor.stack import is_problem, is_warning

GIB = 1 << 30


@pytest.mark.parametrize(
    ("total", "level"),
    [(2 * GIB, "problem"), (int(3.99 * GB), "problem"), (4 * GB, "warning"), (6 * GB, "ok"), (0, "not checked")],
)
def test_memory(total: int, level: str) -> None:
    assert judge_memory(total).level == level


def test_too_little_memory_says_how_much() -> None:
    is_problem(judge_memory(2 * GIB), "2 GiB", "at least 4 GB")


@pytest.mark.parametrize(
    ("free", "level"),
    [(1, "problem"), (5 * GB - 1, "problem"), (5 * GB, "warning"), (10 * GB, "ok"), (None, "not checked")],
)
def test_disk(free: int | None, level: str) -> None:
    assert judge_disk(free, "/var/lib/docker").level == level


def test_a_full_disk_says_where_and_what_to_do() -> None:
    is_problem(judge_disk(GB, "/srv/docker"), "1.0 GB free in /srv/docker", "docker builder prune")
    assert judge_disk(None, "").level == Level.SKIPPED


def test_runs_that_fit() -> None:
    assert judge_runs(8 * GIB, 2, "1g", "2", 4).level == Level.OK


def test_all_runs_together_take_more_than_there_is() -> None:
    is_warning(judge_runs(6 * GIB, 4, "2g", "2", 4), "4 runs at once may take 8 GiB", "max_concurrent_runs: 2")


def test_one_run_takes_more_than_there_is() -> None:
    is_warning(judge_runs(4 * GIB, 4, "4g", "2", 4), "A run may take 4 GiB", "lower SLIPWAY_RUN_MEMORY")


def test_a_run_takes_more_processors_than_there_are() -> None:
    is_warning(judge_runs(8 * GIB, 1, "1g", "2", 4), "SLIPWAY_RUN_CPUS=1")


def test_no_limit_on_runs() -> None:
    is_warning(judge_runs(8 * GIB, 4, "1g", "2", -1), "max_concurrent_runs")


def test_runs_are_not_judged_by_what_is_malformed_or_unknown() -> None:
    assert judge_runs(8 * GIB, 4, "lots", "2", 4).level == Level.SKIPPED
    assert judge_runs(0, 0, "1g", "2", 4).level == Level.SKIPPED


def test_processors() -> None:
    assert judge_processors(2).level == Level.OK
    is_warning(judge_processors(1), "1 processor")
    assert judge_processors(0).level == Level.SKIPPED
