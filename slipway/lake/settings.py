"""The lake's address and credentials, read once at the edge, and rendered for each client that needs them."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from slipway.lake.errors import LakeSettingsError

VARIABLE = "SLIPWAY_LAKE"


@dataclass(frozen=True)
class S3Settings:
    """A bucket on AWS or on any server that speaks S3. Variables are the ones that AWS's own clients read."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def plain_http(self) -> bool:
        return bool(self.endpoint and self.endpoint.startswith("http://"))

    def for_obstore(self) -> dict[str, Any]:
        """Keyword arguments of `obstore.store.S3Store`."""
        given = {
            "prefix": self.prefix or None,
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "session_token": self.session_token,
        }
        return {
            **{name: value for name, value in given.items() if value is not None},
            "virtual_hosted_style_request": self.endpoint is None,
            "client_options": {"allow_http": self.plain_http, "timeout": "60s"},
            "retry_config": {"max_retries": 4},
        }

    def for_polars(self) -> dict[str, str]:
        """`storage_options` of Polars' scanners."""
        given = {
            "aws_endpoint_url": self.endpoint,
            "aws_region": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
            "aws_allow_http": "true" if self.plain_http else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def for_boto3(self) -> dict[str, Any]:
        """Keyword arguments of `boto3.client("s3", ...)`."""
        given = {
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class LakeSettings:
    """Either a folder or a bucket."""

    folder: Path | None = None
    s3: S3Settings | None = None

    @property
    def uri(self) -> str:
        if self.s3:
            return "/".join(part for part in (f"s3://{self.s3.bucket}", self.s3.prefix) if part)
        assert self.folder is not None
        return str(self.folder)

    @classmethod
    def parse(cls, address: str, environ: Mapping[str, str] | None = None) -> LakeSettings:
        """Read an address such as `/data/lake` or `s3://bucket/prefix`.

        Raises:
            LakeSettingsError: the address is neither, or the credentials are incomplete.
        """
        environ = os.environ if environ is None else environ
        if "://" not in address:
            if not address.strip():
                raise LakeSettingsError(_expected(address))
            _refuse_hive_like(address)
            return cls(folder=Path(address).expanduser().absolute())
        parts = urlsplit(address)
        if parts.scheme == "file" and parts.path and parts.netloc in ("", "localhost"):
            _refuse_hive_like(unquote(parts.path))
            return cls(folder=Path(unquote(parts.path)))
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise LakeSettingsError(_expected(address))
        _refuse_hive_like(parts.path)
        environ = {**_shared_credentials(environ), **environ}
        key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if bool(key) != bool(secret):
            missing = "AWS_SECRET_ACCESS_KEY" if key else "AWS_ACCESS_KEY_ID"
            raise LakeSettingsError(
                f"{missing} is not set, but its counterpart is: expected both, or neither to use the machine's role."
            )
        endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise LakeSettingsError(
                f"AWS_ENDPOINT_URL is {endpoint!r}: expected the object store's address with its scheme, such as "
                f"http://{endpoint.rpartition('://')[2]}."
            )
        return cls(
            s3=S3Settings(
                bucket=parts.netloc,
                prefix=parts.path.strip("/"),
                endpoint=endpoint,
                region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
                access_key_id=key or None,
                secret_access_key=secret or None,
                session_token=environ.get("AWS_SESSION_TOKEN") or None,
            )
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> LakeSettings:
        """Read SLIPWAY_LAKE, and the AWS_* variables for a bucket."""
        environ = os.environ if environ is None else environ
        return cls.parse(environ.get(VARIABLE, ""), environ)


def _shared_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Key and secret from the file that AWS's own clients read, as the variables that they would be."""
    name = environ.get("AWS_SHARED_CREDENTIALS_FILE")
    if not name or environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    profile = environ.get("AWS_PROFILE") or "default"
    reader = configparser.ConfigParser(interpolation=None)
    try:
        with Path(name).open() as file:
            reader.read_file(file)
        found = reader[profile]
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError) as error:
        raise LakeSettingsError(
            f"AWS_SHARED_CREDENTIALS_FILE is {name!r}: expected a file that can be read, with a section [{profile}] "
            f"that holds aws_access_key_id and aws_secret_access_key ({type(error).__name__})."
        ) from None
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {each.upper(): found[each] for each in names if each in found}


def _refuse_hive_like(path: str) -> None:
    """Readers take every `name=value` in a path for a partition column, also above the lake."""
    found = next((part for part in path.split("/") if "=" in part), None)
    if found is not None:
        raise LakeSettingsError(
            f"{VARIABLE} has the part {found!r} in its path, which Parquet readers would take for a partition column; "
            "expected a path without '='."
        )


def _expected(found: str) -> str:
    state = f"is {found!r}" if found else "is not set"
    return (
        f"{VARIABLE} {state}: expected the lake's folder (such as /data/lake) or bucket (such as s3://bucket/prefix)."
    )
