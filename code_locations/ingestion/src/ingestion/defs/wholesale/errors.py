"""Why a whole file cannot be read.

    UnreadableFile
    ├── EmptyFile            nothing in it
    ├── PackedFile           it is compressed
    ├── HeaderMismatch       the first line does not name the expected columns
    ├── EncodingUnclear      several encodings, or none, give plausible text
    └── EncodingWrong        the encoding that was set, or that the file announces, does not fit

A single bad line raises nothing: it goes to the rejects.
"""

from __future__ import annotations

from collections.abc import Sequence


class UnreadableFile(Exception):
    """A file that cannot be read at all; `source` is its name."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source


class EmptyFile(UnreadableFile):
    """Not even a header."""


class PackedFile(UnreadableFile):
    """Compressed bytes instead of text."""


class HeaderMismatch(UnreadableFile):
    """The header lacks columns, or names one twice."""

    def __init__(
        self,
        source: str,
        message: str,
        *,
        expected: Sequence[str],
        found: Sequence[str],
        missing: Sequence[str] = (),
        extra: Sequence[str] = (),
        duplicated: Sequence[str] = (),
    ) -> None:
        super().__init__(source, message)
        self.expected = tuple(expected)
        self.found = tuple(found)
        self.missing = tuple(missing)
        self.extra = tuple(extra)
        self.duplicated = tuple(duplicated)


class EncodingUnclear(UnreadableFile):
    """The bytes do not say which of `candidates` they are written in.

    `line` is 1-based, `offset` the 0-based position in the file of the byte that tells them apart.
    """

    def __init__(self, source: str, message: str, *, candidates: Sequence[str], line: int, offset: int) -> None:
        super().__init__(source, message)
        self.candidates = tuple(candidates)
        self.line = line
        self.offset = offset


class EncodingWrong(UnreadableFile):
    """The bytes contradict `encoding`, which was set or which the byte order mark announces."""

    def __init__(self, source: str, message: str, *, encoding: str) -> None:
        super().__init__(source, message)
        self.encoding = encoding
