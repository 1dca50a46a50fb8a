"""Each variable of docker-compose.yaml by itself: known, and of the right form."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from slipway.doctor.finding import Finding, ok, problem, warning
from slipway.doctor.project import Variables
from slipway.provision.calendar import is_day
from slipway.provision.settings import BUCKET
from slipway.runs.limits import LimitError, memory_bytes, processors
from slipway.steward.settings import Settings as Steward
from slipway.steward.settings import SettingsError

_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])"
# https://github.com/distribution/reference, without digests' algorithms.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)
_SITE = re.compile(rf"(?:https?://)?{_HOST}?:3000")


@dataclass(frozen=True)
class Form:
    """
    Attributes:
        expected: what a right value is, for people.
        fits: whether a value is one.
    """

    expected: str
    fits: Callable[[str], bool]


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65536


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    except ValueError:
        return False
    return ":" not in text or text.startswith("[")


def _is_memory(text: str) -> bool:
    return _reads(memory_bytes, text)


def _is_cpus(text: str) -> bool:
    # The container context of a location takes plain numbers only.
    return _reads(processors, text) and _reads(float, text) and float(text) <= 1024


def _reads(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except (LimitError, ValueError):
        return False
    return True


def _is_url(text: str) -> bool:
    try:
        found = urlsplit(text)
        return found.scheme in ("http", "https") and bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        return False


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_pattern(text: str) -> bool:
    from slipway.calendar.day_pattern import DayPattern  # its package imports Dagster, which takes seconds

    return _reads(DayPattern, text)


def _is_place(text: str) -> bool:
    """A bucket prefix, or a folder in the container."""
    if text.startswith("s3://"):
        return BUCKET.fullmatch(text.removeprefix("s3://").partition("/")[0]) is not None
    return text.startswith("/")


_port = Form("a port, such as 3000", _is_port)
_switch = Form("1 (part of the stack) or 0 (not part of it)", lambda text: text in ("0", "1"))
_memory = Form("an amount of memory, such as 512m or 1g", _is_memory)
_bucket = Form(
    "a bucket's name, such as lake, without s3:// or a path", lambda text: BUCKET.fullmatch(text) is not None
)
_image = Form("an image, such as registry.example.com/name:tag", lambda text: _IMAGE.fullmatch(text) is not None)
_day = Form("a day, such as 2026-01-01", is_day)
_place = Form("a bucket prefix such as s3://landing/files, or a folder in the container such as /landing", _is_place)
_name = Form("a name of letters, digits and _ . -", _matches(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"))
# Without ./ or / Compose takes a folder for the name of a volume.
_folder = Form(
    "a folder that begins with ./ or /, such as /srv/slipway/files", _matches(r"(?:\.{0,2}/|~/)[^:]*|\.{1,2}")
)

FORMS: Mapping[str, Form] = {
    "COMPOSE_PROJECT_NAME": Form("lower-case letters, digits, _ and -", _matches(r"[a-z0-9][a-z0-9_-]*")),
    "SLIPWAY_IMAGES": Form(
        "what stands before an image's name, in lower case, such as registry.example.com/team/slipway-",
        lambda text: _IMAGE.fullmatch(f"{text}control:latest") is not None,
    ),
    "SLIPWAY_TAG": Form("an image tag, such as latest or 1.4.2", _matches(r"[A-Za-z0-9_][\w.-]{0,127}")),
    "SLIPWAY_POSTGRES_IMAGE": _image,
    "SLIPWAY_OBJECTSTORE_IMAGE": _image,
    "SLIPWAY_PROXY_IMAGE": _image,
    "SLIPWAY_OWN_POSTGRES": _switch,
    "SLIPWAY_PG_HOST": Form("a host name or address, without a port", _matches(_HOST)),
    "SLIPWAY_PG_PORT": Form("a port, such as 5432", _is_port),
    "SLIPWAY_PG_USER": _name,
    "SLIPWAY_PG_DB": _name,
    "SLIPWAY_OWN_OBJECTSTORE": _switch,
    "SLIPWAY_S3_ENDPOINT": Form("an address with its scheme, such as https://s3.example.com", _is_url),
    "SLIPWAY_S3_REGION": Form("a region, such as us-east-1", _matches(r"[A-Za-z0-9-]+")),
    "SLIPWAY_LAKE_BUCKET": _bucket,
    "SLIPWAY_LOGS_BUCKET": _bucket,
    "SLIPWAY_LANDING_BUCKET": _bucket,
    "SLIPWAY_INTERNAL": Form("true or false", _matches(r"(?i:true|false|yes|no|on|off|y|n)")),
    "SLIPWAY_TIMEZONE": Form("a time zone's name, such as Europe/London or UTC", _is_zone),
    "SLIPWAY_FIRST_DAY": _day,
    "SLIPWAY_LAST_DAY": _day,
    "SLIPWAY_SHOP": _switch,
    "SLIPWAY_SHOP_DATES": Form("recent or original", lambda text: text in ("recent", "original")),
    "SLIPWAY_SHOP_API_URL": Form("an address with its scheme, such as http://shop:8000", _is_url),
    "SLIPWAY_LANDING": _place,
    "SLIPWAY_LANDING_FOLDER": Form(
        "the path of a folder from the root, such as /srv/landing, because run containers mount it as well",
        lambda text: re.fullmatch(r"(/[^/:,]+)+", text) is not None and not {".", ".."} & set(text.split("/")),
    ),
    "SLIPWAY_LANDING_PATTERN": Form("a file name with {day} in it once, such as sales_{day}.csv", _is_pattern),
    "SLIPWAY_DELIVERY": _place,
    "SLIPWAY_RUN_MEMORY": _memory,
    "SLIPWAY_RUN_CPUS": Form("a number of processors, such as 2 or 0.5", _is_cpus),
    "SLIPWAY_LOCATION_MEMORY": _memory,
    "SLIPWAY_BIND": Form("an address of this machine, such as 127.0.0.1, 0.0.0.0 or [::]", _is_address),
    "SLIPWAY_PORT": _port,
    "SLIPWAY_SITE": Form(
        "an address with port 3000, which the proxy listens on, such as :3000 or https://data.example.com:3000",
        lambda text: _SITE.fullmatch(text) is not None,
    ),
    "SLIPWAY_CERTIFICATES": _folder,
    "SLIPWAY_SECRETS": _folder,
    "SLIPWAY_DOCKER_SOCKET": Form("the path of a socket, such as /run/user/1000/docker.sock", _matches(r"/[^:]*")),
}
"""Those that have a form; SLIPWAY_TLS takes what the Caddyfile knows, SLIPWAY_KEEP_* what the steward reads."""
_PREFIX = "SLIPWAY_"
_TLS = "SLIPWAY_TLS"
_KEEP = "SLIPWAY_KEEP_"


def tls_kinds(caddyfile: str) -> list[str]:
    """The values that SLIPWAY_TLS may have: the Caddyfile's snippets `tls-<kind>`."""
    return re.findall(r"^\(tls-(\w+)\)", caddyfile, re.MULTILINE)


