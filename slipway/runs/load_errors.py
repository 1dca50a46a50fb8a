"""Code that does not load in a run's container: Dagster ends the run itself then, exit code, cause and hint untold.

Such a run is a failure like that of a step for Dagster, and is retried like a crash.
"""

from __future__ import annotations

from dagster import DagsterEventType, DagsterInstance
from dagster._core.events import EngineEventData
from dagster_shared.error import SerializableErrorInfo

# dagster/_grpc/impl.py
_MESSAGES = ("Could not load job definition.", "Error while loading environment variables.")


def load_error(instance: DagsterInstance, run_id: str) -> str:
    """The innermost error with which a run's code did not load, such as "ModuleNotFoundError: No module named 'x'".

    Empty if it did.
    """
    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.ENGINE_EVENT).records:
        event = record.event_log_entry.dagster_event
        data = event.event_specific_data if event else None
        if event and event.message in _MESSAGES and isinstance(data, EngineEventData) and data.error:
            return _innermost(data.error)
    return ""


def _innermost(error: SerializableErrorInfo) -> str:
    while error.cause:
        error = error.cause
    return error.message.strip()
