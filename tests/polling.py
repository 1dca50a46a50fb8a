"""A thread that looks at something while a test does something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def polling(look: Callable[[], None], every: float = 0.0) -> Iterator[None]:
    """Look again and again, every so many seconds, until the block ends."""
    stop = threading.Event()

    def poll() -> None:
        while not stop.wait(every):
            look()

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
