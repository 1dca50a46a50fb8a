"""Why a partition failed, in one sentence, from what a run left in the event log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter
from dagster_shared.error import SerializableErrorInfo

_LONGEST = 240


@dataclass(frozen=True)
class StepFailure:
    """What a failed step said. `text` is the error's message without its class; it may have several lines."""

    step: str
    text: str


def reason(partition: str, failures: Sequence[StepFailure], asset: str = "") -> str:
    """The sentence that tells why one partition of a failed run was not made.

    A run over many partitions ends with a list of the bad ones, `  <key>: <reason>` a line: the line of this partition
    is wanted. Otherwise the first failed step's first sentence: it is what kept this partition from being made.

    Args:
        asset: the asset's name (as a path); the failure that speaks of it is preferred to those of other steps.
    """
    own = [failure for failure in failures if asset and asset in failure.text]
    for failure in (*own, *failures):
        if found := re.search(rf"^  {re.escape(partition)}: (.*)$", failure.text, re.MULTILINE):
            return first_sentence(found[1])
    if not failures:
        return "the run ended without saying why"
    first = (*own, *failures)[0]
    # A single partition, or an asset without partitions, is listed under another name.
    if found := re.search(r"\bfailed[^\n]*:\n  [^\n]*?: (.*)$", first.text, re.MULTILINE):
        return first_sentence(found[1])
    return f"step {first.step}: {first_sentence(first.text)}" if first.step else first_sentence(first.text)


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence, or the first line's end; at most 240 characters."""
    line = text.strip().split("\n", 1)[0].strip()
    sentence = re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0]
    return sentence if len(sentence) <= _LONGEST else sentence[: _LONGEST - 1].rstrip() + "…"


def failures_of(instance: dg.DagsterInstance, run_id: str) -> list[StepFailure]:
    """The failed steps of a run in their order; the run's own last word if no step failed (it was killed, say)."""
    steps, ends = [], []
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run_id, of_type=kinds):
        event = entry.get_dagster_event()
        if event.is_step_failure:
            steps.append(StepFailure(event.step_key or "", message_of(event.step_failure_data.error)))
        elif event.message:
            ends.append(StepFailure("", event.message))
    return steps or ends


def failed_check(instance: dg.DagsterInstance, check: dg.AssetCheckKey, partition: str | None) -> str:
    """What the latest evaluation of a check on a partition said."""
    history = instance.event_log_storage.get_asset_check_execution_history(
        check, limit=1, partition_filter=PartitionKeyFilter(key=partition)
    )
    evaluation = history[0].evaluation if history else None
    said = first_sentence(evaluation.description) if evaluation and evaluation.description else "it gave no reason"
    return f"check {check.name} failed: {said}"


def message_of(error: SerializableErrorInfo | None) -> str:
    """The message of the error that the asset's own code raised: Dagster wraps it in one of its own."""
    while error is not None and error.cause is not None and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    if error is None:
        return ""
    # Errors of this project are sentences; of others, the class says half of it ("KeyError: 'day'").
    return re.sub(r"^(slipway\.[\w.]+: |([\w]+\.)+(?=\w+: ))", "", error.message)
