"""Each way in which a run's process dies has its own sentence, a hint, and the end of its log."""

from __future__ import annotations

import pytest

from slipway.runs import Limits, Worker, diagnose

GIB = 1 << 30


@pytest.mark.parametrize(
    ("worker", "cause", "hint"),
    [
        (
            Worker(exit_code=137, oom_killed=True, limits=Limits(memory=GIB // 2)),
            "The run was killed because it took more memory than its limit of 512 MiB.",
            "Give it more with the tag slipway/memory on its job or asset, such as 1g, or let it read less at a time.",
        ),
        (
            Worker(exit_code=137, oom_killed=True),
            "The run was killed because it took more memory than what the host has.",
            "fitting the host",
        ),
        (
            Worker(exit_code=137, limits=Limits(memory=GIB)),
            "The run's process was killed by SIGKILL (exit code 137), not for its memory limit.",
            "Somebody killed the container",
        ),
        (Worker(exit_code=143), "The run's process was ended by SIGTERM (exit code 143).", "from outside"),
        (Worker(exit_code=139), "The run's process was ended by SIGSEGV (exit code 139).", "native code"),
        (Worker(exit_code=128 + 40), "The run's process was ended by signal 40 (exit code 168).", "native code"),
        (Worker(exit_code=0), "ended as if all was done (exit code 0), and the run is not over.", "lost the database"),
        (Worker(exit_code=3), "The run's process ended early, with exit code 3.", "See the end of its log."),
        (Worker(), "The run's process has ended, and its exit code is not known.", "again from failure"),
        (Worker(gone=True), "The run's container is gone", "again from failure"),
        (
            Worker(started=False, error="No such image: ingestion:dev"),
            "The run's container was never started: No such image: ingestion:dev.",
            "Build or pull the image",
        ),
        (
            Worker(started=False, error='exec: "dagster": executable file not found in $PATH: unknown'),
            "never started",
            "no `dagster` command",
        ),
        (Worker(started=False), "never started: the engine does not say why.", "log of the Docker engine"),
        (
            Worker(exit_code=1, log=["Traceback", "ModuleNotFoundError: No module named 'polars'"]),
            "because its code does not import: ModuleNotFoundError: No module named 'polars'.",
            "has its requirements",
        ),
        (
            Worker(exit_code=1, log=["SettingError: SLIPWAY_LAKE is not set: expected a folder."]),
            "because a variable is missing:",
            "Give SLIPWAY_LAKE to the location's runs",
        ),
        (
            Worker(exit_code=1, log=[
                'PostProcessingError: You have attempted to fetch the environment variable "DAGSTER_PG_HOST" which is '
                "not set. In order for this execution to succeed it must be set in this environment."
            ]),
            "because a variable is missing:",
            "Give DAGSTER_PG_HOST to the location's runs",
        ),
        (
            Worker(exit_code=0, oom_killed=True, limits=Limits(memory=GIB)),
            "A process of the run was killed because it took more memory than its limit of 1 GiB.",
            "such as 2g",
        ),
        (Worker(exit_code=255), "exit code 255", "The engine or the host was restarted."),
        (Worker(exit_code=200), "ended early, with exit code 200.", "See the end of its log."),
        (
            Worker(started=False, error="the Docker engine at tcp://docker-api:2375 does not answer (refused)"),
            "was never started: the Docker engine at tcp://docker-api:2375 does not answer (refused).",
            "Look whether the engine",
        ),
    ],
)  # fmt: skip
def test_cause_and_hint(worker: Worker, cause: str, hint: str) -> None:
    death = diagnose(worker)
    assert cause in death.cause
    assert hint in death.hint


def test_the_end_of_the_log_is_told() -> None:
    death = diagnose(Worker(exit_code=1, log=[f"line {n}" for n in range(200)]))
    assert len(death.log) == 50
    told = str(death).splitlines()
    assert told[0] == f"{death.cause} {death.hint}"
    assert told[2] == "The last 50 lines of its log:"
    assert told[-1] == "  line 199"


def test_without_a_log_there_is_no_heading_for_it() -> None:
    assert "log:" not in str(diagnose(Worker(exit_code=143)))


def test_a_memory_kill_counts_more_than_what_the_log_says() -> None:
    death = diagnose(Worker(exit_code=137, oom_killed=True, log=["ImportError: x"]))
    assert "more memory" in death.cause


@pytest.mark.parametrize(
    ("worker", "lasting"),
    [
        (Worker(exit_code=137, oom_killed=True), True),
        (Worker(exit_code=1, log=["ImportError: x"]), True),
        (Worker(exit_code=1, log=["SLIPWAY_LAKE is not set"]), True),
        (Worker(started=False, error="No such image: x"), True),
        (Worker(started=False, error="network shop_runs not found"), True),
        (Worker(started=False, error="the Docker engine does not answer"), False),
        (Worker(started=False), False),
        (Worker(exit_code=137), False),
        (Worker(exit_code=143), False),
        (Worker(exit_code=255), False),
        (Worker(exit_code=1), False),
        (Worker(gone=True), False),
    ],
)
def test_what_would_happen_again_is_not_worth_a_retry(worker: Worker, lasting: bool) -> None:
    assert diagnose(worker).lasting is lasting


def test_a_long_line_is_cut() -> None:
    assert [len(line) for line in diagnose(Worker(exit_code=1, log=["x" * 100_000])).log] == [1000]
