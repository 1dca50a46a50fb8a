"""Where finished reports are copied to: a folder that others watch, such as a share."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from slipway.location import setting


class Delivery(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A destination folder; files in it are replaced whole."""

    folder: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Delivery":
        """Read SLIPWAY_DELIVERY; by default the folder `delivery` beside DAGSTER_HOME."""
        environ = os.environ if environ is None else environ
        default = Path(environ.get("DAGSTER_HOME", ".slipway/home")).parent / "delivery"
        return cls(folder=setting("SLIPWAY_DELIVERY", "a folder, such as /data/delivery", str, str(default), environ))

    def put(self, name: str, data: bytes) -> Path:
        """Write a file so that a reader sees the old one or the new one.

        Raises:
            OSError: the folder cannot be written; the message names it.
        """
        target = Path(self.folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{name}.{uuid.uuid4().hex}")
        try:
            temporary.write_bytes(data)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return target
