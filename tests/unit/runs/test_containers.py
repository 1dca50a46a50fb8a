"""What a container's description means: whose it is, and what it tells about a death."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.runs import Limits, Worker
from slipway.runs.containers import (
    Container,
    container_name,
    is_container_name_of,
    limits_in,
    newest_of_each_run,
    worker_of,
)

RUN = "0a1b2c3d-1111-2222-3333-444455556666"
MIB = 1 << 20


def test_a_line_of_the_engines_list() -> None:
    listed = {
        "Id": "f3d0",
        "Names": ["/shop-run-0a1b2c3d"],
        "State": "exited",
        "Created": 1795271902,
        "Labels": {"dagster/run_id": RUN, "slipway.stop_timeout": "45"},
    }
    container = Container.of(listed)
    assert (container.name, container.run_id, container.ended, container.running) == (
        "shop-run-0a1b2c3d",
        RUN,
        True,
        False,
    )
    assert container.stop_timeout == 45
    assert Container.of({"Id": "x", "State": "running", "Labels": None}).run_id == ""


def test_the_stop_timeout_has_a_default() -> None:
    for labels in ({}, {"slipway.stop_timeout": "soon"}):
        assert Container("a", "a", "running", labels=labels).stop_timeout == 30


def test_the_last_container_speaks_for_a_run() -> None:
    labels = {"dagster/run_id": RUN}
    old, new = Container("a", "a", "exited", 1, labels), Container("b", "b", "running", 2, labels)
    other = Container("c", "c", "running", 0, {"dagster/run_id": "other"})
    assert newest_of_each_run([new, other, old]) == {RUN: new, "other": other}


def test_names_hold_the_run_id() -> None:
    assert container_name("shop", RUN) == "shop-run-0a1b2c3d"
    assert container_name("shop", RUN, 3) == "shop-run-0a1b2c3d-3"
    assert is_container_name_of(RUN, container_name("shop", RUN, 2))
    assert not is_container_name_of(RUN, "shop-run-ffffffff"), "copied from the run that was re-executed"
    assert not is_container_name_of(RUN, None)


@pytest.mark.parametrize(
    ("inspected", "worker"),
    [
        (None, Worker(gone=True)),
        ({"State": {"Status": "exited", "ExitCode": 1}}, Worker(exit_code=1)),
        (
            {
                "State": {"Status": "exited", "ExitCode": 137, "OOMKilled": True},
                "HostConfig": {"Memory": 32 * MIB, "NanoCpus": 1_500_000_000},
            },
            Worker(exit_code=137, oom_killed=True, limits=Limits(32 * MIB, 1.5)),
        ),
        ({"State": {"Status": "created", "Error": "no such file"}}, Worker(started=False, error="no such file")),
    ],
)
def test_what_an_inspection_tells_of_the_process(inspected: dict[str, Any] | None, worker: Worker) -> None:
    assert worker_of(inspected) == worker


def test_a_container_that_nobody_started_is_not_started() -> None:
    worker = worker_of({"State": {"Status": "created", "ExitCode": 0, "Error": ""}})
    assert not worker.started
    assert "who should have started it has ended" in worker.error


def test_no_limits() -> None:
    assert limits_in({"HostConfig": {"Memory": 0, "NanoCpus": 0}}) == Limits() == limits_in({})
