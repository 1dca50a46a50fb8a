"""Files that are compressed where text is expected."""

from __future__ import annotations

from typing import Final

_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip (an archive, or a spreadsheet)"),
    (b"PK\x05\x06", "zip (an empty archive)"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


def packed_as(data: bytes) -> str | None:
    """The compression that the first bytes announce; None for what may be text."""
    found = next((name for magic, name in _MAGIC if data.startswith(magic)), None)
    if found == "bzip2" and data[4:10] != b"1AY&SY":  # `BZh` alone may be text
        return None
    return found
