"""Where files are delivered: a folder, or a prefix of a bucket. A file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from demo.atomic import write_atomically
from demo.errors import AddressError, SettingsError


class Landing(Protocol):
    """Both methods raise AddressError while the place is not there or does not answer."""

    def names(self) -> set[str]:
        """The names of all files that have landed. To be called before `put`, at the start of each round."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Deliver a file; may be called from several threads."""
        ...


def open_landing(address: str, environ: Mapping[str, str]) -> Landing:
    """The landing at `/a/folder` or `s3://bucket/prefix`.

    Raises:
        SettingsError: it is neither, or the settings for the bucket make no sense.
    """
    if "://" not in address:
        return FolderLanding(Path(address))
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise SettingsError(
            f"The landing is {address!r}: expected a folder, such as /data/landing, or s3://bucket/prefix."
        )
    from demo.live.s3 import S3Landing  # obstore only where it is needed

    return S3Landing(parts.netloc, parts.path.strip("/"), environ)


class FolderLanding:
    """Files in a folder, written under a temporary name that begins with a dot, then renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()

    def __str__(self) -> str:
        return str(self.folder)

    def names(self) -> set[str]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return {path.name for path in self.folder.iterdir()}
        except OSError as error:
            raise self._trouble(error) from error

    def put(self, name: str, content: bytes) -> None:
        try:
            write_atomically(self.folder / name, content)
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> AddressError:
        return AddressError(f"Files cannot be delivered into the folder {self.folder}: {error.strerror or error}.")
