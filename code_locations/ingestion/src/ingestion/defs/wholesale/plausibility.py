"""Would somebody have written this character here?

Windows and Macintosh write the same letters with different bytes, and every byte string is valid
in Mac Roman: only the sense of the text tells them apart. `plausible` judges one character by its
two neighbours, cautiously: what is merely unusual is `ODD` and decides nothing.
"""
# ruff: noqa: RUF001 -- the look-alikes are what this is about

from __future__ import annotations

import string
from typing import Final, Literal

Grade = Literal[-1, 0, 1]
IMPOSSIBLE: Final = -1
ODD: Final = 0
PLAUSIBLE: Final = 1

_COMMON: Final = "àáâãäåæçèéêëìíîïñòóôöøùúûüß" + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖØÙÚÛÜ"
_RARE: Final = "õýÿðþšžœ" + "ÕÝŸÐÞŠŽŒ"
_LETTERS: Final = frozenset(string.ascii_letters + _COMMON + _RARE)

# Accented letters that stand alone as a word or an abbreviation.
_ALONE_COMMON: Final = frozenset("àÀ")
_ALONE_RARE: Final = frozenset("éÉèÈåÅöÖøØáÁóÓ")

# Each row: signs, where they are at home, where nobody writes them. A place is the kind of the
# character before and of the one after: a letter, d digit, s anything else or the file's end
# (and there only a blank: _).
_SIGNS: Final = (
    ("€¥", "sd ds ad da dd", "aa"),
    ("’", "aa as", ""),
    ("‘", "sa sd", ""),
    ("“", "sa sd", "aa ad da dd"),
    ("”", "as ds", "aa ad da dd"),
    ("–—", "__ dd", ""),
    ("…", "as ds", "aa"),
    ("™®", "as ds", ""),
    ("°", "ds da dd", "aa sa"),
    ("ºª", "ds", "aa da dd"),
    ("½¼¾", "ds ss sd da", "aa"),
    ("²³¹", "as", "aa sa sd"),
    ("×", "dd ss", ""),
    ("÷", "dd ss", "aa as sa"),
    ("«", "sa sd", "aa as da"),
    ("»", "as ds", "aa sa ad"),
    ("¿¡", "sa", "aa as ad da ds dd"),
    ("•", "ss", "aa"),
    ("\u00a0", "aa ad da dd as ds sa sd", ""),
    ("†‡‰§¶‚„‹›", "", "aa"),
    ("≤≥≠≈√π∑∏∂∫∆Ω", "", "aa as sa ad da"),
    ("ƒˆ˜¨¯¸ı˘˙˚˝˛ˇ¬¤◊⁄∞\uf8ff", "", "aa as sa ad da ds sd dd"),
)
_HOME: Final = {sign: frozenset(home.split()) for signs, home, _ in _SIGNS for sign in signs}
_NOWHERE: Final = {sign: frozenset(no.split()) for signs, _, no in _SIGNS for sign in signs}


def plausible(text: str, at: int, *, dead_keys: bool = False) -> Grade:
    """Grade of the non-ASCII character `text[at]`, in text that one encoding yields.

    `dead_keys`: the writer's keyboard puts accents on capitals as easily as on small letters
    (Macintosh), so that `CAFeS` with a small accented letter among capitals is not a spelling.
    """
    before = text[at - 1] if at else ""
    after = text[at + 1] if at + 1 < len(text) else ""
    char = text[at]
    if char == "\ufffd":
        return IMPOSSIBLE
    place = _kind(before) + _kind(after)
    if char in _LETTERS:
        grade = _letter(char, before, after, place, dead_keys)
        return ODD if grade == PLAUSIBLE and char in _RARE else grade
    coarse = place.replace("_", "s")
    if coarse in _NOWHERE.get(char, ()):
        return IMPOSSIBLE
    return PLAUSIBLE if _HOME.get(char, frozenset()) & {place, coarse} else ODD


def _kind(char: str) -> str:
    if char in _LETTERS:
        return "a"
    return "d" if char.isdigit() else "_" if char == " " else "s"


def _letter(char: str, before: str, after: str, place: str, dead_keys: bool) -> Grade:
    if "a" not in place:
        return _lone_letter(char, before, place)
    after_capital = before in _LETTERS and before.isupper()
    after_small = place[0] == "a" and not after_capital
    before_small = place[1] == "a" and after.islower()
    before_capital = place[1] == "a" and after.isupper()
    if char.isupper():
        return IMPOSSIBLE if after_small or (after_capital and before_small) else PLAUSIBLE
    if char == "ß" and place[0] != "a":
        return IMPOSSIBLE
    if after_capital and before_capital:
        return IMPOSSIBLE if dead_keys else ODD
    if (after_capital and not before_small) or before_capital:
        return ODD
    return PLAUSIBLE


def _lone_letter(char: str, before: str, place: str) -> Grade:
    if char == "Ø" and place in ("sd", "_d"):  # a diameter
        return PLAUSIBLE
    if "d" in place:
        return ODD if before.isdigit() and char in "èéÈÉ" else IMPOSSIBLE
    if char in _ALONE_COMMON:
        return PLAUSIBLE
    return ODD if char in _ALONE_RARE else IMPOSSIBLE
