"""Variables that are right each by itself, and do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.doctor.finding import Finding, problem, warning
from slipway.doctor.project import Variables
from slipway.provision.settings import BUCKET

_CHECK = "settings"
_OUTSIDE = ("SLIPWAY_OWN_POSTGRES", "SLIPWAY_OWN_OBJECTSTORE")


def judge_together(variables: Variables) -> list[Finding]:
    return [
        *_postgres(variables),
        *_objectstore(variables),
        *_networks(variables),
        *_days(variables),
        *_landing(variables),
        *_proxy(variables),
    ]


def endpoint(variables: Variables) -> str:
    """The object store's address; empty for AWS itself, which an empty variable says."""
    name = "SLIPWAY_S3_ENDPOINT"
    return variables.values[name] if name in variables.values else variables.known.get(name) or ""


def is_outside(variables: Variables, switch: str) -> bool:
    return variables.get(switch) == "0"


def _postgres(variables: Variables) -> Iterator[Finding]:
    host, port = variables.get("SLIPWAY_PG_HOST"), variables.get("SLIPWAY_PG_PORT")
    if is_outside(variables, "SLIPWAY_OWN_POSTGRES"):
        if host == "postgres":
            yield problem(
                _CHECK,
                "SLIPWAY_OWN_POSTGRES is 0, and SLIPWAY_PG_HOST still names the stack's own: set it to your server.",
            )
        if variables.get("SLIPWAY_SHOP") == "1":
            yield warning(
                _CHECK,
                "The demo shop keeps its tables in the stack's own Postgres, which SLIPWAY_OWN_POSTGRES=0 leaves "
                "out: set SLIPWAY_SHOP=0.",
            )
    elif (host, port) != ("postgres", "5432"):
        yield problem(
            _CHECK,
            f"SLIPWAY_PG_HOST and SLIPWAY_PG_PORT say {host}:{port}, and the stack starts a Postgres of its own: set "
            "SLIPWAY_OWN_POSTGRES=0 to use yours, or leave them out.",
        )


def _objectstore(variables: Variables) -> Iterator[Finding]:
    found, own = endpoint(variables), variables.known.get("SLIPWAY_S3_ENDPOINT")
    if is_outside(variables, "SLIPWAY_OWN_OBJECTSTORE"):
        if found == own:
            yield problem(
                _CHECK,
                "SLIPWAY_OWN_OBJECTSTORE is 0, and SLIPWAY_S3_ENDPOINT still names the stack's own: set it to your "
                "store's address, or empty for AWS.",
            )
    elif found != own:
        yield problem(
            _CHECK,
            f"SLIPWAY_S3_ENDPOINT is {found!r}, and the stack starts an object store of its own: set "
            "SLIPWAY_OWN_OBJECTSTORE=0 to use yours, or leave it out.",
        )
    names = [variables.get(f"SLIPWAY_{which}_BUCKET") for which in ("LAKE", "LOGS", "LANDING")]
    if len(set(names)) < len(names):
        yield problem(
            _CHECK,
            f"SLIPWAY_LAKE_BUCKET, SLIPWAY_LOGS_BUCKET and SLIPWAY_LANDING_BUCKET are {', '.join(names)}: "
            "expected three different buckets, because rights and retention differ.",
        )


def _networks(variables: Variables) -> Iterator[Finding]:
    outside = [switch for switch in _OUTSIDE if is_outside(variables, switch)]
    if outside and variables.get("SLIPWAY_INTERNAL").lower() in ("true", "yes", "on", "y"):
        yield warning(
            _CHECK,
            f"{outside[0]} is 0, and the stack's networks reach nothing outside: set SLIPWAY_INTERNAL=false, "
            "unless it is a container on these networks.",
        )


def _days(variables: Variables) -> Iterator[Finding]:
    first, last = variables.get("SLIPWAY_FIRST_DAY"), variables.get("SLIPWAY_LAST_DAY")
    if first and last and last < first:
        yield problem(
            _CHECK,
            f"SLIPWAY_LAST_DAY is {last}, before SLIPWAY_FIRST_DAY {first}: set it to a day on or after it, or "
            "leave it out.",
        )


def _landing(variables: Variables) -> Iterator[Finding]:
    landing, bucket = variables.get("SLIPWAY_LANDING"), variables.get("SLIPWAY_LANDING_BUCKET")
    named = landing.removeprefix("s3://").partition("/")[0] if landing.startswith("s3://") else ""
    folder = variables.is_set("SLIPWAY_LANDING_FOLDER")
    if BUCKET.fullmatch(named) and named != bucket:
        yield problem(
            _CHECK,
            f"Ingestion looks for files in {landing}, and may read the bucket {bucket} only: set SLIPWAY_LANDING and "
            "SLIPWAY_LANDING_BUCKET to the same bucket.",
        )
    elif named and folder:
        yield warning(
            _CHECK,
            f"SLIPWAY_LANDING_FOLDER is mounted, and ingestion looks for files in {landing}: set "
            "SLIPWAY_LANDING=/landing.",
        )
    elif not named and not f"{landing}/".startswith("/landing/"):
        yield problem(
            _CHECK, f"SLIPWAY_LANDING is {landing}, and SLIPWAY_LANDING_FOLDER is mounted at /landing: set it to that."
        )
    elif not named and not folder:
        yield problem(
            _CHECK, f"SLIPWAY_LANDING is {landing}, and no folder is mounted there: set SLIPWAY_LANDING_FOLDER."
        )


def _proxy(variables: Variables) -> Iterator[Finding]:
    site, tls, bind = (variables.get(f"SLIPWAY_{name}") for name in ("SITE", "TLS", "BIND"))
    # As Caddy 2.11 does: a name without a scheme has TLS; without a name only a certificate by file is one; and http://
    # either keeps it from starting or wins over the certificate without a word.
    plain, nameless = site.startswith("http://"), site.rpartition("//")[2].startswith(":")
    if tls == "off" and not plain and not nameless:
        yield problem(
            _CHECK,
            f"SLIPWAY_SITE is {site!r}, for which the proxy wants a certificate, and SLIPWAY_TLS is off: write http:// "
            "before it, or set SLIPWAY_TLS=internal or files.",
        )
    if tls != "off" and plain:
        yield problem(
            _CHECK, f"SLIPWAY_TLS is {tls!r}, and SLIPWAY_SITE {site!r} is without it: write https:// before the name."
        )
    elif tls not in ("off", "files") and nameless:
        yield problem(
            _CHECK,
            f"SLIPWAY_TLS is {tls!r}, and SLIPWAY_SITE is {site!r}: name the host that the certificate is for, such as "
            "https://data.example.com:3000.",
        )
    if tls == "off" and not bind.startswith("127.") and bind != "[::1]":
        yield warning(
            _CHECK,
            f"SLIPWAY_BIND={bind} lets others sign in over plain HTTP: set SLIPWAY_TLS and SLIPWAY_SITE, unless "
            "another proxy in front has a certificate.",
        )
    if tls == "acme" and variables.get("SLIPWAY_PORT") != "443":
        yield warning(
            _CHECK, "SLIPWAY_TLS=acme has the name proven at port 443: set SLIPWAY_PORT=443 and SLIPWAY_BIND."
        )
