"""What the steward does, and how often."""

from __future__ import annotations

from collections.abc import Callable

from dagster import DagsterInstance

from slipway.lake import LakeSettings
from slipway.lake.store import Place, open_store
from slipway.runs.docker_edge import Engine
from slipway.steward.logs import LogKeeper
from slipway.steward.reaper import Reaper
from slipway.steward.service import Task
from slipway.steward.settings import LOGS_BUCKET, Settings
from slipway.steward.watcher import Watcher

_ENGINE_TIMEOUT = 10.0


def tasks_of(settings: Settings, instance: Callable[[], DagsterInstance]) -> list[Task]:
    """Args:
    instance: gives the Dagster instance; may raise while its database is away.
    """
    # A task that fails is tried again anyway.
    engine = Engine(timeout=_ENGINE_TIMEOUT, patience=0)
    watcher = Watcher(settings.stack, instance, engine)
    reaper = Reaper(settings.stack, instance, engine, settings.retention)
    tasks = [
        Task("watcher", settings.watch_seconds, watcher.look),
        Task("reaper", settings.reap_seconds, reaper.reap),
    ]
    if settings.logs:
        place = Place("bucket of compute logs", LOGS_BUCKET)
        keeper = LogKeeper(open_store(LakeSettings.parse(settings.logs), place), instance, settings.keep_logs)
        tasks += [Task("log promotion", 5, keeper.promote), Task("log retention", 3600, keeper.forget)]
    return tasks
