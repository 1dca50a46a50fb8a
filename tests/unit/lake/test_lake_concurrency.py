"""Several at once, in order, with a bounded number in memory."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Generator, Iterator

import pytest

from slipway.lake.concurrency import in_order


def test_results_come_in_the_items_order_whichever_is_first() -> None:
    def work(n: int) -> int:
        time.sleep(0.002 * (n % 3))
        return n * n

    assert list(in_order(work, range(40), 8)) == [n * n for n in range(40)]


def test_work_is_done_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=5)

    assert len(list(in_order(lambda _: together.wait(), range(8), 4))) == 8


@pytest.mark.parametrize("workers", [1, 4])
def test_a_stream_stays_a_stream(workers: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for n in range(100):
            taken += 1
            yield n

    ahead = []
    for n in in_order(lambda n: n, items(), workers):
        ahead.append(taken - n - 1)
    assert max(ahead) == workers
    assert taken == 100


def test_an_error_is_raised_in_its_items_turn_and_stops_the_rest() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    results = in_order(lambda n: 1 // (5 - n), items(), 2)
    with pytest.raises(ZeroDivisionError):
        for _ in results:
            pass
    assert len(taken) <= 9


def test_what_was_begun_before_the_stream_broke_is_still_told() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise OSError("the source is gone")

    told: list[int] = []
    with pytest.raises(OSError, match="the source is gone"):
        told.extend(in_order(lambda n: n, items(), 3))
    assert told == [0, 1, 2, 3, 4]


def test_whoever_stops_listening_stops_the_work() -> None:
    done: list[int] = []
    results = in_order(done.append, range(1000), 2)
    next(results)
    assert isinstance(results, Generator)
    results.close()

    assert len(done) < 10


def test_context_variables_reach_the_workers() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    assert list(in_order(lambda _: variable.get(), range(2), 2)) == ["set", "set"]


def test_nothing_to_do() -> None:
    assert list(in_order(lambda n: n, [], 4)) == []
