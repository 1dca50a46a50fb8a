"""Which secrets each service gets, and in which form: pure functions from the secrets to files by service."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import bcrypt

from slipway.provision.secrets import ACCOUNTS, s3_credentials
from slipway.provision.settings import LOCATIONS, ProvisionSettings

Lookup = Callable[[str], str]
PRIVATE = 0o600
"""libpq takes no password file that others may read."""
READABLE = 0o444
"""For services whose image has a user of its own. The volume is the wall: only that service mounts it."""


@dataclass(frozen=True)
class SecretFile:
    content: str
    mode: int = PRIVATE


Files = Mapping[str, SecretFile]


def files_by_service(secret: Lookup, settings: ProvisionSettings, calendar: Mapping[str, str]) -> dict[str, Files]:
    """The files of each service's secret volume.

    Args:
        secret: a secret by its name.
        calendar: variables that the first start has settled, for all locations.
    """
    pgpass = SecretFile(f"*:*:*:{settings.dagster_user}:{secret('dagster-password')}\n")
    settled = SecretFile("".join(f"{name}={value}\n" for name, value in sorted(calendar.items())))
    files: dict[str, dict[str, SecretFile]] = {
        "postgres": {"password": SecretFile(secret("postgres-password"), READABLE)},
        "objectstore": {"root-secret": SecretFile(secret("objectstore-root-secret"))},
        "webserver": {
            "pgpass": pgpass,
            "s3.ini": _s3("webserver", secret),
            "reports.ini": _s3("reports", secret),
            "proxy-token": SecretFile(secret("proxy-token")),
        },
        "daemon": {"pgpass": pgpass, "s3.ini": _s3("daemon", secret)},
        "steward": {"pgpass": pgpass, "s3.ini": _s3("steward", secret)},
        "shop": {
            "database-url": SecretFile(_shop_url("shop", secret("shop-password"), settings)),
            "s3.ini": _s3("shop", secret),
            "calendar.env": settled,
        },
        **{
            location: {"pgpass": pgpass, "s3.ini": _s3(location, secret), "calendar.env": settled}
            for location in LOCATIONS
        },
    }
    reader = _shop_url("shop_reader", secret("shop-reader-password"), settings)
    files["ingestion"]["shop-database-url"] = SecretFile(reader)
    files["transformation"]["pseudonym.key"] = SecretFile(secret("pseudonym-key"))
    return dict(files)


def write(files: Files, folder: Path) -> None:
    """Put the files into a volume, each in one step; what is as it should be is left alone."""
    for name, file in files.items():
        target, temporary = folder / name, folder / f".{name}.new"
        if target.exists() and target.stat().st_mode & 0o777 == file.mode and target.read_text() == file.content:
            continue
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(file.content)
        temporary.chmod(file.mode)
        temporary.replace(target)


def proxy_users(users: Mapping[str, tuple[str, str]], token: str, earlier: str) -> SecretFile:
    """Caddy's users, the role of each, and how it shows the webserver who it is, as snippets in one file.

    Args:
        users: name -> (role, password).
        earlier: the file as it is: a hash that still fits is kept, because hashing takes its time on purpose.
    """
    before = dict(line.split()[:2] for line in earlier.splitlines() if len(line.split()) == 2)
    hashes = {name: _hash(password, before.get(name, "")) for name, (_role, password) in users.items()}
    lines = [
        "(users) {",
        *(f"\t{name} {hashed}" for name, hashed in hashes.items()),
        "}",
        "(roles) {",
        *(f"\t~^{name}$ {role}" for name, (role, _password) in users.items()),
        "}",
        "(shown) {",
        f"\theader_up X-Slipway-Proxy {token}",
        "}",
    ]
    return SecretFile("\n".join(lines) + "\n")


def _hash(password: str, earlier: str) -> str:
    # A file that was cut off or edited may hold no hash.
    with suppress(ValueError):
        if earlier and bcrypt.checkpw(password.encode(), earlier.encode()):
            return earlier
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()


def _s3(account: str, secret: Lookup) -> SecretFile:
    """The form that AWS's own clients read."""
    assert account in ACCOUNTS
    key, value = s3_credentials(account, secret(f"s3-{account}"))
    return SecretFile(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {value}\n")


def _shop_url(role: str, password: str, settings: ProvisionSettings) -> str:
    return f"postgresql://{role}:{quote(password, safe='')}@{settings.postgres_host}:{settings.postgres_port}/shop"
