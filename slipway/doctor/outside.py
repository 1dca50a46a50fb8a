"""Services outside the stack: a Postgres, an object store, and its clock."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from slipway.doctor.clock import judge_clock
from slipway.doctor.consistency import endpoint, is_outside
from slipway.doctor.finding import Finding, ok, one_line, problem, skipped
from slipway.doctor.project import Variables

_TIMEOUT = 5


@dataclass(frozen=True)
class Reached:
    """How far one gets to a service.

    Attributes:
        resolves: whether its name has an address.
        error: why it does not answer at its port; empty if it does.
    """

    resolves: bool = True
    error: str = ""


def judge_reached(check: str, host: str, port: int, variable: str, reached: Reached) -> Finding:
    """
    Args:
        variable: which names the host.
    """
    if is_loopback(host):
        return problem(
            check,
            f"{variable} names {host}, which in a container is the container itself: give the address that this "
            "machine has in its network.",
        )
    if not reached.resolves:
        if "." not in host:
            return skipped(
                check, f"{host} is no name on this machine: it may be one on the stack's networks, as `init` will see."
            )
        return problem(check, f"The name {host} does not resolve: correct {variable}, or your DNS.")
    if reached.error:
        return problem(
            check,
            f"Nothing answers at {host}:{port} ({one_line(reached.error)}): start it, open its firewall, or "
            f"correct {variable}.",
        )
    return ok(check, f"{host}:{port} answers.")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def reach(host: str, port: int) -> Reached:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Reached(resolves=False)
    try:
        socket.create_connection((host, port), _TIMEOUT).close()
    except OSError as error:
        return Reached(error=str(error.strerror or error).lower())
    return Reached()


def store_address(variables: Variables) -> str:
    return endpoint(variables) or f"https://s3.{variables.get('SLIPWAY_S3_REGION')}.amazonaws.com"


def look_outside(variables: Variables) -> list[Finding]:
    """Nothing, where the stack has its own; call it when the variables are well-formed."""
    found = []
    if is_outside(variables, "SLIPWAY_OWN_POSTGRES"):
        host, port = variables.get("SLIPWAY_PG_HOST"), int(variables.get("SLIPWAY_PG_PORT"))
        found.append(judge_reached("postgres", host, port, "SLIPWAY_PG_HOST", reach(host, port)))
    if is_outside(variables, "SLIPWAY_OWN_OBJECTSTORE"):
        found += _look_at_store(store_address(variables))
    return found


def _look_at_store(address: str) -> list[Finding]:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    reached = judge_reached("object store", host, port, "SLIPWAY_S3_ENDPOINT", reach(host, port))
    return [reached, look_at_store_clock(address)] if reached.level == "ok" else [reached]


def look_at_store_clock(address: str) -> Finding:
    """S3 refuses requests that were signed more than 15 minutes ago, or in the future; some stores are stricter."""
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/")
        date = connection.getresponse().getheader("Date")
    except ssl.SSLCertVerificationError as error:
        return problem(
            "object store",
            f"The certificate of {address} is not trusted ({one_line(error.verify_message)}): give the store one "
            "of a known authority, or use http:// within your network.",
        )
    except (OSError, http.client.HTTPException) as error:
        return problem(
            "object store",
            f"{address} does not speak {'HTTPS' if secure else 'HTTP'} ({one_line(str(error))}): correct "
            "SLIPWAY_S3_ENDPOINT.",
        )
    finally:
        connection.close()
    now = dt.datetime.now(dt.UTC)
    try:
        # Without a zone a date could not be compared; HTTP's are always GMT.
        there = parsedate_to_datetime(date or "").replace(tzinfo=dt.UTC)
    except ValueError:
        return skipped("clock", f"{address} does not tell its time.")
    return judge_clock("clock", f"the object store at {address}", (there - now).total_seconds())
