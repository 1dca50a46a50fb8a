"""Memory that is needed at the start and on one moment of a day is given back."""

from __future__ import annotations

import ctypes
import gc
from functools import lru_cache

from demo.wholesale import forget_archive


def give_back() -> None:
    """Free the unpacked archive, and return free memory to the system: it is 25 of 100 MB after the first delivery.

    glibc keeps it otherwise; with another C library the last step is left out.
    """
    forget_archive()
    gc.collect()
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL | None:
    try:
        # What this process is linked with; find_library would start a compiler to find it.
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None
