"""Version numbers as programs tell them."""

from __future__ import annotations

import re

Version = tuple[int, ...]


def version_of(text: str) -> Version:
    """The leading numbers of v2.26.1-4 or 26.1.5+dfsg1: (2, 26, 1); empty if there are none."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def show(version: Version) -> str:
    return ".".join(str(part) for part in version)
