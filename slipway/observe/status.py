"""Where each asset stands at a moment: up to date, stale, missing, late or failing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import dagster as dg

from slipway.lake.partitions import dimension_names
from slipway.observe.assets import Assets, ObservedAsset, Source, observed_assets
from slipway.observe.expected import WHOLE, Expected, expected
from slipway.observe.failures import failed_check, failures_of, reason
from slipway.observe.freshness import stale_partitions
from slipway.observe.records import Records
from slipway.quality import Contract


class State(StrEnum):
    """From bad to good; an asset is in the worst one that holds for it."""

    FAILING = "failing"
    LATE = "late"
    MISSING = "missing"
    STALE = "stale"
    UP_TO_DATE = "up to date"


PROBLEMS = (State.FAILING, State.LATE, State.MISSING)
"""What somebody has to look at. A stale asset is being rebuilt, or will be; it makes nobody get up."""


@dataclass(frozen=True)
class Failure:
    """The newest partition whose latest attempt failed."""

    partition: str
    run_id: str
    reason: str


@dataclass(frozen=True)
class AssetStatus:
    """One asset at a moment. Partition keys oldest first; `WHOLE` stands for an asset without partitions.

    Attributes:
        newest: the newest partition that exists, if any.
        made_at: of an asset without partitions: when it was made, in seconds since 1970.
        late: newest due partitions that are missing.
        missing: other due partitions that are missing.
        failing: partitions whose latest attempt failed, or whose latest blocking check did.
        failure: about the newest of them.
        running: partitions that are being made.
        due: how many partitions are due by now.
        weekly: whether the keys are Mondays of weeks.
    """

    key: dg.AssetKey
    layer: str
    newest: str | None = None
    made_at: float | None = None
    late: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    failure: Failure | None = None
    stale: tuple[str, ...] = ()
    causes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    due: int = 0
    weekly: bool = False

    @property
    def name(self) -> str:
        return "/".join(self.key.path)

    @property
    def state(self) -> State:
        holds = {
            State.FAILING: self.failing,
            State.LATE: self.late,
            State.MISSING: self.missing,
            State.STALE: self.stale,
        }
        return next((state for state, partitions in holds.items() if partitions), State.UP_TO_DATE)

    def as_json(self) -> dict[str, Any]:
        return {
            "asset": self.name,
            "layer": self.layer,
            "state": str(self.state),
            "newest": self.newest or None,
            "made_at": dt.datetime.fromtimestamp(self.made_at, dt.UTC).isoformat(timespec="seconds")
            if self.made_at
            else None,
            "due": self.due,
            "late": list(self.late),
            "missing": list(self.missing),
            "failing": list(self.failing),
            "failure": {
                "partition": self.failure.partition or None,
                "run_id": self.failure.run_id,
                "reason": self.failure.reason,
            }
            if self.failure
            else None,
            "stale": list(self.stale),
            "stale_because_of": sorted({cause for causes in self.causes.values() for cause in causes}),
            "running": list(self.running),
        }


def status(
    instance: dg.DagsterInstance,
    definitions: Mapping[str, Source] | Sequence[Source] | Assets,
    *,
    at: dt.datetime | None = None,
    contracts: Sequence[Contract] | None = None,
) -> list[AssetStatus]:
    """Every asset that the locations materialize, upstream first.

    Args:
        at: the moment by which deadlines are judged; default: now. What is on record is always what is on record now.
    """
    assets = definitions if isinstance(definitions, Assets) else observed_assets(definitions, contracts)
    moment = at or dt.datetime.now(dt.UTC)
    records = Records(instance)
    with dg.partition_loading_context(effective_dt=moment, dynamic_partitions_store=instance):
        return [_status(asset, assets, records, moment) for asset in assets.made()]


def _status(asset: ObservedAsset, assets: Assets, records: Records, at: dt.datetime) -> AssetStatus:
    calendar = expected(asset.partitions, asset.due, at, records.dynamic_keys)
    there = set(records.events(asset))
    attempts = records.attempts(asset)
    checks = records.failed_checks(asset)
    causes = stale_partitions(asset, calendar, assets, records)
    failing = [
        key
        for key in calendar.existing
        if (key in attempts and not attempts[key].running) or (key in checks and key not in attempts)
    ]
    late, missing = late_and_missing(calendar, there)
    failure = None
    if failing:
        key = failing[-1]
        if key in attempts:
            run_id = attempts[key].run_id
            why = reason(key, failures_of(records.instance, run_id), asset.name)
        else:
            check, run_id = checks[key]
            why = failed_check(records.instance, check, key or None)
        failure = Failure(key, run_id, why)
    return AssetStatus(
        key=asset.key,
        layer=asset.layer,
        newest=next((key for key in reversed(calendar.existing) if key in there), None),
        made_at=records.made(asset)[WHOLE].at if WHOLE in there else None,
        late=late,
        missing=missing,
        failing=tuple(failing),
        failure=failure,
        stale=tuple(key for key in calendar.existing if key in causes),
        causes=causes,
        running=tuple(key for key in calendar.existing if key in attempts and attempts[key].running),
        due=len(calendar.due),
        weekly=dimension_names(asset.partitions) == ("week",),
    )


def late_and_missing(calendar: Expected, there: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The newest due partitions that are not there, and the older ones that are not.

    Late is a matter of the newest expected partition alone: however many old days are made again, they do not bring
    today's.
    """
    absent = [key for key in calendar.due if key not in there]
    newest = set(calendar.newest)
    return tuple(key for key in absent if key in newest), tuple(key for key in absent if key not in newest)


def problems(statuses: Sequence[AssetStatus]) -> list[AssetStatus]:
    return [one for one in statuses if one.state in PROBLEMS]


__all__ = ["PROBLEMS", "WHOLE", "AssetStatus", "Failure", "State", "late_and_missing", "problems", "status"]
