"""Which images a run's container may be made of: those of the code locations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.docker_api.refused import Refused, shown
from slipway.docker_api.settings import LABEL_LOCATION, Settings

_ID = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Image:
    """A location's image, by an id that no rebuild can change."""

    id: str
    location: str


def asked_image(name: Any, settings: Settings) -> str:
    """The name or id of an image that may turn out to be a location's.

    Raises:
        Refused: it is neither an id nor one of the allowed names.
    """
    if not isinstance(name, str) or not (name in settings.images or _ID.fullmatch(name)):
        names = ", ".join(sorted(settings.images))
        raise Refused(f"The image: expected one of {names}, or a whole id (sha256:...); found {shown(name)}.")
    return name


def location_image(asked: str, inspected: Mapping[str, Any], settings: Settings) -> Image:
    """What the engine says of an image, checked.

    Raises:
        Refused: its label does not say that it is a location's, or it is another location's than its name's.
    """
    labels = (inspected.get("Config") or {}).get("Labels") or {}
    location: str = labels.get(LABEL_LOCATION, "")
    allowed = settings.locations if asked not in settings.images else {settings.images[asked]}
    if location not in allowed:
        expected = " or ".join(sorted(allowed))
        raise Refused(
            f"The image {shown(asked)}: expected the label {LABEL_LOCATION} to be {expected}; found {shown(location)}."
        )
    return Image(id=str(inspected["Id"]), location=location)
