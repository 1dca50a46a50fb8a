"""Run containers and volumes that the stack leaves."""

from __future__ import annotations

import json

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.leftovers import judge_run_containers, judge_volumes, read_volumes, size
from slipway.steward.settings import Retention
from tests.unit.doctor.stack import is_warning

KEEP = Retention(most=2, most_failed=3)


def judge(states: list[str], started: bool = True):
    return judge_run_containers(states, "slipway", started=started, keep=KEEP)


def test_as_many_as_are_kept() -> None:
    found = judge(["running", *["exited"] * 15])
    assert found.level == Level.OK
    assert "1 at work, 15 kept" in found.sentence


def test_more_than_are_kept() -> None:
    is_warning(judge(["exited"] * 16), "16 finished ones", "at most 5", "docker compose logs steward")


def test_a_stack_that_is_down() -> None:
    is_warning(judge(["exited", "running"], started=False), "2 are left", "label=slipway.stack=slipway")
    assert judge([], started=False).level == Level.OK


def test_volumes() -> None:
    labels = "com.docker.compose.project=slipway,com.docker.compose.volume="
    listed = [
        {"Name": "slipway_postgres-data", "Labels": f"{labels}postgres-data", "Size": "1.5GB"},
        {"Name": "slipway_secrets-init", "Labels": f"{labels}secrets-init", "Size": "166B"},
        {"Name": "other", "Labels": "com.docker.compose.project=other", "Size": "7GB"},
        {"Name": "plain", "Labels": "", "Size": "N/A"},
    ]
    volumes = read_volumes(json.dumps(listed), "slipway")
    assert volumes == {"postgres-data": 1_500_000_000, "secrets-init": 166}
    assert "1.50 GB, most of it in postgres-data" in judge_volumes(volumes).sentence
    assert judge_volumes(read_volumes("null", "slipway")).level == Level.SKIPPED


@pytest.mark.parametrize(("text", "expected"), [("0B", 0), ("64.4MB", 64_400_000), ("1kB", 1000), ("N/A", 0)])
def test_sizes(text: str, expected: int) -> None:
    assert size(text) == expected
