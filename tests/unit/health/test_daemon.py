"""The daemon's heartbeats, judged."""

from __future__ import annotations

import pytest
from dagster._core.test_utils import instance_for_test

from slipway.health.daemon import REQUIRED, check, judge
from tests.servers import free_port

WELL = dict.fromkeys(REQUIRED, 30.0)


def test_all_threads_have_told_lately() -> None:
    assert judge(WELL, 120) is None
    assert judge(WELL | {"FRESHNESS_DAEMON": 9999.0}, 120) is None, "one that is not required"


@pytest.mark.parametrize("kind", REQUIRED)
def test_one_that_is_silent_is_named(kind: str) -> None:
    assert judge(WELL | {kind: 3725.4}, 120) == f"The daemon's thread {kind} was last seen 1:02:05 ago."
    assert judge({each: age for each, age in WELL.items() if each != kind}, 120) == (
        f"The daemon's thread {kind} has not begun."
    )


def test_before_the_first_heartbeat() -> None:
    assert judge({}, 120) == "The daemon's thread SENSOR has not begun."


def test_what_is_required_is_what_dagster_runs_with_the_stacks_settings() -> None:
    settings = {
        "run_coordinator": {"module": "slipway.instance.coordinator", "class": "RunCoordinator"},
        "run_monitoring": {"enabled": True},
        "run_retries": {"enabled": True},
    }
    with instance_for_test(overrides=settings) as instance:
        assert set(REQUIRED) <= set(instance.get_required_daemon_types())


def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOST": "127.0.0.1", "PORT": str(free_port()), "USER": "dagster", "DB": "dagster"}.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    wrong = check()
    assert wrong is not None
    assert wrong.startswith("Postgres does not answer: ")
    assert "Connection refused" in wrong