def judge_variables(variables: Variables, tls: list[str]) -> list[Finding]:
    """One finding for each that is wrong or that nothing reads; one that all is well otherwise.

    Args:
        tls: values of SLIPWAY_TLS.
    """
    found = [*_malformed(variables, tls), *_unknown(variables)]
    if found:
        return found
    own = sum(name.startswith(_PREFIX) for name in variables.known if variables.is_set(name))
    return [ok("variables", f"{own} set, the others as by default." if own else "None is set: all as by default.")]


def _malformed(variables: Variables, tls: list[str]) -> Iterator[Finding]:
    for name, value in sorted(variables.values.items()):
        if name not in variables.known or not value:
            continue
        if expected := _expected_instead(name, value, tls):
            yield problem("variables", f"{name} is {value!r}: expected {expected}.")


def _expected_instead(name: str, value: str, tls: list[str]) -> str | None:
    if name == _TLS:
        return f"one of {', '.join(tls)}" if tls and value not in tls else None
    if name.startswith(_KEEP):
        try:
            Steward.from_environment({"SLIPWAY_STACK": "any", name: value})
        except SettingsError as error:
            return str(error).partition("expected ")[2].rstrip(".")
        return None
    form = FORMS.get(name)
    return form.expected if form and not form.fits(value) else None


def _unknown(variables: Variables) -> Iterator[Finding]:
    ours = [name.removeprefix(_PREFIX) for name in variables.known if name.startswith(_PREFIX)]
    for name in sorted(variables.in_file):
        if name.startswith(_PREFIX) and name not in variables.known:
            # Without what they all begin with, which would make any two alike.
            near = difflib.get_close_matches(name.removeprefix(_PREFIX), ours, 1, 0.7)
            meant = f"did you mean {_PREFIX}{near[0]}?" if near else "leave it out, or see docs/configuration.md."
            yield warning("variables", f"{name} is set in .env, and nothing reads it: {meant}")
