"""The queue's loop: it goes on after an error, and never without a pause."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace
from typing import Any

import dagster as dg
from dagster._daemon.daemon import DaemonIterator
from dagster_shared.error import SerializableErrorInfo

from slipway.daemon.queue import SignalledQueue


class Looks(SignalledQueue):
    """Looks at nothing; the second one fails."""

    def __init__(self) -> None:
        super().__init__(interval_seconds=0.01)
        self.at: list[float] = []

    def run_iteration(
        self, workspace_process_context: Any, fixed_iteration_time: float | None = None
    ) -> DaemonIterator:
        self.at.append(time.monotonic())
        yield None
        if len(self.at) == 2:
            raise RuntimeError("the database is away")


def test_it_looks_again_after_an_error_and_after_a_pause() -> None:
    daemon = Looks()
    with dg.DagsterInstance.ephemeral() as instance:
        told = []
        loop = daemon.core_loop(SimpleNamespace(instance=instance), threading.Event())  # type: ignore[arg-type]
        for each in loop:
            told.append(each)
            if len(daemon.at) == 4:
                break
    errors = [each for each in told if isinstance(each, SerializableErrorInfo)]
    assert [error.message.strip() for error in errors] == ["RuntimeError: the database is away"]
    assert all(after - before > 0.15 for before, after in itertools.pairwise(daemon.at))


def test_a_shutdown_is_not_waited_out() -> None:
    daemon = Looks()
    daemon.interval_seconds = 30
    shutdown = threading.Event()
    shutdown.set()
    with dg.DagsterInstance.ephemeral() as instance:
        began = time.monotonic()
        loop = daemon.core_loop(SimpleNamespace(instance=instance), shutdown)  # type: ignore[arg-type]
        while len(daemon.at) < 2:
            next(loop)
        assert time.monotonic() - began < 5
