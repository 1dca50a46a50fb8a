"""Making partitions of a table again, in ranged runs, after a rule or a file was corrected.

`run_range` is the one place that knows where such a run executes: here, in this process, recorded in the instance like
any other run.
"""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from slipway.automation.ranges import RANGE_END, RANGE_START, contiguous

Range = tuple[str | None, str | None]
"""First and last key of a run; (None, None) for an asset without partitions."""


_SILENT = "slipway_silent"
_TAGS = {"slipway/started_by": "quarantine replay"}


@dg.logger
def silent(_context: dg.InitLoggerContext) -> logging.Logger:
    """No console log: what goes wrong is told from the event log afterwards, and a line an event would bury it."""
    return logging.Logger("slipway.replay", level=logging.CRITICAL + 1)


@dataclass(frozen=True)
class RangeRun:
    """A run over a range, finished."""

    run_id: str
    first: str | None
    last: str | None
    succeeded: bool


def ranges(
    partitions: dg.PartitionsDefinition | None, keys: Sequence[str | None], instance: dg.DagsterInstance
) -> list[Range]:
    """The runs that make these partitions: one for a stretch of neighbours, oldest first.

    Keys that the definition does not know (any more) are left out.
    """
    if partitions is None:
        return [(None, None)] if keys else []
    known = [str(key) for key in partitions.get_partition_keys(dynamic_partitions_store=instance)]
    wanted = [key for key in keys if key is not None]
    if isinstance(partitions, dg.MultiPartitionsDefinition):
        # A range in two dimensions is a rectangle, and would make partitions that nobody asked for.
        return [(key, key) for key in known if key in set(wanted)]
    return [*reversed(contiguous(known, wanted))]


def run_range(
    definitions: dg.Definitions, asset: dg.AssetKey, first: str | None, last: str | None, instance: dg.DagsterInstance
) -> RangeRun:
    """Materialize a range of an asset's partitions with its location's own definitions, in this process."""
    together = definitions.resolve_assets_def(asset)
    selection = [asset] if together.can_subset else sorted(together.keys)
    range_tags = {} if first is None or last is None else {RANGE_START: first, RANGE_END: last}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = (
            dg.Definitions.merge(definitions, dg.Definitions(loggers={_SILENT: silent}))
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance,
                asset_selection=selection,
                tags={**_TAGS, **range_tags},
                run_config={"loggers": {_SILENT: {}}},
                raise_on_error=False,
            )
        )
    return RangeRun(result.run_id, first, last, result.success)
