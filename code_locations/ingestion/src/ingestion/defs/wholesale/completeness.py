"""Is a file still being written, or was its transfer cut off?"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Final

from ingestion.defs.wholesale.encoding import marked_encoding
from ingestion.defs.wholesale.packed import packed_as
from ingestion.defs.wholesale.records import BrokenQuoting, read_records, split_quoted

_LINE_ENDS: Final = ("\n", "\r")


def complete(data: bytes, *, columns: Sequence[str] = (), encoding: str | None = None) -> str | None:
    """Say why a file looks half written, or None.

    Half written is: nothing; half a character at the end; a quote still open at the end; a last
    record that lacks its line end and some of its fields. A file that is cut just behind a record,
    or inside the last field of one, looks whole. `columns`: a header alone, without line end, must
    name them all. `encoding`: the one that is set, as for `decode`.
    """
    if packed_as(data):
        return None  # which is an error, but none that waiting would mend
    text, cut_character = _text(data, encoding)
    if not text.strip():
        return "The file is empty."
    if cut_character:
        return "The file ends in the middle of a character."
    header, _, body = text.lstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    try:
        names, _ = split_quoted([header], [], 0, 1)
    except BrokenQuoting:
        names = header.split(",")
    if not body.strip("\n"):
        absent = [name for name in columns if name not in names]
        if absent and not text.endswith(_LINE_ENDS):
            return f"The file ends within its header, before {', '.join(absent)}."
        return None
    return _last_record(body, width=len(names), ended=text.endswith(_LINE_ENDS))


def _last_record(body: str, *, width: int, ended: bool) -> str | None:
    last_line = body.rstrip("\n").rpartition("\n")[2]
    if '"' not in last_line and last_line.count(",") >= width - 1:
        return None  # no quote reaches past a line that is a whole record: see read_records
    read = read_records(body, width=width, first_line=2)
    if read.open_line is not None:
        return f"The file ends inside a quoted field that line {read.open_line} opens."
    if ended or not read.rejects:
        return None
    last = read.rejects[-1]
    if last.line < max(read.row_lines, default=0) or last.fields is None or last.fields > width:
        return None
    return f"Line {last.line}, the last, has no line end. {last.reason}"


def _text(data: bytes, encoding: str | None) -> tuple[str, bool]:
    """As much text as there is, and whether the data end in the middle of a character."""
    try:
        decoder = codecs.getincrementaldecoder(encoding or marked_encoding(data) or "utf-8")()
        text = decoder.decode(data)
    except (UnicodeDecodeError, LookupError):
        # Whether that is an error, `decode` decides; separators and line ends are ASCII anyway.
        return data.decode("latin-1"), False
    return text.removeprefix("\ufeff"), bool(decoder.getstate()[0])
