"""CSV text to records, by RFC 4180 and nothing more lenient.

Leniency is what loses sales: read as most libraries do, one forgotten quote makes a single field
of all lines up to the next quote, and a quote inside an unquoted field (`FRAME 7" RED, BLUE`) hides
a shifted column. Here such a line is rejected by itself and reading resumes at the next one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

LINE_END: Final = re.compile(r"(\r\n|\r|\n)")
# The rest of a quoted field, from behind its opening quote; doubled quotes belong to it.
_TO_CLOSING_QUOTE: Final = re.compile(r'([^"]*+(?:""[^"]*+)*+)"')


class Reject(NamedTuple):
    """A record that is none: its 1-based line, its text without the line end, and why.

    `fields`: how many it has, None if that cannot be told.
    """

    line: int
    raw: str
    rule: str
    reason: str
    fields: int | None = None


class Records(NamedTuple):
    """Rows of `width` exact texts, the 1-based line on which each begins, each as it stands, and the rejects.

    `open_line`: the line that opens a quote which runs to the end of the text, if there is one.
    """

    rows: list[list[str]]
    row_lines: list[int]
    row_raws: list[str]
    rejects: list[Reject]
    open_line: int | None


class BrokenQuoting(Exception):
    """A line whose quotes do not pair up."""


class NeverClosed(BrokenQuoting):
    """The quote is open until the end of the text."""


def read_records(text: str, *, width: int, first_line: int) -> Records:
    """Read records of `width` fields from `text`, whose first line has the number `first_line`.

    Lines end with CRLF, CR or LF. Empty lines are no records. Rules of the rejects, first wins:
    `nul_byte`, `broken_quoting`, `wrong_number_of_fields`.

    A quoted field may hold line ends, with one limit: if a line after the first has as many
    separators as a whole record, the quote is taken for an unterminated one. A description of
    several lines and seven commas in one of them is hence rejected: visible, unlike its opposite,
    a day's sales vanishing into one description.
    """
    parts = LINE_END.split(text)
    lines, ends = parts[0::2], parts[1::2]
    rows: list[list[str]] = []
    row_lines: list[int] = []
    row_raws: list[str] = []
    rejects: list[Reject] = []
    open_line = None
    at = 0
    while at < len(lines):
        raw, used, broken = lines[at], 1, ""
        fields: list[str] = []
        if '"' not in raw:
            fields = raw.split(",")
        else:
            try:
                fields, used = split_quoted(lines, ends, at, width)
                raw = _joined(lines, ends, at, used)
            except BrokenQuoting as error:
                broken = str(error)
                if isinstance(error, NeverClosed):
                    open_line = first_line + at
        if not raw:
            pass
        elif "\0" in raw:
            reason = f"{raw.count(chr(0))} NUL byte(s); a text file has none."
            shown = raw.replace("\0", "\N{SYMBOL FOR NULL}")
            rejects.append(Reject(first_line + at, shown, "nul_byte", reason))
        elif broken:
            rejects.append(Reject(first_line + at, raw, "broken_quoting", broken))
        elif len(fields) != width:
            reason = f"Expected {width} fields as in the header, found {len(fields)}."
            rejects.append(Reject(first_line + at, raw, "wrong_number_of_fields", reason, len(fields)))
        else:
            rows.append(fields)
            row_lines.append(first_line + at)
            row_raws.append(raw)
        at += used
    return Records(rows, row_lines, row_raws, rejects, open_line)


def split_quoted(lines: Sequence[str], ends: Sequence[str], at: int, width: int) -> tuple[list[str], int]:
    """Fields of the record that begins with `lines[at]`, and how many lines it takes.

    `ends[i]` is the line end between `lines[i]` and the next.

    Raises:
        BrokenQuoting: with the reason as a sentence.
    """
    fields: list[str] = []
    line, start, used = lines[at], 0, 1
    while True:
        number = len(fields) + 1
        if line.startswith('"', start):
            pieces: list[str] = []
            start += 1
            while (rest := _TO_CLOSING_QUOTE.match(line, start)) is None:
                pieces += (line[start:], ends[at + used - 1] if at + used < len(lines) else "")
                if at + used == len(lines):
                    raise NeverClosed(f"Field {number} opens a quote that is never closed.")
                line, start = lines[at + used], 0
                used += 1
                if line.count(",") >= width - 1:
                    raise BrokenQuoting(f"Field {number} opens a quote that is not closed before the next record.")
            fields.append("".join((*pieces, rest[1])).replace('""', '"'))
            end = rest.end()
            if end < len(line) and line[end] != ",":
                raise BrokenQuoting(f"Field {number} goes on after its closing quote.")
        else:
            comma = line.find(",", start)
            end = len(line) if comma < 0 else comma
            if '"' in line[start:end]:
                raise BrokenQuoting(f"Field {number} has a quote inside, but is not quoted itself.")
            fields.append(line[start:end])
        if end == len(line):
            return fields, used
        start = end + 1


def _joined(lines: Sequence[str], ends: Sequence[str], at: int, used: int) -> str:
    pieces = [lines[at]]
    for i in range(at + 1, at + used):
        pieces += (ends[i - 1], lines[i])
    return "".join(pieces)
