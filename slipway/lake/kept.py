"""Earlier versions of a folder's objects: hard links, which cost nothing until an object is replaced.

    <lake>/_versions/<path of the object>.versions/<time of the write>-<inode>

A bucket keeps versions by itself; a folder's are bounded by their number.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

VERSIONS = "_versions"
KEPT = 5
"""Versions of an object, the current one among them."""
_SUFFIX = ".versions"
"""So that no folder is called data.parquet."""

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


class KeptVersions:
    """
    Args:
        root: the lake's folder.
        most: how many are kept of each object; 0: none.
    """

    def __init__(self, root: Path, most: int = KEPT) -> None:
        self._root = root / VERSIONS
        self._most = most

    def keep(self, path: str, file: Path) -> Path | None:
        """Keep what a file holds as a version of the object at `path`; the new link, None if it was kept before.

        What is none of a table's objects (scratch space, refused partitions) has no versions.
        """
        if not self._most or path.startswith("_"):
            return None
        stat = file.stat()
        kept = self.file(path, f"{stat.st_mtime_ns:016x}-{stat.st_ino:x}")
        while True:
            try:
                os.link(file, kept)
            except FileExistsError:
                return None
            except FileNotFoundError:
                if kept.parent.is_dir():
                    raise
                kept.parent.mkdir(parents=True, exist_ok=True)
                continue
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, kept)
            return kept

    def forget_old(self, path: str) -> None:
        """Remove the oldest versions that are too many."""
        for surplus in sorted(self._names(path), reverse=True)[self._most :]:
            self.file(path, surplus).unlink(missing_ok=True)

    def file(self, path: str, version: str) -> Path:
        return self._root / f"{path}{_SUFFIX}" / version

    def paths(self, prefix: str) -> Iterator[tuple[str, list[str]]]:
        """Objects below a prefix, each with the ids of its versions, the newest first."""
        for start in (self._root / prefix, self._root / f"{prefix}{_SUFFIX}"):
            for folder, _folders, names in os.walk(start):
                if names:
                    path = Path(folder).relative_to(self._root).as_posix()
                    yield path.removesuffix(_SUFFIX), sorted(names, reverse=True)

    def _names(self, path: str) -> list[str]:
        try:
            return [file.name for file in self.file(path, "").iterdir()]
        except FileNotFoundError:
            return []


def written(version: str) -> float:
    """When a version was written (UNIX time), from its id."""
    return int(version.partition("-")[0], 16) / 1e9
