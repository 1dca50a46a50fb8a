"""The checkout: its files are there, and the users of the containers may read them."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from slipway.doctor.finding import Finding, ok, problem, warning

COMPOSE_FILE = "docker-compose.yaml"
MOUNTED = "deploy/compose/Caddyfile"
NEEDED = (COMPOSE_FILE, "Dockerfile", "dagster.yaml", "deploy/compose/workspace.yaml", MOUNTED, "slipway/__init__.py")
USER = 10001
"""Whom the containers run as, where their image has no user of its own."""


@dataclass(frozen=True)
class Place:
    """A file or folder, as far as it matters who may read it.

    Attributes:
        kind: "file", "folder", or "" for nothing.
        readable: whether user 10001 may.
    """

    kind: str
    readable: bool = True


def look_at(path: Path, user: int = USER) -> Place:
    """A broken link is nothing."""
    try:
        found = path.stat()
    except OSError:
        return Place("")
    folder = path.is_dir()
    # Elsewhere Docker's virtual machine hands all files to everybody.
    if platform.system() != "Linux":
        return Place("folder" if folder else "file")
    needed = 0o5 if folder else 0o4
    shift = 6 if found.st_uid == user else 3 if found.st_gid == user else 0
    return Place("folder" if folder else "file", found.st_mode >> shift & needed == needed)


def judge_checkout(places: dict[str, Place], folder: str, writable: bool) -> Finding:
    """
    Args:
        places: each of NEEDED.
        folder: that of the checkout.
    """
    for name, place in places.items():
        if place.kind == "folder":
            return problem(
                "checkout",
                f"{name} is a folder, where a file was expected (Docker makes one where a mounted file is missing): "
                f"`rmdir {name}` and `git checkout {name}`.",
            )
        if not place.kind:
            return problem(
                "checkout", f"{name} is missing in {folder}: `git checkout {name}`, or call this in the checkout."
            )
        if not place.readable:
            return problem(
                "checkout",
                f"{name} is readable by its owner only, and containers run as user {USER}: `chmod -R go+rX .` in "
                f"{folder}.",
            )
    return ok("checkout", f"{folder} is complete{'' if writable else ', and read-only, which is enough'}.")


def look_at_checkout(checkout: Path) -> Finding:
    places = {name: look_at(checkout / name) for name in NEEDED}
    return judge_checkout(places, str(checkout), os.access(checkout, os.W_OK))


def judge_mounted_folder(check: str, variable: str, named: str, is_default: bool, place: Place) -> Finding | None:
    """A folder that a service mounts; None if all is well.

    Args:
        named: as the variable names it.
        is_default: whether the variable is unset.
    """
    if place.kind == "file":
        return problem(check, f"{named} is a file: expected a folder; correct {variable}.")
    if not place.kind:
        if is_default:
            return warning(
                check, f"The folder {named} is missing, and Docker would make it as root's: `mkdir -p {named}`."
            )
        return problem(check, f"{variable} is {named!r}, where no folder is: make it, or correct {variable}.")
    if not place.readable:
        return problem(check, f"The folder {named} is not open to user {USER}: `chmod go+rx {named}`.")
    return None
