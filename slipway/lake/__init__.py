"""The lake: frames <-> Parquet partitions, in a folder or a bucket.

`Lake` reads and writes partitions; `LakeIOManager` does it for Dagster's assets. One object a partition, replaced
atomically, judged before it is published, with its provenance inside. Paths are a pure function of asset key and
partition key (`layout`), so that any location, and any other reader, finds them.

What is exported here is imported when it is asked for: the webserver reads pages and the steward moves logs without the
libraries that frames need.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway.lake.errors import (
        ColumnCollision,
        FrameError,
        LakeError,
        LakeSettingsError,
        LakeUnavailable,
        PartitionKeyError,
        PartitionMissing,
        PartitionsFailed,
    )
    from slipway.lake.io_manager import LakeIOManager
    from slipway.lake.lake import Draft, Lake, Loaded, Published
    from slipway.lake.parquet import Provenance
    from slipway.lake.partitions import File, PartitionFailure, Partitions, WithFiles
    from slipway.lake.settings import LakeSettings, S3Settings
    from slipway.lake.table import Facts, LakeTable, Verdict

_HOMES = {
    "errors": (
        "ColumnCollision",
        "FrameError",
        "LakeError",
        "LakeSettingsError",
        "LakeUnavailable",
        "PartitionKeyError",
        "PartitionMissing",
        "PartitionsFailed",
    ),
    "io_manager": ("LakeIOManager",),
    "lake": ("Draft", "Lake", "Loaded", "Published"),
    "parquet": ("Provenance",),
    "partitions": ("File", "PartitionFailure", "Partitions", "WithFiles"),
    "settings": ("LakeSettings", "S3Settings"),
    "table": ("Facts", "LakeTable", "Verdict"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ColumnCollision",
    "Draft",
    "Facts",
    "File",
    "FrameError",
    "Lake",
    "LakeError",
    "LakeIOManager",
    "LakeSettings",
    "LakeSettingsError",
    "LakeTable",
    "LakeUnavailable",
    "Loaded",
    "PartitionFailure",
    "PartitionKeyError",
    "PartitionMissing",
    "Partitions",
    "PartitionsFailed",
    "Provenance",
    "Published",
    "S3Settings",
    "Verdict",
    "WithFiles",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"slipway.lake.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
