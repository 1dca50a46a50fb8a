"""Bytes to text without guessing.

UTF-8 and anything with a byte order mark prove themselves. What is left is one byte a character,
where a detector's answer on nearly pure ASCII is a guess: charset-normalizer 3.5 takes a cp1252
file with `Voucher £40.00` for cp1250 (`Voucher Ł40.00`) and a Mac Roman one with `café` for cp1250
too (`cafŽ`). So cp1252 and Mac Roman are weighed by what each makes of the file's own non-ASCII
characters, and if that does not settle it the file is refused.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from ingestion.defs.wholesale.errors import EncodingUnclear, EncodingWrong, PackedFile
from ingestion.defs.wholesale.packed import packed_as
from ingestion.defs.wholesale.plausibility import IMPOSSIBLE, PLAUSIBLE, Grade, plausible

_WINDOWS: Final = "cp1252"
_MACINTOSH: Final = "mac_roman"
_CANDIDATES: Final = (_WINDOWS, _MACINTOSH)

# UTF-32's little-endian mark begins with UTF-16's: the longer one first.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NON_ASCII: Final = re.compile(rb"[\x80-\xff]+")
# Western letters, signs and curly quotes in UTF-8: read as cp1252 they are `Ã©`, `Â£`, `â€™`.
_UTF8_INSIDE: Final = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x80-\xbf]")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_TO_DO: Final = "Set the file's encoding in the configuration, or have it written as UTF-8."


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text without byte order mark, and the encoding that was used (Python's name of it)."""

    text: str
    encoding: str


def decode(data: bytes, source: str, encoding: str | None = None) -> Decoded:
    """Decode a whole file; `source` is its name, for messages.

    In order: the `encoding` that is set; a byte order mark (UTF-8, UTF-16, UTF-32); strict UTF-8;
    cp1252 or Mac Roman by evidence (if both give the same text, as for `£`: cp1252).

    Raises:
        PackedFile: the bytes are no text, but compressed.
        EncodingUnclear: the evidence allows both, or neither, of the one-byte encodings; or the
            bytes look like UTF-16 without its mark.
        EncodingWrong: the bytes are not in the encoding that is set or announced.
    """
    if packed := packed_as(data):
        first = _shown(data[:4])
        raise PackedFile(
            source,
            f"it is compressed: its first bytes ({first}) are those of {packed}; expected CSV as plain text. "
            "Have it delivered unpacked, or unpack it in the landing place under the same name.",
        )
    if encoding is not None:
        return Decoded(_in_set_encoding(data, source, encoding), encoding)
    marked = marked_encoding(data)
    if marked is not None:
        return Decoded(_strict(data, source, marked, "its byte order mark says"), marked)
    _refuse_unmarked_utf16(data, source)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as not_utf8:
        name = _windows_or_macintosh(data, source, not_utf8)
        return Decoded(data.decode(name), name)


