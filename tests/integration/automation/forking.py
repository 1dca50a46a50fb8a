"""A launcher whose runs are forks, as those of `slipway demo` (see `slipway.embedded.processes`).

Each is a process with an instance of its own, as with Dagster's default launcher; what is saved is the import
of the same libraries, which a test of some sixty runs cannot spare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import dagster as dg
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from slipway.embedded.processes import Processes


class ForkingRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Works in the process that has set `processes`: a test's, in which the queue is emptied."""

    processes: ClassVar[Processes]

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        origin = context.dagster_run.remote_job_origin
        assert origin is not None
        self.processes.run(origin.location_name, context.dagster_run.run_id)

    def terminate(self, run_id: str) -> bool:
        raise NotImplementedError(f"run {run_id}: no test ends a run early")
