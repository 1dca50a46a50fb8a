"""A run's partitions, one after the other: each published or failed on its own, all told to Dagster as it happens."""

from __future__ import annotations

import time
import traceback
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

import dagster as dg
from dagster._core.events import DagsterEvent
from dagster._core.execution.context.system import StepExecutionContext

from slipway.lake import recording
from slipway.lake.concurrency import in_order
from slipway.lake.errors import LakeError, PartitionsFailed
from slipway.lake.lake import Draft, Lake, Published
from slipway.lake.partitions import PartitionFailure

WRITERS = 4
"""Partitions that are judged, encoded and stored at the same time; also how many are in memory."""

_TOGETHER, _TOGETHER_SECONDS = 25, 0.5
"""Partitions that are told to Dagster at one time, and how long the first of them may wait for the next."""

Item = tuple[str | None, Draft | PartitionFailure]


@dataclass
class Tally:
    """How a run's partitions ended: `failures` are (partition key, sentence)."""

    written: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    def sentence(self) -> str:
        """What was done so far, for an error that ends the run early."""
        failed = "".join(f"\n  {key}: {reason}" for key, reason in self.failures[:50])
        return f"Partitions written and recorded before that: {self.written}; failed: {len(self.failures)}{failed}"

    def raise_if_failed(self, asset: str) -> None:
        """End the step in failure if a partition failed: a successful run with holes would be believed.

        Raises:
            PartitionsFailed
        """
        if self.failures:
            raise PartitionsFailed(asset, self.failures, self.written)


def publish(step: StepExecutionContext, lake: Lake, items: Iterable[Item]) -> Generator[DagsterEvent, None, Tally]:
    """Publish a stream of drafts; yields the partitions' events, returns the tally.

    The stream is drawn in this thread (an asset's own code is not asked to be thread-safe); judging, encoding and
    storing happen in others.
    """
    tally = Tally()

    def work(item: Item) -> tuple[str | None, Published | PartitionFailure | Exception]:
        key, draft = item
        if isinstance(draft, PartitionFailure):
            return key, draft
        try:
            return key, lake.publish(draft, step.run_id, code_version(step, draft))
        except LakeError as error:
            return key, PartitionFailure(str(error))
        except Exception as error:
            # A check with a bug in it, say: it must not leave the partitions beside it written but unrecorded.
            return key, error

    told = _Told(step, lake, tally)
    try:
        for key, outcome in in_order(work, items, WRITERS):
            name = key or "the asset"
            if isinstance(outcome, Exception):
                stack = "".join(traceback.format_exception(outcome))
                step.log.error(f"Partition {name} failed:\n{stack}")
                outcome = PartitionFailure(f"{type(outcome).__name__}: {outcome}")
            if isinstance(outcome, PartitionFailure):
                tally.failures.append((name, outcome.reason))
                continue
            if outcome.refused:
                tally.failures.append((name, f"{outcome.refused} (refused rows: {outcome.location})"))
            yield from told.add(outcome)
        yield from told.rest()
    except Exception as error:
        # The asset's own stream broke off: what came before it stands, and its failures are told as well.
        yield from told.rest()
        if tally.written or tally.failures:
            error.add_note(tally.sentence())
        raise
    return tally


class _Told:
    """Collects what there is to tell of partitions, to tell Dagster of several at one time."""

    def __init__(self, step: StepExecutionContext, lake: Lake, tally: Tally) -> None:
        self._step, self._lake, self._tally = step, lake, tally
        self._waiting: list[recording.Record] = []
        self._partitions = self._written = 0
        self._since = 0.0

    def add(self, published: Published) -> Iterator[DagsterEvent]:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += recording.records(self._step, self._lake, published)
        self._partitions += 1
        self._written += not published.refused
        if self._partitions >= _TOGETHER or time.monotonic() - self._since > _TOGETHER_SECONDS:
            yield from self.rest()

    def rest(self) -> Iterator[DagsterEvent]:
        """Tell of what is waiting. Those that were not refused count as written then."""
        batch, self._waiting = self._waiting, []
        yield from recording.events(self._step, batch)
        self._tally.written += self._written
        self._partitions = self._written = 0


def code_version(step: StepExecutionContext, draft: Draft) -> str | None:
    """The code version that a draft's asset declares."""
    key = dg.AssetKey(list(draft.asset_key or draft.asset))
    layer = step.job_def.asset_layer
    return layer.get(key).code_version if layer.has(key) else None
