"""The sensor `catch_up`: requests what the automation conditions do not, in few runs."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus, InstigatorType

from slipway.automation.ranges import MAX_RUNS, RANGE_END, RANGE_START, contiguous, rectangles
from slipway.location.outstanding import Followers, Outstanding, newest_events, outstanding
from slipway.location.settings import setting
from slipway.observe.expected import WHOLE
from slipway.quality import declared_tables

NAME = "catch_up"
AUTOMATION = "automation"
CAUSE_TAG = "slipway/because"
PATIENCE = "SLIPWAY_CATCH_UP_SECONDS"
"""Seconds that an automation condition has to request a partition before this sensor does."""


@dataclass
class Memory:
    """The sensor's cursor.

    Attributes:
        seen: what there was at the last look: if it is still so, and nothing was open, there is nothing to look at.
        open: since when (seconds since 1970) a partition is outstanding that a condition may still request: by asset.
        waiting: more may be outstanding when something under way has ended.
    """

    seen: dict[str, object] = field(default_factory=dict)
    open: dict[str, dict[str, float]] = field(default_factory=dict)
    waiting: bool = False

    @classmethod
    def from_text(cls, text: str | None) -> Memory:
        return cls(**json.loads(text)) if text else cls()

    def to_text(self) -> str:
        return json.dumps(self.__dict__, separators=(",", ":"))


def catch_up_sensor(keys: Sequence[dg.AssetKey]) -> dg.SensorDefinition:
    """For the assets of a location that follow their inputs.

    Raises:
        SettingError
    """
    patience = setting(PATIENCE, "a number of seconds, such as 60", float, default="60")

    @dg.sensor(
        name=NAME,
        # Not `target`: its anonymous job would need all assets to have the same partitions.
        asset_selection=dg.AssetSelection.assets(*keys),
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Requests the tables with two partition dimensions, whose keys share runs; and what the sensor "
            f"`{AUTOMATION}` has left undone for {patience:g} s. Stop that one, and this one does nothing either."
        ),
    )
    def catch_up(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if _is_stopped(context):
            return dg.SkipReason(f"Paused, because the sensor `{AUTOMATION}` is stopped.")
        assert context.repository_def is not None
        followers = _followers(context.repository_def)
        now = dt.datetime.now(dt.UTC)
        memory = Memory.from_text(context.cursor)
        seen: dict[str, object] = {
            **newest_events(context.instance, followers),
            **{name: sorted(context.instance.get_dynamic_partitions(name)) for name in followers.dynamic_names()},
            "hour": now.strftime("%Y-%m-%dT%H"),
        }
        if seen == memory.seen and not memory.open and not memory.waiting:
            return dg.SkipReason("Nothing has changed.")
        found = outstanding(context.instance, followers, now)
        due, still_open = ripe(found, memory.open, followers.by_sensor, now.timestamp(), patience)
        with dg.partition_loading_context(effective_dt=now, dynamic_partitions_store=context.instance):
            requests = list(run_requests(due, followers))
        for request in requests[:MAX_RUNS]:
            context.log.info(request.tags[CAUSE_TAG])
        left = len(requests) > MAX_RUNS
        after = Memory(seen, still_open, found.waiting or left)
        return dg.SensorResult(
            run_requests=requests[:MAX_RUNS],
            cursor=after.to_text(),
            skip_reason=None if requests else dg.SkipReason(_nothing(after)),
        )

    return catch_up


def ripe(
    found: Outstanding,
    before: Mapping[str, Mapping[str, float]],
    at_once: set[dg.AssetKey],
    now: float,
    patience: float,
) -> tuple[dict[dg.AssetKey, dict[str, tuple[str, ...]]], dict[str, dict[str, float]]]:
    """What to request now, and what stays open, with the moment since when it is.

    Args:
        before: what was open at the last look.
        at_once: assets that no condition requests.
        patience: seconds that a partition of the others must have been open.
    """
    due: dict[dg.AssetKey, dict[str, tuple[str, ...]]] = {}
    still_open: dict[str, dict[str, float]] = {}
    for key, causes in found.causes.items():
        since = before.get(key.to_user_string(), {})
        for partition, cause in causes.items():
            if key in at_once or now - since.get(partition, now) >= patience:
                due.setdefault(key, {})[partition] = cause
            else:
                still_open.setdefault(key.to_user_string(), {})[partition] = since.get(partition, now)
    return due, still_open


def run_requests(
    due: Mapping[dg.AssetKey, Mapping[str, tuple[str, ...]]], followers: Followers
) -> Iterator[dg.RunRequest]:
    """Runs of stretches, newest first for each asset; call it within a partition loading context."""
    done: set[tuple[dg.AssetKey, str]] = set()
    for key, causes in due.items():
        wanted = [partition for partition in causes if (key, partition) not in done]
        if not wanted:
            continue  # a step that makes several assets makes them for all
        together = followers.together[key]
        done |= {(other, partition) for other in together for partition in wanted}
        why = Counter(cause for partition in wanted for cause in causes[partition])
        tags = {CAUSE_TAG: f"{key.to_user_string()}: {', '.join(sorted(why))}"}
        partitions = followers.assets[key].partitions
        if partitions is None:
            yield dg.RunRequest(asset_selection=list(together), tags=tags)
            continue
        assert WHOLE not in wanted
        stretches = rectangles if isinstance(partitions, dg.MultiPartitionsDefinition) else contiguous
        for first, last in stretches([str(each) for each in partitions.get_partition_keys()], wanted):
            yield dg.RunRequest(asset_selection=list(together), tags={**tags, RANGE_START: first, RANGE_END: last})


@lru_cache(maxsize=1)
def _followers(repository: dg.RepositoryDefinition) -> Followers:
    return Followers(repository, declared_tables())


def _is_stopped(context: dg.SensorEvaluationContext) -> bool:
    """Whether somebody has stopped the location's automation sensor in the UI."""
    own = context.code_location_origin
    return any(
        state.instigator_name == AUTOMATION
        and state.status == InstigatorStatus.STOPPED
        and (own is None or state.origin.repository_origin.code_location_origin.location_name == own.location_name)
        for state in context.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    )


def _nothing(after: Memory) -> str:
    if after.open:
        count = sum(map(len, after.open.values()))
        return f"{count} partitions are outstanding; the sensor `{AUTOMATION}` has the first chance to request them."
    return "What is outstanding waits for what is under way." if after.waiting else "Nothing is outstanding."
