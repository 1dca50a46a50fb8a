"""What stands on a run's page, beyond its messages: the kinds and figures of its events, steps, and compute logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.stack_process import Answer, Stack

_FIELDS = """
__typename
... on MessageEvent { message timestamp stepKey }
... on LogsCapturedEvent { fileKey }
... on EngineEvent { metadataEntries {
  label
  ... on IntMetadataEntry { intValue }
  ... on BoolMetadataEntry { boolValue }
  ... on TextMetadataEntry { text }
} }
"""
_LOGS = """
query($key: [String!]!) {
  capturedLogs(logKey: $key) { stdout stderr }
  capturedLogsMetadata(logKey: $key) { stdoutDownloadUrl stderrDownloadUrl }
}
"""


@dataclass(frozen=True)
class Event:
    """Attributes:
    kind: such as RunFailureEvent, ExecutionStepSuccessEvent, EngineEvent.
    time: seconds since 1970.
    file_key: of LogsCapturedEvent alone.
    """

    kind: str
    message: str
    time: float
    step: str | None = None
    file_key: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def events(stack: Stack, run_id: str) -> list[Event]:
    return [_event(each) for each in stack.run_events(run_id, _FIELDS)]


def _event(found: dict[str, Any]) -> Event:
    facts = {
        entry["label"]: next((entry[name] for name in ("intValue", "boolValue", "text") if name in entry), None)
        for entry in found.get("metadataEntries", [])
    }
    time = float(found["timestamp"]) / 1000
    return Event(found["__typename"], found["message"] or "", time, found["stepKey"], found.get("fileKey") or "", facts)


def steps(stack: Stack, run_id: str) -> set[str]:
    """Names of the ops that a run has begun: the last parts of their step keys."""
    return {
        event.step.rpartition(".")[2]
        for event in events(stack, run_id)
        if event.kind == "ExecutionStepStartEvent" and event.step
    }


@dataclass(frozen=True)
class ComputeLog:
    """A log as the UI has it: with links only once it is whole."""

    out: str
    err: str
    out_link: str | None
    err_link: str | None


def compute_log(stack: Stack, run_id: str) -> ComputeLog | None:
    """The log of a run's steps, which share a process and therefore a log; None as long as none has begun."""
    keys = [event.file_key for event in events(stack, run_id) if event.kind == "LogsCapturedEvent"]
    if not keys:
        return None
    found = stack.graphql(_LOGS, {"key": [run_id, "compute_logs", keys[0]]})
    logs, links = found["capturedLogs"], found["capturedLogsMetadata"]
    return ComputeLog(
        logs["stdout"] or "", logs["stderr"] or "", links["stdoutDownloadUrl"], links["stderrDownloadUrl"]
    )


def downloaded(stack: Stack, link: str | None, user: str | None = "viewer") -> Answer:
    assert link, "the log has no link, as if it were still being written"
    return stack.request(link, user)
