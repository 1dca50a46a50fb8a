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
