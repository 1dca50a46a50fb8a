"""Files that appear at once: temporary name, fsync, rename."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> Path:
    """Replace `path` by `content`; a reader sees the old file or the new one, never a part.

    The temporary name begins with a dot, so that whoever lists `*.csv` does not see it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _make_newer_than(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return path


def _make_newer_than(old: Path, new: Path) -> None:
    # Kernel file times move in ticks of some milliseconds: without this, two versions delivered
    # within one tick and of one size look the same to a reader that compares times.
    if not old.exists():
        return
    before, now = old.stat().st_mtime_ns, new.stat().st_mtime_ns
    if now <= before:
        os.utime(new, ns=(before + 1_000_000, before + 1_000_000))


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows does not open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
