"""The lake: frames <-> Parquet partitions, in a folder or a bucket.

`Lake` reads and writes partitions; `LakeIOManager` does it for Dagster's assets. One object a partition, replaced
atomically, judged before it is published, with its provenance inside. Paths are a pure function of asset key and
partition key (`layout`), so that any location, and any other reader, finds them.
"""

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
