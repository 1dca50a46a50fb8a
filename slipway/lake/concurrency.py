"""Several partitions at once, in order, with a bounded number in memory."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Apply `work` to each item in threads; results come in the items' order.

    At most `workers` items are taken from the iterable ahead of the result that is being waited for, so that a stream
    of frames stays a stream. An exception from `work` is raised in its item's turn; items after it are not started.
    An exception from the iterable itself is raised after the results of the items that came before it: their work is
    done, and whoever takes the results must hear of it.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="lake") as pool:
        waiting: deque[Future[R]] = deque()
        source = iter(items)
        broken: Exception | None = None
        try:
            while True:
                try:
                    item = next(source)
                except StopIteration:
                    break
                except Exception as error:
                    broken = error
                    break
                if len(waiting) >= workers:
                    yield waiting.popleft().result()
                # Dagster keeps its current instance and partition context in context variables.
                waiting.append(pool.submit(contextvars.copy_context().run, work, item))
            while waiting:
                yield waiting.popleft().result()
            if broken is not None:
                raise broken
        finally:
            for future in waiting:
                future.cancel()
