"""The first line: which columns there are, and what to say when they are not the expected ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from ingestion.defs.wholesale.errors import EmptyFile, HeaderMismatch
from ingestion.defs.wholesale.records import BrokenQuoting, split_quoted

_FIRST_LINE: Final = re.compile(r"((?:\r\n|\r|\n)*)([^\r\n]*)(?:\r\n|\r|\n)?")
_OTHER_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
_PROBABLY: Final = 0.6  # similarity from which a missing and an unknown name are one, renamed


class Header(NamedTuple):
    """Column names as found, the header's 1-based line, and where in the text the lines begin."""

    names: tuple[str, ...]
    line: int
    body: int


def read_header(text: str, columns: Sequence[str], source: str) -> Header:
    """Read the header, which must name all `columns`, in any order, and may name others.

    Raises:
        EmptyFile: the text is blank.
        HeaderMismatch: a column is missing, or a name occurs twice.
    """
    if not text.strip():
        raise EmptyFile(
            source,
            "the file is empty; expected at least a header line. Have it delivered again; "
            "a day without trade needs no file.",
        )
    first = _FIRST_LINE.match(text)
    assert first is not None  # every part of the pattern may be empty
    names = _split(first[2], columns, source)
    _verify(names, columns, source)
    empty_before = len(re.findall(r"\r\n|\r|\n", first[1]))
    return Header(names, empty_before + 1, first.end())


def _split(line: str, columns: Sequence[str], source: str) -> tuple[str, ...]:
    try:
        return tuple(split_quoted([line], [], 0, len(columns))[0])
    except BrokenQuoting as error:
        raise HeaderMismatch(
            source,
            f"the header is broken: {error} Expected: {', '.join(columns)}. Found: {line!r}.",
            expected=columns,
            found=(line,),
            missing=columns,
        ) from None


def _verify(names: Sequence[str], columns: Sequence[str], source: str) -> None:
    missing = [name for name in columns if name not in names]
    extra = [name for name in names if name not in columns]
    duplicated = sorted({name for name in names if names.count(name) > 1})
    if not missing and not duplicated:
        return
    renamed = probable_renames(missing, extra)
    problems = []
    if missing:
        problems.append(f"missing: {', '.join(missing)}")
    if extra:
        problems.append(f"not expected: {', '.join(map(repr, extra))}")
    if duplicated:
        problems.append(f"named more than once: {', '.join(map(repr, duplicated))}")
    if renamed:
        pairs = ", ".join(f"{old} is now {new!r}" for old, new in renamed.items())
        problems.append(f"probably renamed: {pairs}")
    separator = next((s for s in _OTHER_SEPARATORS if len(names) == 1 and s in names[0]), None)
    if separator is not None:
        problems.append(f"the columns look separated by {_OTHER_SEPARATORS[separator]} instead of commas")
    raise HeaderMismatch(
        source,
        f"the header does not match: {'; '.join(problems)}.\n"
        f"  expected: {', '.join(columns)}\n"
        f"  found:    {', '.join(names)}\n"
        "Have the file written with the expected names, or change the expected columns.",
        expected=columns,
        found=names,
        missing=missing,
        extra=extra,
        duplicated=duplicated,
    )


def probable_renames(missing: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """Pair missing names with unknown ones that resemble them, the most similar first."""
    pairs = sorted(((_similarity(old, new), old, new) for old in missing for new in extra), reverse=True)
    renamed: dict[str, str] = {}
    for similarity, old, new in pairs:
        if similarity >= _PROBABLY and old not in renamed and new not in renamed.values():
            renamed[old] = new
    return {old: renamed[old] for old in missing if old in renamed}


def _similarity(old: str, new: str) -> float:
    one, other = (re.sub(r"[\W_]", "", name.casefold()) for name in (old, new))
    return SequenceMatcher(None, one, other).ratio()
