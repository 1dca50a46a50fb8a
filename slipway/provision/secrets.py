"""The stack's secrets: made once, or given by the team; one file each on a volume that `init` alone mounts."""

from __future__ import annotations

import os
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.provision.errors import ProvisionError

_LETTERS = string.ascii_letters + string.digits


def _password(length: int = 40) -> str:
    """Letters and digits only: nothing that a URL, a pgpass file, an ini file or a shell reads in its own way."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


@dataclass(frozen=True)
class Secret:
    """
    Attributes:
        about: what it opens.
        restart: services that have to be restarted after it was rotated.
        shape: what a given one must look like.
        fixed: why it cannot be rotated.
        by_rotation: whether only `rotate` can replace it, because the old one is needed to bring in the new one.
    """

    about: str
    restart: tuple[str, ...] = ()
    shape: re.Pattern[str] = re.compile(r"[^\s:@/\\'\"%]{12,128}")
    expected: str = "12 to 128 characters without white space and : @ / \\ ' \" %"
    make: Callable[[], str] = _password
    fixed: str = ""
    by_rotation: bool = False


_S3_SECRET = re.compile(r"(?:[A-Za-z0-9_-]{3,128} )?[A-Za-z0-9/+=_-]{16,128}")


def _sign_in(about: str) -> Secret:
    # bcrypt takes 72 bytes, and browsers do not agree on how to send other letters.
    shape = re.compile(r"[!-~]{12,72}")
    return Secret(about, ("proxy",), shape, "12 to 72 letters, digits and signs of ASCII", lambda: _password(24))


def _s3(about: str, *restart: str) -> Secret:
    return Secret(
        about, restart, _S3_SECRET, "16 to 128 letters and digits, as AWS has them, or a key id, a blank and these"
    )


ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "ingestion": ("ingestion",),
    "transformation": ("transformation",),
    "reporting": ("reporting",),
    "webserver": ("webserver", "viewer"),
    "reports": ("webserver", "viewer"),
    "daemon": ("daemon",),
    "steward": ("steward",),
    "shop": ("shop",),
}
"""Object store account -> the services that have its key."""

SECRETS: Mapping[str, Secret] = {
    "operator-password": _sign_in("sign-in of `operator`, who may do everything"),
    "viewer-password": _sign_in("sign-in of `viewer`, who may look"),
    "postgres-password": Secret("the database's superuser, for `init` alone", by_rotation=True),
    "dagster-password": Secret("the role that Dagster's tables belong to"),
    "shop-password": Secret("the role that the demo shop's tables belong to", ("shop",)),
    "shop-reader-password": Secret("the role that ingestion reads the demo shop's tables with", ("ingestion",)),
    "objectstore-root-secret": _s3("the object store's root, for `init` alone", "objectstore"),
    **{f"s3-{name}": _s3(f"the object store account {name}", *who) for name, who in ACCOUNTS.items()},
    "proxy-token": Secret("what the webserver knows the proxy by", ("webserver", "viewer", "proxy")),
    "pseudonym-key": Secret(
        "the key of all pseudonyms",
        shape=re.compile(r"[0-9a-fA-F]{64,}"),
        expected="at least 64 hexadecimal digits",
        make=lambda: secrets.token_hex(32),
        fixed="every pseudonym in the lake depends on it: a new key would cut silver and gold off from their history",
    ),
}


def s3_credentials(account: str, value: str) -> tuple[str, str]:
    """Key id and secret of an object store account. Of the stack's own store the id says whose it is; a given secret
    may be `<key id> <secret>`, for a store that names keys itself."""
    key, _, secret = value.rpartition(" ")
    return key or f"slipway-{account}", secret


class SecretStore:
    """Secrets by name in a folder, readable by their owner alone."""

    def __init__(self, folder: Path, given: Path | None = None) -> None:
        self._folder = folder
        self._given = given

    def get(self, name: str) -> str:
        """A secret that was made or taken before.

        Raises:
            ProvisionError: it was not.
        """
        try:
            return (self._folder / name).read_text()
        except FileNotFoundError:
            raise ProvisionError(
                f"There is no secret {name} yet: start the stack once with `docker compose up`."
            ) from None

    def has_any(self) -> bool:
        """Whether the stack was started before."""
        return any((self._folder / name).exists() for name in SECRETS)

    def ensure(self) -> list[str]:
        """Make what is not there, take what is given; the names of those that are new or changed.

        Raises:
            ProvisionError: a given secret cannot be what it should be, or has a name that none has.
        """
        given = self._given_ones()
        changed = {}
        for name, secret in SECRETS.items():
            path = self._folder / name
            known = path.read_text() if path.exists() else None
            if known is None or (name in given and given[name] != known):
                if known is not None and secret.by_rotation:
                    raise ProvisionError(
                        f"The given {name} is not the one that the stack was started with: take the file away, and "
                        f"replace the secret with `docker compose run --rm init rotate {name}`."
                    )
                if known is not None and secret.fixed:
                    raise ProvisionError(
                        f"The given {name} is not the one that the stack was started with, and {secret.fixed}."
                    )
                changed[name] = given.get(name) or secret.make()
        for name, value in changed.items():
            self.put(name, value)
        return list(changed)

    def put(self, name: str, value: str) -> None:
        """Replace a secret in one step."""
        temporary = self._folder / f".{name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value)
        temporary.replace(self._folder / name)

    def is_given(self, name: str) -> bool:
        return self._given is not None and (self._given / name).is_file()

    def _given_ones(self) -> dict[str, str]:
        return {path.name: read_given(path) for path in given_files(self._given)} if self._given else {}


def given_files(folder: Path) -> list[Path]:
    """The files among a team's own secrets that are meant to be some; a README and hidden files are not.

    Raises:
        ProvisionError: the folder cannot be read.
    """
    try:
        found = sorted(folder.iterdir())
        # A link that leads out of what is mounted, or a folder that Docker made where a file was missing, would
        # otherwise be passed over, and a secret be made in place of the team's.
        return [
            path
            for path in found
            if not path.name.startswith((".", "README")) and (path.is_file() or path.name in SECRETS)
        ]
    except OSError as error:
        raise ProvisionError(
            f"The given secrets cannot be read ({error.strerror}): let user 10001 read their folder "
            "(SLIPWAY_SECRETS), for example with `chmod go+rx`."
        ) from None


def read_given(path: Path) -> str:
    """A given secret, without the white space around it.

    Raises:
        ProvisionError: its name is none, or it cannot be read, or cannot be what it should be; the message does not
            tell it.
    """
    if path.name not in SECRETS:
        raise ProvisionError(
            f"Among the given secrets is a file {path.name}, which the stack has no use for: expected one of "
            f"{', '.join(SECRETS)}."
        )
    try:
        value = path.read_text().strip()
    except UnicodeDecodeError:
        raise ProvisionError(
            f"The given secret {path.name} cannot be read (it is no text): let user 10001 read it, as text."
        ) from None
    except OSError as error:
        raise ProvisionError(
            f"The given secret {path.name} cannot be read ({error.strerror}): let user 10001 read it, as a file "
            "with text in it, and not as a link to elsewhere."
        ) from None
    secret = SECRETS[path.name]
    if not secret.shape.fullmatch(value):
        raise ProvisionError(f"The given secret {path.name} cannot be used: expected {secret.expected}.")
    return value