def marked_encoding(data: bytes) -> str | None:
    """The encoding that the byte order mark at the beginning announces."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _in_set_encoding(data: bytes, source: str, encoding: str) -> str:
    try:
        # Bytes that are neither ASCII nor text in UTF-8 by accident: a setting made for one file
        # must not turn the next one, which came as UTF-8, into mojibake.
        if _one_byte_a_character(encoding) and not data.isascii() and _is_utf8(data):
            raise EncodingWrong(
                source,
                f"the encoding is set to {encoding}, but the bytes are valid UTF-8 with non-ASCII "
                "characters, which would come out garbled. Remove the setting for this file.",
                encoding=encoding,
            )
        return _strict(data, source, encoding, "the configuration says").removeprefix("\ufeff")
    except LookupError:
        raise EncodingWrong(
            source,
            f"the encoding is set to {encoding!r}, which Python does not know as a text encoding. "
            "Set one such as utf-8, cp1252, mac_roman or utf-16-le.",
            encoding=encoding,
        ) from None


def _strict(data: bytes, source: str, encoding: str, who_says: str) -> str:
    try:
        text = data.decode(encoding)
        text.encode("utf-8")  # some codecs let lone surrogates through, which are no text
    except UnicodeDecodeError as error:
        line = _line_of(data[: error.start].decode(encoding, errors="ignore"))
        raise EncodingWrong(
            source,
            f"{who_says} {encoding}, but line {line} has bytes that are not "
            f"({_shown(data[error.start : error.end])} at offset {error.start:,}: {error.reason}). "
            "The file may be cut off; otherwise set the encoding that it is really written in.",
            encoding=encoding,
        ) from None
    except UnicodeEncodeError as error:
        raise EncodingWrong(
            source,
            f"{who_says} {encoding}, but line {_line_of(text[: error.start])} then holds half a "
            f"character (U+{ord(text[error.start]):04X}). Set the encoding that it is written in.",
            encoding=encoding,
        ) from None
    return text


def _refuse_unmarked_utf16(data: bytes, source: str) -> None:
    nul = "".join("0" if byte == 0 else "x" for byte in data[:4])
    candidate = {"x0x0": "utf-16-le", "0x0x": "utf-16-be"}.get(nul)
    if candidate is not None:
        raise EncodingUnclear(
            source,
            f"every second byte from the start is NUL: this looks like {candidate} without its "
            f"byte order mark. {_TO_DO}",
            candidates=(candidate,),
            line=1,
            offset=nul.index("0"),
        )


def _windows_or_macintosh(data: bytes, source: str, not_utf8: UnicodeDecodeError) -> str:
    """The one encoding whose reading is plausible throughout while the other's is impossible."""
    if data.decode(_WINDOWS, errors="replace") == data.decode(_MACINTOSH):
        return _WINDOWS
    _refuse_broken_utf8(data, source, not_utf8)
    contexts: dict[bytes, int] = {}  # each non-ASCII run with its neighbours, and where it begins
    for run in _NON_ASCII.finditer(data):
        contexts.setdefault(data[max(0, run.start() - 1) : run.end() + 1], run.start())
    worst = {name: _worst(list(contexts), name) for name in _CANDIDATES}
    for name, other in (_CANDIDATES, _CANDIDATES[::-1]):
        if worst[name][0] == PLAUSIBLE and worst[other][0] == IMPOSSIBLE:
            return name

    # Show what speaks against the better one: if that is nothing, the place where they differ.
    better = max(_CANDIDATES, key=lambda name: worst[name][0])
    context = worst[better][1] or next(
        c for c in contexts if c.decode(_WINDOWS, errors="replace") != c.decode(_MACINTOSH)
    )
    offset = contexts[context]
    line = _line_of_byte(data, offset)
    readings = " or ".join(f"{_reading(data, offset, name)!r} in {name}" for name in _CANDIDATES)
    raise EncodingUnclear(
        source,
        f"not UTF-8 ({_shown(data[not_utf8.start : not_utf8.start + 1])} at offset "
        f"{not_utf8.start:,}), and nothing settles whether it is {' or '.join(_CANDIDATES)}: line "
        f"{line}, byte {_shown(data[offset : offset + 1])} at offset {offset:,}, reads {readings}. "
        f"{_TO_DO}",
        candidates=_CANDIDATES,
        line=line,
        offset=offset,
    )


def _refuse_broken_utf8(data: bytes, source: str, not_utf8: UnicodeDecodeError) -> None:
    offset = not_utf8.start
    line = _line_of_byte(data, offset)
    if not_utf8.reason == "unexpected end of data":
        problem = (
            f"UTF-8 up to its last bytes ({_shown(data[offset:])} in line {line}), which begin a "
            "character and do not end it: the file was probably cut off. Have it delivered again."
        )
    elif _UTF8_INSIDE.search(data):
        problem = (
            f"a mixture of encodings: some of it is UTF-8, but {_shown(data[offset : offset + 1])} "
            f"in line {line} is not. Have it written as UTF-8, or set the encoding that you want "
            "it read in."
        )
    else:
        return
    raise EncodingUnclear(source, problem, candidates=("utf-8", *_CANDIDATES), line=line, offset=offset)


def _worst(contexts: list[bytes], encoding: str) -> tuple[Grade, bytes | None]:
    """Lowest grade over all contexts, with the context it came from (None: all plausible)."""
    worst: tuple[Grade, bytes | None] = (PLAUSIBLE, None)
    for context in contexts:
        text = context.decode(encoding, errors="replace")
        for at, char in enumerate(text):
            if char.isascii() or _same_in_both(context[at]):
                continue
            grade = plausible(text, at, dead_keys=encoding == _MACINTOSH)
            if grade < worst[0]:
                worst = (grade, context)
    return worst


def _same_in_both(byte: int) -> bool:
    one = bytes((byte,))
    return one.decode(_WINDOWS, errors="replace") == one.decode(_MACINTOSH)


def _one_byte_a_character(encoding: str) -> bool:
    # Half of them: Shift JIS has 68 such bytes, ISO 8859-6 with its gaps 83.
    alone = (bytes((byte,)).decode(encoding, errors="ignore") for byte in range(0x80, 0x100))
    return sum(map(bool, alone)) > 75


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line_of(text_before: str) -> int:
    return len(_LINE_END.findall(text_before)) + 1


def _line_of_byte(data: bytes, offset: int) -> int:
    return _line_of(data[:offset].decode("latin-1"))


def _shown(some: bytes) -> str:
    return " ".join(f"0x{byte:02X}" for byte in some) or "the end of the file"


def _reading(data: bytes, offset: int, encoding: str) -> str:
    around = data[max(0, offset - 12) : offset + 12].decode(encoding, errors="replace")
    return around.replace("\n", " ").replace("\r", " ")
