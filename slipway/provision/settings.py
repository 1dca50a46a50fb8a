"""What the stack is made of, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slipway.provision.errors import ProvisionError

LOCATIONS = {"ingestion": "bronze", "transformation": "silver", "reporting": "gold"}
"""Code location -> the layer of the lake that it makes."""
BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")


@dataclass(frozen=True)
class ProvisionSettings:
    """
    Attributes:
        volumes: where the services' secret volumes are mounted, a folder each.
        given: folder with a team's own secrets, a file each; None if there is none.
        own_postgres, own_objectstore: whether these are the stack's own, to be set up, or outside ones, to be checked.
        shop: whether the demo shop belongs to the stack.
        original_dates: whether the shop keeps the recorded dates.
        endpoint: the object store's address; None for AWS itself.
    """

    volumes: Path
    given: Path | None
    postgres_host: str
    postgres_port: int
    dagster_user: str
    dagster_database: str
    own_postgres: bool
    endpoint: str | None
    region: str
    lake_bucket: str
    logs_bucket: str
    landing_bucket: str
    own_objectstore: bool
    admin_socket: Path
    shop: bool
    original_dates: bool
    first_day: str | None
    last_day: str | None
    timezone: ZoneInfo

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> ProvisionSettings:
        """Read the variables that docker-compose.yaml gives to `init`.

        Raises:
            ProvisionError: one is malformed.
        """
        environ = os.environ if environ is None else environ
        given = Path(environ.get("SLIPWAY_GIVEN_SECRETS") or "/given")
        return cls(
            volumes=Path(environ.get("SLIPWAY_SECRETS_ROOT") or "/secrets"),
            given=_given(given),
            postgres_host=_text(environ, "DAGSTER_PG_HOST", "a host name, such as postgres"),
            postgres_port=_port(environ, "DAGSTER_PG_PORT"),
            dagster_user=_text(environ, "DAGSTER_PG_USER", "a role, such as dagster"),
            dagster_database=_text(environ, "DAGSTER_PG_DB", "a database, such as dagster"),
            own_postgres=_switch(environ, "SLIPWAY_OWN_POSTGRES"),
            endpoint=_endpoint(environ),
            region=environ.get("AWS_REGION") or "us-east-1",
            lake_bucket=_bucket(environ, "SLIPWAY_LAKE_BUCKET"),
            logs_bucket=_bucket(environ, "SLIPWAY_LOGS_BUCKET"),
            landing_bucket=_bucket(environ, "SLIPWAY_LANDING_BUCKET"),
            own_objectstore=_switch(environ, "SLIPWAY_OWN_OBJECTSTORE"),
            admin_socket=Path(environ.get("SLIPWAY_OBJECTSTORE_ADMIN") or "/run/objectstore-admin/admin.sock"),
            shop=_switch(environ, "SLIPWAY_SHOP"),
            original_dates=_dates(environ),
            first_day=environ.get("SLIPWAY_FIRST_DAY") or None,
            last_day=environ.get("SLIPWAY_LAST_DAY") or None,
            timezone=_zone(environ),
        )


def _given(folder: Path) -> Path | None:
    if folder.exists() and not folder.is_dir():
        raise ProvisionError(
            "SLIPWAY_SECRETS names a file: expected a folder with a file for each secret, such as "
            "./deploy/compose/secrets."
        )
    return folder if folder.exists() else None


def _text(environ: Mapping[str, str], variable: str, expected: str) -> str:
    if not (text := environ.get(variable, "").strip()):
        raise ProvisionError(f"{variable} is not set: expected {expected}{_by(variable)}.")
    return text


def _by(variable: str) -> str:
    """By which variable in .env it is set, where docker-compose.yaml calls it otherwise."""
    if variable.startswith("DAGSTER_PG_"):
        return f" (by SLIPWAY_{variable.removeprefix('DAGSTER_')})"
    return " (by SLIPWAY_SHOP_DATES)" if variable == "SHOP_DATES" else ""


def _port(environ: Mapping[str, str], variable: str) -> int:
    text = _text(environ, variable, "a port, such as 5432")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ProvisionError(f"{variable} is {text!r}: expected a port, such as 5432{_by(variable)}.")
    return int(text)


def _bucket(environ: Mapping[str, str], variable: str) -> str:
    text = _text(environ, variable, "a bucket's name, such as lake")
    if not BUCKET.fullmatch(text):
        raise ProvisionError(
            f"{variable} is {text!r}: expected a bucket's name, 3 to 63 of a-z, 0-9, '-' and '.', with a letter "
            "or digit first and last, without s3:// or a path."
        )
    return text


def _switch(environ: Mapping[str, str], variable: str) -> bool:
    """1 or 0: the number of containers that the service has."""
    text = environ.get(variable) or "1"
    if text not in ("0", "1"):
        raise ProvisionError(f"{variable} is {text!r}: expected 1 (part of the stack) or 0 (not part of it).")
    return text == "1"


def _endpoint(environ: Mapping[str, str]) -> str | None:
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or None
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise ProvisionError(
            f"SLIPWAY_S3_ENDPOINT is {endpoint!r}: expected the object store's address with its scheme, such as "
            f"https://{endpoint}."
        )
    return endpoint


def _zone(environ: Mapping[str, str]) -> ZoneInfo:
    name = environ.get("SLIPWAY_TIMEZONE") or "Europe/London"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ProvisionError(
            f"SLIPWAY_TIMEZONE is {name!r}: expected a time zone's name, such as Europe/London or UTC."
        ) from None


def _dates(environ: Mapping[str, str]) -> bool:
    text = environ.get("SHOP_DATES") or "recent"
    if text not in ("recent", "original"):
        raise ProvisionError(f"SHOP_DATES is {text!r}: expected recent or original{_by('SHOP_DATES')}.")
    return text == "original"
