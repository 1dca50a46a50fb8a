"""The team's own certificate, for SLIPWAY_TLS=files."""

from __future__ import annotations

import ssl
from pathlib import Path

from slipway.doctor.checkout import USER, Place, judge_mounted_folder, look_at
from slipway.doctor.finding import Finding, ok, problem, skipped
from slipway.doctor.project import Variables

CERTIFICATE, KEY = "tls.crt", "tls.key"
_CHECK = "certificate"
_VARIABLE = "SLIPWAY_CERTIFICATES"


def judge_certificate(folder: str, places: dict[str, Place], unfit: str) -> Finding:
    """
    Args:
        folder: as SLIPWAY_CERTIFICATES names it.
        places: each of the two files.
        unfit: why the two cannot be used; empty if they can.
    """
    for name, place in places.items():
        if place.kind != "file":
            return problem(_CHECK, f"SLIPWAY_TLS is files, and there is no file {folder}/{name}: put it there.")
        if not place.readable:
            return problem(
                _CHECK, f"User {USER}, the proxy, may not read {folder}/{name}: `chown {USER} {folder}/{name}`."
            )
    if unfit:
        return problem(
            _CHECK,
            f"{folder}/{CERTIFICATE} and {KEY} cannot be used ({unfit}): expected a certificate and its key, as PEM.",
        )
    return ok(_CHECK, f"{folder} has a certificate and its key.")


def look_at_certificate(checkout: Path, variables: Variables) -> list[Finding]:
    """Nothing, where no certificate is asked for and the folder is as it should be."""
    named = variables.get(_VARIABLE)
    folder = checkout / Path(named).expanduser()
    mounted = judge_mounted_folder(_CHECK, _VARIABLE, named, not variables.is_set(_VARIABLE), look_at(folder))
    if mounted or variables.get("SLIPWAY_TLS") != "files":
        return [mounted] if mounted else []
    places = {name: look_at(folder / name) for name in (CERTIFICATE, KEY)}
    try:
        unfit = _unfit(folder)
    except PermissionError:
        found = judge_certificate(named, places, "")
        return [
            found if found.level != "ok" else skipped(_CHECK, f"Only the proxy may read {named}/{KEY}, and not you.")
        ]
    return [judge_certificate(named, places, unfit)]


def _unfit(folder: Path) -> str:
    if not all((folder / name).is_file() for name in (CERTIFICATE, KEY)):
        return ""
    (folder / KEY).open("rb").close()
    try:
        # An empty password, so that an encrypted key is refused and not asked about.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / CERTIFICATE, folder / KEY, lambda: "")
    except ssl.SSLError as error:
        return (error.reason or "no PEM").replace("_", " ").lower()
    return ""
