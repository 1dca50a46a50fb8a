"""What Dagster is told of a published partition: its materialization, its checks, what the UI shows of it.

Dagster's own materialization events come one a partition too, but in a run over many partitions all of them carry the
same data version, and none is recorded when one partition fails. So the lake logs its own, each with the data, code and
input versions of its partition, and keeps Dagster from adding generic ones (`suppress_generic_materializations`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import dagster as dg
import pyarrow as pa
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    NULL_EVENT_POINTER,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.definitions.metadata import MetadataValue
from dagster._core.definitions.partitions.utils import get_tags_from_multi_partition_key
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    generate_event_batch_id,
)
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._record import copy
from dagster._utils.warnings import disable_dagster_warnings

from slipway.lake.lake import Lake, Published
from slipway.lake.table import Verdict

T = TypeVar("T")

REPORTS_URL = "SLIPWAY_REPORTS_URL"
"""Where published files are served to browsers, such as http://127.0.0.1:3001; unset: the UI shows a path."""

_PREVIEW_ROWS = 5
_PREVIEW_WIDTH = 48

_LITERAL = str.maketrans({**{sign: f"\\{sign}" for sign in "\\|*`[~"}, "<": "&lt;"})
"""What Markdown would take for its own, in a cell."""


@dataclass(frozen=True)
class Record:
    """What there is to tell of a published partition. It holds no rows, so that many may wait to be told at one time.

    Attributes:
        materialization: None if the partition was refused.
    """

    asset_key: dg.AssetKey
    partition: str | None
    materialization: dg.AssetMaterialization | None
    evaluations: Sequence[AssetCheckEvaluation]


def records(step: StepExecutionContext, lake: Lake, published: Published) -> list[Record]:
    """What there is to tell of a partition and its companions, these first."""
    asset_key = dg.AssetKey(list(published.draft.asset_key or published.draft.asset))
    return [
        *(record for companion in published.companions for record in records(step, lake, companion)),
        Record(
            asset_key,
            published.draft.key[0],
            None if published.refused else _materialization(step, lake, asset_key, published),
            [_evaluation(asset_key, published, verdict) for verdict in published.verdicts],
        ),
    ]


def events(step: StepExecutionContext, batch: Sequence[Record]) -> Iterator[DagsterEvent]:
    """Log partitions' events: the materializations of all that were not refused, then all checks.

    They are stored together where the instance stores events in batches (`DAGSTER_EVENT_BATCH_SIZE`).
    """
    for materialization, place in _batched([record.materialization for record in batch if record.materialization]):
        step.wipe_input_asset_version_info(materialization.asset_key)
        yield DagsterEvent.asset_materialization(step, materialization, place)
    yield from _evaluations(step, [record for record in batch if record.evaluations])


def _evaluations(step: StepExecutionContext, batch: Sequence[Record]) -> Iterator[DagsterEvent]:
    """The checks' verdicts, each about the partition's newest materialization.

    Dagster counts an evaluation only if it names that one: otherwise neither the UI nor an automation condition knows
    that the checks passed. So the judged partition's materialization comes first, though it was judged before it was
    stored; a refused partition's verdicts go to the materialization that stays.
    """
    targets = _newest_materializations(step.instance, batch)
    evaluations = [
        copy(evaluation, target_materialization_data=targets.get((record.asset_key, record.partition)))
        for record in batch
        for evaluation in record.evaluations
    ]
    for evaluation, place in _batched(evaluations):
        # `DagsterEvent.asset_check_evaluation` knows no batches.
        outcome = "passed" if evaluation.passed else f"did not pass: {evaluation.description}"
        yield DagsterEvent.from_step(
            DagsterEventType.ASSET_CHECK_EVALUATION,
            step,
            evaluation,
            message=f"Check {evaluation.check_name} of {evaluation.asset_key.to_user_string()} {outcome}",
            batch_metadata=place,
        )


def _batched(items: Sequence[T]) -> Iterator[tuple[T, DagsterEventBatchMetadata]]:
    """What is logged together, each with its place in the batch: Dagster stores it when the last one has come."""
    batch_id = generate_event_batch_id()  # type: ignore[no-untyped-call]
    for number, item in enumerate(items, 1):
        yield item, DagsterEventBatchMetadata(batch_id, number == len(items))


def _evaluation(asset_key: dg.AssetKey, published: Published, verdict: Verdict) -> AssetCheckEvaluation:
    metadata = {**verdict.metadata, **({"reason": verdict.reason} if verdict.reason else {})}
    if published.refused:
        metadata["refused rows"] = MetadataValue.path(published.location)
    return AssetCheckEvaluation(
        asset_key=asset_key,
        check_name=verdict.check,
        passed=verdict.passed,
        metadata=dg._core.definitions.metadata.normalize_metadata(metadata),
        severity=dg.AssetCheckSeverity.ERROR if verdict.blocking else dg.AssetCheckSeverity.WARN,
        description=verdict.reason or None,
        blocking=verdict.blocking,
        partition=published.draft.key[0],
    )


