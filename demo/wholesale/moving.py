"""A wholesale file under another day: its invoice dates move, every other byte stays. Pure."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from functools import lru_cache

from demo.errors import SourceError

COLUMN = "InvoiceDate"

# A field in quotes may hold commas, line ends and doubled quotes. One whose quotes do not work out is read as if it had
# none, so that whatever the mess, a record ends with its line.
_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"(?=[,\r\n]|\Z)|[^,\r\n]*)'
_END = rb"(?:\r\n?|\n|\Z)"
_RECORD = re.compile(rb"%s(?:,%s)*%s" % (_FIELD, _FIELD, _END))
_MARK = "\ufeff".encode()


def moved(content: bytes, by: timedelta) -> bytes:
    """The file (UTF-8 or another encoding that holds ASCII) with every invoice date later by `by`, whole days.

    A date is the first ten characters of the field, ISO. A field that does not begin with one, and a line that is too
    short to have one, stay as they are; so does a date that does not exist, or would not after the move. Apart from
    such, `moved(moved(content, by), -by)` is `content`.

    Raises:
        SourceError: the header names no `InvoiceDate`.
    """
    head = _RECORD.match(content)
    assert head is not None  # the pattern matches the empty text
    dated = _dated(_place(head[0]))
    pieces, at = [head[0]], head.end()
    while at < len(content):
        found = dated.match(content, at)
        if found is not None:
            pieces += (found[1], _later(found[2], by), found[3])
        else:
            found = _RECORD.match(content, at)
            assert found is not None
            pieces.append(found[0])
        at = found.end()
    return b"".join(pieces)


def _place(header: bytes) -> int:
    """The number of fields before the invoice date."""
    text = header.removeprefix(_MARK).decode("latin-1").rstrip("\r\n")
    names = next(csv.reader([text]), [])
    if COLUMN not in names:
        raise SourceError(
            f"The file has no column {COLUMN}, so its dates cannot be moved: found {', '.join(names) or 'no header'}."
        )
    return names.index(COLUMN)


@lru_cache(maxsize=8)
def _dated(place: int) -> re.Pattern[bytes]:
    """A record in three parts: what comes before the invoice's date, the date, and the rest with the line end."""
    return re.compile(
        rb'((?:%s,){%d}"?)([0-9]{4}-[0-9]{2}-[0-9]{2})((?![0-9])[^,\r\n]*(?:,%s)*%s)' % (_FIELD, place, _FIELD, _END)
    )


@lru_cache(maxsize=1024)
def _later(day: bytes, by: timedelta) -> bytes:
    try:
        return (date.fromisoformat(day.decode()) + by).isoformat().encode()
    except (ValueError, OverflowError):
        return day
