"""What can go wrong between a frame and its partition in the lake.

LakeError
├── LakeSettingsError         the lake's address or credentials are unset or malformed
├── LakeUnavailable           the folder or bucket cannot be reached, read or written; nothing was torn
├── PartitionKeyError         a partition key that has no path, or that is not of this table
├── PartitionMissing          an upstream partition is not in the lake
├── FrameError                a value that is not a table, or a frame that cannot be stored as it is
│   └── ColumnCollision       a column has the name of a partition dimension in the path
└── PartitionsFailed          some partitions of a run failed; the others are written and recorded
"""


class LakeError(Exception):
    """Base of everything that the lake raises on purpose."""


class LakeSettingsError(LakeError):
    pass


class LakeUnavailable(LakeError):
    pass


class PartitionKeyError(LakeError, ValueError):
    pass


class PartitionMissing(LakeError, LookupError):
    pass


class FrameError(LakeError, TypeError):
    pass


class ColumnCollision(FrameError):
    pass


class PartitionsFailed(LakeError):
    """Some partitions of a run failed; each of `failures` is (partition key, sentence)."""

    def __init__(self, asset: str, failures: list[tuple[str, str]], written: int) -> None:
        self.asset = asset
        self.failures = failures
        self.written = written
        lines = "\n".join(f"  {key}: {reason}" for key, reason in failures[:50])
        more = f"\n  and {len(failures) - 50} more" if len(failures) > 50 else ""
        kept = (
            f"; {written} other partition{'s are' if written != 1 else ' is'} written and recorded" if written else ""
        )
        super().__init__(
            f"{len(failures)} partition{'s' if len(failures) != 1 else ''} of {asset} failed{kept}:\n{lines}{more}"
        )
