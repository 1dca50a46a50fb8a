"""The folder of an embedded platform, `.slipway/` by default:

settings.env    the variables that its processes run with; no secrets
secrets/        readable by their owner alone
home/           DAGSTER_HOME: dagster.yaml, workspace.yaml, the databases
lake/           the lake
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from slipway.location import setting

LOG_LEVEL = "SLIPWAY_LOG_LEVEL"
"""What a run's log shows of what is logged; the event log has every event whatever the level."""
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_SETTINGS = "settings.env"
_HERE = ("DAGSTER_HOME", "SLIPWAY_LAKE", "SLIPWAY_LOCATIONS")


class HomeError(Exception):
    """The folder cannot be used as it is; the message says what to do."""


@dataclass(frozen=True)
class Home:
    """Paths and files of an embedded platform below `root`."""

    root: Path

    @property
    def dagster_home(self) -> Path:
        return self.root / "home"

    @property
    def workspace(self) -> Path:
        return self.dagster_home / "workspace.yaml"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def settings_file(self) -> Path:
        return self.root / _SETTINGS

    def settings(self) -> dict[str, str]:
        """The variables on record; empty before the home is made."""
        if not self.settings_file.exists():
            return {}
        lines = self.settings_file.read_text().splitlines()
        pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def make_folder(self) -> None:
        """Make the folder, with nothing in it yet.

        Raises:
            HomeError: it cannot be made or written.
        """
        try:
            self.dagster_home.mkdir(parents=True, exist_ok=True)
            (self.root / "secrets").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise HomeError(f"Cannot make {self.root}: {error.strerror}. Give another folder (DIR=<other>).") from error

    def make(self, settings: Mapping[str, str], locations: Sequence[str], fixed: Sequence[str] = ()) -> dict[str, str]:
        """Write what is not there yet, and return the environment that the platform's processes need.

        Args:
            settings: variables for the processes; kept in settings.env.
            locations: code locations, each a package with a module `definitions`.
            fixed: variables that may not change once the home is made, because what is in it depends on them.

        Raises:
            HomeError: the folder was made with other fixed settings, or cannot be written.
            SettingError: SLIPWAY_LOG_LEVEL is none.
        """
        level = setting(LOG_LEVEL, f"one of {', '.join(_LEVELS)}", _level, "INFO", {**settings, **os.environ})
        earlier = self.settings()
        for name in fixed:
            if name in earlier and earlier[name] != settings.get(name, ""):
                raise HomeError(
                    f"{self.root} was made with {name}={earlier[name]}, and now {settings.get(name, '')!r} is asked "
                    "for. Keep them apart: give another folder (DIR=<other>), or remove this one."
                )
        self.make_folder()
        variables = {
            "DAGSTER_HOME": str(self.dagster_home.absolute()),
            "SLIPWAY_LAKE": str(self.lake.absolute()),
            "SLIPWAY_LOCATIONS": ",".join(locations),
            # A run over a year plans thousands of partitions; their events are stored by the hundred.
            "DAGSTER_EVENT_BATCH_SIZE": "100",
            "SLIPWAY_PSEUDONYM_KEY_FILE": str(self._secret("pseudonym.key").absolute()),
            **settings,
        }
        instance = _dagster_yaml(self.dagster_home, level)
        _write(self.dagster_home / "dagster.yaml", yaml.safe_dump(instance, sort_keys=False))
        _write(self.workspace, yaml.safe_dump(_workspace_yaml(locations), sort_keys=False))
        lines = "\n".join(f"{name}={value}" for name, value in sorted(variables.items()))
        _write(self.settings_file, f"# The variables of this platform's processes. Made by Slipway.\n{lines}\n")
        return variables

    def _secret(self, name: str) -> Path:
        """A secret that is made once: pseudonyms must stay the same from run to run."""
        path = self.root / "secrets" / name
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
        return path

    def environment(self) -> dict[str, str]:
        """This process's environment with the home's variables; what is set outside wins, but for what is here."""
        settings = self.settings()
        return {**settings, **os.environ, **{name: settings[name] for name in _HERE if name in settings}}


def _level(text: str) -> str:
    level = text.strip().upper()
    if level not in _LEVELS:
        raise ValueError
    return level


def _dagster_yaml(home: Path, log_level: str) -> dict[str, object]:
    return {
        "storage": {
            "custom": {
                "module": "slipway.instance",
                "class": "SqliteStorage",
                "config": {"base_dir": str(home.absolute())},
            }
        },
        # One run a core: the machine is also the one that somebody works on.
        "concurrency": {"runs": {"max_concurrent_runs": max(1, min(4, os.cpu_count() or 1))}},
        "run_coordinator": {
            "module": "dagster._core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": 1},
        },
        # Dagster's own default is DEBUG: two lines for each of a year's partitions would bury what is worth reading.
        "python_logs": {"python_log_level": log_level},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }


def _workspace_yaml(locations: Sequence[str]) -> dict[str, object]:
    return {
        "load_from": [
            {"python_module": {"module_name": f"{name}.definitions", "location_name": name}} for name in locations
        ]
    }


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)
