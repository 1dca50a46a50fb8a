"""The delivery job as a run's own processes load it."""

from __future__ import annotations

import dagster as dg


def deliver_report() -> dg.JobDefinition:
    from reporting.definitions import defs

    return defs().resolve_job_def("deliver_report")
