"""What the stack leaves on the machine: containers of runs, and volumes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from slipway.doctor.command import Run
from slipway.doctor.finding import Finding, ok, skipped, warning
from slipway.doctor.host import GB
from slipway.doctor.project import Variables
from slipway.steward.settings import Retention, Settings, SettingsError

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SHOWN = 3


def judge_run_containers(states: Sequence[str], stack: str, *, started: bool, keep: Retention) -> Finding:
    """
    Args:
        states: of each run container.
        started: whether the stack is up: its steward removes them.
    """
    running = sum(state in ("running", "restarting", "paused") for state in states)
    rest = len(states) - running
    if not started:
        if not states:
            return ok("run containers", "None is left.")
        remove = f"`docker ps -aq --filter label=slipway.stack={stack} | xargs docker rm --force`"
        return warning(
            "run containers",
            f"{len(states)} {'is' if len(states) == 1 else 'are'} left of a stack that is not up: start it again, "
            f"or {remove}.",
        )
    # One round of the steward behind is nothing to speak of.
    if rest > (most := keep.most + keep.most_failed) + 10:
        return warning(
            "run containers",
            f"{rest} finished ones are left, and the steward keeps at most {most}: see `docker compose logs steward`.",
        )
    return ok("run containers", f"{running} at work, {rest} kept for a look (at most {most}).")


def look_at_run_containers(run: Run, stack: str, variables: Variables, *, started: bool) -> Finding:
    label = f"label=slipway.stack={stack}"
    told = run("docker", "ps", "--all", "--filter", label, "--format", "{{.State}}")
    return judge_run_containers(told.output.split(), stack, started=started, keep=_retention(variables))


def _retention(variables: Variables) -> Retention:
    kept = {name: value for name, value in variables.values.items() if name.startswith("SLIPWAY_KEEP_")}
    try:
        return Settings.from_environment({**kept, "SLIPWAY_STACK": "any"}).retention
    except SettingsError:
        return Retention()


def read_volumes(output: str, stack: str) -> dict[str, int]:
    """Name -> bytes of the stack's volumes, from what `docker system df --verbose` prints as JSON."""
    try:
        volumes = json.loads(output) or []
    except ValueError:
        return {}
    found = {}
    for volume in volumes:
        labels = dict(label.partition("=")[::2] for label in (volume.get("Labels") or "").split(","))
        if labels.get("com.docker.compose.project") == stack:
            found[labels.get("com.docker.compose.volume", volume["Name"])] = size(volume.get("Size", ""))
    return found


def size(text: str) -> int:
    """Bytes from 1.25GB, as Docker shows them; 0 where it shows none."""
    found = re.fullmatch(r"([\d.]+)\s*([kMGT]?B)", text)
    return round(float(found[1]) * _UNITS[found[2]]) if found else 0


def judge_volumes(volumes: Mapping[str, int]) -> Finding:
    if not volumes:
        return skipped("volumes", "There are none yet.")
    largest = sorted(volumes.items(), key=lambda item: -item[1])[:_SHOWN]
    shown = ", ".join(f"{name} {amount / GB:.2f} GB" for name, amount in largest)
    return ok("volumes", f"{sum(volumes.values()) / GB:.2f} GB, most of it in {shown}.")


def look_at_volumes(run: Run, stack: str) -> Finding:
    told = run("docker", "system", "df", "--verbose", "--format", "{{json .Volumes}}", seconds=30)
    if told.code:
        return skipped("volumes", "Docker does not tell their sizes in time.")
    return judge_volumes(read_volumes(told.output, stack))