def _newest_materializations(
    instance: dg.DagsterInstance, batch: Sequence[Record]
) -> dict[tuple[dg.AssetKey, str | None], AssetCheckEvaluationTargetMaterializationData]:
    """By asset and partition."""
    found: dict[tuple[dg.AssetKey, str | None], AssetCheckEvaluationTargetMaterializationData] = {}
    wanted: dict[dg.AssetKey, list[str | None]] = {}
    for record in batch:
        wanted.setdefault(record.asset_key, []).append(record.partition)
    for asset_key, partitions in wanted.items():
        # Those that were just written are the newest events of all: one look finds them. Then one for each other one.
        for some in (partitions, *([one] for one in partitions)):
            missing = [one for one in some if (asset_key, one) not in found]
            if not missing:
                continue
            filter_ = dg.AssetRecordsFilter(asset_key, asset_partitions=[p for p in missing if p is not None] or None)
            for event in instance.fetch_materializations(filter_, limit=len(missing)).records:
                target = AssetCheckEvaluationTargetMaterializationData(
                    storage_id=event.storage_id, run_id=event.run_id, timestamp=event.timestamp
                )
                found.setdefault((asset_key, event.partition_key), target)
    return found


def _materialization(
    step: StepExecutionContext, lake: Lake, asset_key: dg.AssetKey, published: Published
) -> dg.AssetMaterialization:
    partition = published.draft.key[0]
    with disable_dagster_warnings():
        return dg.AssetMaterialization(
            asset_key=asset_key,
            partition=partition,
            metadata={
                **partition_metadata(lake, published),
                # What the asset said itself, with `context.add_asset_metadata`.
                **(step.get_asset_metadata(asset_key) or {}),
                **(step.get_asset_metadata(asset_key, partition) or {} if partition is not None else {}),
            },
            tags=_tags(step, asset_key, published),
        )


def partition_metadata(lake: Lake, published: Published) -> dict[str, Any]:
    """Figures, schema and a preview of one partition, as the UI shows and plots them."""
    draft, provenance = published.draft, published.provenance
    table = lake.tables.get(draft.asset)
    count = "dagster/partition_row_count" if draft.key[0] is not None else "dagster/row_count"
    metadata: dict[str, Any] = {
        count: provenance.rows,
        "dagster/uri": published.location,
        "bytes": published.bytes,
        "seconds": round(published.seconds, 3),
    }
    if table is None:
        metadata["dagster/column_schema"] = column_schema(draft.table.schema)
    metadata.update({name: _figure(float(value)) for name, value in provenance.measures.items()})
    metadata.update(draft.metadata)
    for name, path in zip((f.name for f in draft.files), published.file_locations, strict=True):
        base = os.environ.get(REPORTS_URL)
        metadata[name] = (
            MetadataValue.url(f"{base.rstrip('/')}/{quote(path, safe='/=')}")
            if base
            else MetadataValue.path(lake.store.location(path))
        )
    if provenance.rows and len(draft.table.schema):
        metadata["preview"] = MetadataValue.md(preview(draft.table, set(table.personal) if table else set()))
    return metadata


def _figure(value: float) -> float:
    """As people read it: an average of 381.10822580645157 is 381.108. The object's provenance keeps it whole."""
    return round(value, 3) if abs(value) >= 1 else value


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(field.name, str(field.type)) for field in schema])


def preview(table: pa.Table, personal: set[str]) -> str:
    """The first rows as a Markdown table, without personal columns."""
    shown = table.slice(0, _PREVIEW_ROWS).select([c for c in table.column_names if c not in personal])
    rows = [[_cell(value) for value in row.values()] for row in shown.to_pylist()]
    head = [_cell(name) for name in shown.column_names]
    lines = [head, ["---"] * len(head), *rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    hidden = [column for column in table.column_names if column in personal]
    return text + (f"\n\nNot shown, because personal: {', '.join(hidden)}." if hidden else "")


def _cell(value: Any) -> str:
    text = "" if value is None else " ".join(str(value).split())
    shown = text if len(text) <= _PREVIEW_WIDTH else text[: _PREVIEW_WIDTH - 1] + "…"
    return shown.translate(_LITERAL)


def _tags(step: StepExecutionContext, asset_key: dg.AssetKey, published: Published) -> dict[str, str]:
    """Data version, code version and, for each upstream asset, the version that was read and the newest event then.

    Dagster decides from the event pointer whether an upstream partition has changed since; see
    `CachingStaleStatusResolver._is_dep_updated`.
    """
    provenance = published.provenance
    layer = step.job_def.asset_layer
    tags = {
        DATA_VERSION_TAG: provenance.data_version,
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        CODE_VERSION_TAG: provenance.code_version or step.run_id,
    }
    if layer.has(asset_key) and step.is_external_input_asset_version_info_loaded:
        for parent in layer.get(asset_key).parent_keys:
            info = step.maybe_fetch_and_get_input_asset_version_info(parent)
            version = provenance.inputs.get("/".join(parent.path))
            if version is None and info is not None and info.data_version is not None:
                version = info.data_version.value
            tags[get_input_data_version_tag(parent)] = version or "INITIAL"
            tags[get_input_event_pointer_tag(parent)] = (
                str(info.storage_id) if info and info.storage_id else NULL_EVENT_POINTER
            )
    partition = published.draft.key[0]
    if isinstance(partition, dg.MultiPartitionKey):
        tags.update(get_tags_from_multi_partition_key(partition))
    if backfill := step.get_tag(BACKFILL_ID_TAG):
        tags[BACKFILL_ID_TAG] = backfill
    return tags


def suppress_generic_materializations(context: dg.OutputContext) -> None:
    """Keep Dagster from logging its own materializations for this output after `handle_output`.

    `execute_step._log_materialization_or_observation_events_for_asset` (1.13.27) logs one event a partition if the
    output context has an asset key, all with one data version. There is no public switch; of the three private ones
    (a marker in the output's metadata, which an IO manager cannot set; a run tag, which would silence plain assets too;
    the context's own key) this is the narrowest. `tests/integration/lake/test_recording.py` pins it.
    """
    context._asset_key = None
