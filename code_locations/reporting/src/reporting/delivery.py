"""Where finished reports are copied to: a folder or a bucket that others watch."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from slipway.lake import LakeSettings, LakeSettingsError
from slipway.lake.store import Place, open_store
from slipway.location import setting

DELIVERY = "SLIPWAY_DELIVERY"


class Delivery(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A destination, folder or s3:// prefix; files in it are replaced whole."""

    address: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Delivery":
        """Read SLIPWAY_DELIVERY; by default the folder `delivery` beside DAGSTER_HOME.

        Raises:
            SettingError
        """
        environ = os.environ if environ is None else environ
        default = Path(environ.get("DAGSTER_HOME", ".slipway/home")).parent / "delivery"
        expected = "a folder, such as /data/delivery, or a bucket prefix, such as s3://reports/weekly"
        return cls(address=setting(DELIVERY, expected, _address, str(default), environ))

    def put(self, name: str, data: bytes) -> str:
        """Write a file so that a reader sees the old one or the new one; where it is then.

        Raises:
            OSError, LakeUnavailable: the folder or bucket cannot be written; the message names it.
        """
        settings = LakeSettings.parse(self.address)
        if settings.folder is not None:
            return str(_replace(settings.folder / name, data))
        store = open_store(settings, Place("delivery", DELIVERY))
        store.put(name, data)
        return store.location(name)


def _replace(target: Path, data: bytes) -> Path:
    """Not as the lake does it, whose folder for half-written files would be seen by whoever watches this one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(data)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _address(text: str) -> str:
    try:
        LakeSettings.parse(text)
    except LakeSettingsError as error:
        raise ValueError(str(error) if "AWS" in str(error) else "") from error
    return text
