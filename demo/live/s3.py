"""A landing in a bucket, with the settings that AWS's own clients read."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from demo.errors import AddressError, SettingsError

_SYSTEM = re.compile(r'(?:message|error): "([^"]+)"')
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


class S3Landing:
    """Objects `s3://bucket/prefix/NAME`; one PUT each, so that an object appears whole.

    AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL (with one: path-style requests; plain http only for an http:// address),
    AWS_REGION, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE with AWS_PROFILE, or
    nothing: the machine's role.
    """

    def __init__(self, bucket: str, prefix: str, environ: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._environ = environ
        self._client: S3Store | None = None
        self._endpoint = endpoint(environ)

    def __str__(self) -> str:
        return "/".join(part for part in (f"s3://{self._bucket}", self._prefix) if part)

    def names(self) -> set[str]:
        # The client is made anew for each round, so that credentials that have been rotated meanwhile count.
        self._client = self._connected()
        try:
            listed = obstore.list_with_delimiter(self._client)
        except (BaseError, OSError) as error:
            raise self._trouble("listed", error) from error
        return {meta["path"].rpartition("/")[2] for meta in listed["objects"]}

    def put(self, name: str, content: bytes) -> None:
        if self._client is None:
            self._client = self._connected()
        attributes = {"Content-Type": "text/csv"}
        try:
            obstore.put(self._client, name, content, attributes=attributes, use_multipart=False)
        except (BaseError, OSError) as error:
            raise self._trouble("written to", error) from error

    def _connected(self) -> S3Store:
        region = self._environ.get("AWS_REGION") or self._environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        options: dict[str, Any] = {
            "region": region,
            "virtual_hosted_style_request": self._endpoint is None,
            **{name.removeprefix("aws_"): value for name, value in credentials(self._environ).items()},
        }
        if self._prefix:
            options["prefix"] = self._prefix
        if self._endpoint is not None:
            options["endpoint"] = self._endpoint
        plain = self._endpoint is not None and self._endpoint.startswith("http://")
        return S3Store(
            self._bucket,
            **options,
            client_options={"allow_http": plain, "connect_timeout": "5s", "timeout": "15s"},
            # Whoever calls tries again by itself, and wants to say meanwhile that it waits.
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=5)},
        )

    def _trouble(self, verb: str, error: Exception) -> AddressError:
        at = f" at {self._endpoint}" if self._endpoint else ""
        return AddressError(f"The landing {self}{at} cannot be {verb}: {reason(str(error))}.")


def endpoint(environ: Mapping[str, str]) -> str | None:
    """The object store's address, or None for AWS's own; SettingsError if it has no scheme."""
    found = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
    if found is not None and not found.startswith(("http://", "https://")):
        raise SettingsError(
            f"AWS_ENDPOINT_URL is {found!r}: expected the object store's address with its scheme, such as "
            f"http://{found.rpartition('://')[2]}."
        )
    return found


def credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Key, secret and perhaps token, by their names in AWS's own files; nothing: the machine's role.

    Raises:
        SettingsError: a key without its secret, or a file that cannot be one.
        AddressError: the file that is named is not there (yet).
    """
    found = {name: environ[name.upper()] for name in _KEYS if environ.get(name.upper())}
    if found:
        return _complete(found, "the environment", str.upper)
    named = environ.get("AWS_SHARED_CREDENTIALS_FILE")
    file = Path(named or "~/.aws/credentials").expanduser()
    if named is None and not file.is_file():
        return {}
    profile = environ.get("AWS_PROFILE") or "default"
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise AddressError(f"The credentials file {file} cannot be read: {error.strerror}.") from error
    except (configparser.Error, UnicodeDecodeError):
        # The parser's own message quotes the line, which may be a secret.
        raise SettingsError(
            f"The credentials file {file} cannot be understood: expected [{profile}] with aws_access_key_id = ... and "
            "aws_secret_access_key = ... below it."
        ) from None
    if not parser.has_section(profile):
        raise SettingsError(f"The credentials file {file} has no profile [{profile}]: give it one, or set AWS_PROFILE.")
    section = parser[profile]
    return _complete({name: section[name] for name in _KEYS if section.get(name)}, f"{file}, [{profile}]", str)


def _complete(found: dict[str, str], where: str, spelled: Any) -> dict[str, str]:
    absent = [spelled(name) for name in _KEYS[:2] if name not in found]
    if absent:
        raise SettingsError(f"{' and '.join(absent)} not found in {where}: expected a key together with its secret.")
    return found


def reason(text: str) -> str:
    """The gist of an error of the object store, the same for the same trouble: no times, no addresses."""
    for start, end in (("<Message>", "</Message>"), ("<Code>", "</Code>")):
        if start in text and end in text:
            return text.partition(start)[2].partition(end)[0].strip().rstrip(".")
    short, _, details = text.partition("\n\nDebug source")
    if "error sending request" in short:
        found = _SYSTEM.search(details)
        return f"it does not answer ({found[1].lower() if found else 'no answer in time'})"
    return " ".join(short.rpartition(" - ")[2].split())[:300].rstrip(". ")
