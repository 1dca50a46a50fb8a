"""Secrets that the team gives by file: the same rules as `init` has (slipway/provision/secrets.py)."""

from __future__ import annotations

import os
from pathlib import Path

from slipway.doctor.checkout import USER, judge_mounted_folder, look_at
from slipway.doctor.consistency import is_outside
from slipway.doctor.finding import Finding, ok, problem, skipped, warning
from slipway.doctor.project import Variables
from slipway.provision.errors import ProvisionError
from slipway.provision.secrets import ACCOUNTS, given_files, read_given

_CHECK = "given secrets"
_VARIABLE = "SLIPWAY_SECRETS"


def needed(variables: Variables) -> list[str]:
    """Secrets that only the team can know, because services outside the stack are to take them."""
    names = ["dagster-password"] if is_outside(variables, "SLIPWAY_OWN_POSTGRES") else []
    if is_outside(variables, "SLIPWAY_OWN_OBJECTSTORE"):
        names += [f"s3-{name}" for name in ACCOUNTS if name != "shop" or variables.get("SLIPWAY_SHOP") == "1"]
    return names


def judge_needed(given: list[str], wanted: list[str], folder: str) -> list[Finding]:
    missing = [name for name in wanted if name not in given]
    if not missing:
        return []
    return [
        warning(
            _CHECK,
            f"Outside services are used, and {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not "
            f"given: put each as a file into {folder} before the first start.",
        )
    ]


def look_at_given(checkout: Path, variables: Variables) -> list[Finding]:
    named = variables.get(_VARIABLE)
    folder = checkout / Path(named).expanduser()
    mounted = judge_mounted_folder(_CHECK, _VARIABLE, named, not variables.is_set(_VARIABLE), look_at(folder))
    if mounted:
        return [mounted]
    if not os.access(folder, os.R_OK | os.X_OK):
        return [skipped(_CHECK, f"You may not read {named}, so its files are not looked at.")]
    try:
        files = given_files(folder)
    except ProvisionError as error:
        return [problem(_CHECK, str(error))]
    wrong = [found for path in files if (found := _look_at_file(path))]
    wrong += judge_needed([path.name for path in files], needed(variables), named)
    shown = ", ".join(path.name for path in files)
    return wrong or [
        ok(_CHECK, f"{shown}: as they should be." if files else "None: the first start makes all of them.")
    ]


def _look_at_file(path: Path) -> Finding | None:
    place = look_at(path)
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        return problem(
            _CHECK,
            f"The given secret {path.name} is a link out of its folder, which is all that the container has: put "
            "the file itself there.",
        )
    if not place.readable:
        return problem(
            _CHECK, f"The given secret {path.name} is closed to user {USER}, who takes it: `sudo chown {USER} {path}`."
        )
    if place.kind == "file" and not os.access(path, os.R_OK):
        return skipped(_CHECK, f"You may not read the given secret {path.name}, so its form is not looked at.")
    try:
        read_given(path)
    except ProvisionError as error:
        return problem(_CHECK, str(error))
    return None
