"""`LakeIOManager`: Dagster's way in and out of the lake, for plain assets and for declared tables alike."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import pyarrow as pa
from dagster._core.definitions.data_version import DataVersion
from dagster._core.events import DagsterEvent
from dagster._core.execution.context.system import StepExecutionContext

from slipway.lake import layout, recording
from slipway.lake.errors import FrameError, LakeError, PartitionMissing
from slipway.lake.frames import by_partition, duckdb_connection, from_arrow, plain_type, to_arrow
from slipway.lake.lake import Draft, Key, Lake, Missing
from slipway.lake.partitions import (
    File,
    PartitionFailure,
    Partitions,
    WithFiles,
    check_columns,
    dimension_names,
    dimensions,
    split,
)
from slipway.lake.publishing import Item, code_version, publish
from slipway.lake.scanning import holds
from slipway.lake.scratch import Scratch

if TYPE_CHECKING:
    import duckdb

MISSING = "slipway/missing"
COLUMNS = "slipway/columns"
ROWS = "slipway/rows"
"""Input metadata of a plain asset: `AssetIn(metadata={"slipway/missing": "skip", "slipway/columns": [...]})`."""
TRANSIENT = "slipway/transient"
"""Asset metadata: keep the value in the run's scratch space only."""


class AlreadyPublished:
    """The value of an output whose partitions its own step has published and recorded."""


class LakeIOManager(dg.IOManager):
    """Stores assets as Parquet partitions and reads them back as the type that a parameter is annotated with.

    Args:
        lake: where, and which tables are declared.
        layer: prefix for assets with a key of one part, which plain Dagster code has.
    """

    def __init__(self, lake: Lake, layer: str = "") -> None:
        self.lake = lake
        self.layer = layer
        self._connections: dict[int, duckdb.DuckDBPyConnection] = {}

    @property
    def scratch(self) -> Scratch:
        return Scratch(self.lake.store, self.layer)

    def _scratch_folder(self, context: dg.OutputContext) -> str:
        run_id, *parts = context.get_identifier()
        return layout.scratch_path(self.layer, run_id, *parts)

    def asset_path(self, key: dg.AssetKey) -> tuple[str, ...]:
        path = tuple(key.path)
        return (self.layer, *path) if len(path) == 1 and self.layer else path

    # -- out

    def handle_output(  # type: ignore[override]  # Dagster takes generators too, and only they can log events
        self, context: dg.OutputContext, obj: Any
    ) -> Generator[DagsterEvent, None, None]:
        if isinstance(obj, AlreadyPublished):
            recording.suppress_generic_materializations(context)
            return
        if not context.has_asset_key or (context.definition_metadata or {}).get(TRANSIENT):
            self.scratch.save(self._scratch_folder(context), obj)
            return
        if obj is None:
            context.log.info("The asset returned None, so nothing is stored in the lake for it.")
            return
        asset = self.asset_path(context.asset_key)
        partitioned = context.has_asset_partitions
        keys = list(context.asset_partition_keys) if partitioned else []
        definition = context.asset_partitions_def if partitioned else None
        items: Iterator[tuple[str | None, Any]]
        if isinstance(obj, Partitions):
            if not partitioned:
                raise FrameError(f"{'/'.join(asset)} is not partitioned, so it cannot return Partitions.")
            items = _known(obj, keys, asset)
        elif len(keys) <= 1:
            items = iter([(keys[0] if keys else None, obj)])
        else:
            assert definition is not None
            table, kind = to_arrow(obj)
            items = ((key, _Stored(part, kind)) for key, part in split(table, definition, keys, "/".join(asset)))
        own_events = isinstance(obj, Partitions | PartitionFailure) or len(keys) > 1
        if own_events or asset in self.lake.tables:
            yield from self._publish_all(context, asset, definition, items)
            recording.suppress_generic_materializations(context)
        else:
            [(key, value)] = items
            step = context.step_context
            draft = self._draft(context, definition, key, value)
            published = self.lake.publish(draft, context.run_id, code_version(step, draft))
            # One partition: Dagster's own event will do, so that a MaterializeResult's version and tags count.
            step.set_data_version(context.asset_key, DataVersion(published.provenance.data_version))
            context.add_output_metadata(recording.partition_metadata(self.lake, published))

    def _publish_all(
        self,
        context: dg.OutputContext,
        asset: tuple[str, ...],
        definition: dg.PartitionsDefinition | None,
        items: Iterator[tuple[str | None, Any]],
    ) -> Generator[DagsterEvent, None, None]:
        def drafts() -> Iterator[Item]:
            for key, value in items:
                if isinstance(value, PartitionFailure):
                    yield key, value
                    continue
                try:
                    yield key, self._draft(context, definition, key, value)
                except LakeError as error:
                    yield key, PartitionFailure(str(error))

        tally = yield from publish(context.step_context, self.lake, drafts())
        tally.raise_if_failed("/".join(asset))

    def _draft(
        self, context: dg.OutputContext, definition: dg.PartitionsDefinition | None, key: str | None, value: Any
    ) -> Draft:
        asset = self.asset_path(context.asset_key)
        dims = dimensions(definition, key)
        files: Sequence[File] = ()
        if isinstance(value, WithFiles):
            value, files = value.frame, value.files
        if isinstance(value, File):
            value, files = file_row(value), [value]
        table, kind = (value.table, value.kind) if isinstance(value, _Stored) else to_arrow(value)
        if definition and key is not None and set(dims) <= set(table.schema.names):
            # A frame that still carries its partition column, which may only say this partition.
            [(_key, table)] = split(table, definition, [key], "/".join(asset))
        check_columns(table.schema.names, dims, "/".join(asset))
        return Draft(
            asset,
            (key, dims),
            table,
            kind,
            files,
            metadata=context.output_metadata,
            asset_key=tuple(context.asset_key.path),
        )

    # -- in

    def load_input(self, context: dg.InputContext) -> Any:
        upstream = context.upstream_output
        wanted = context.dagster_type.typing_type
        if not context.has_asset_key or (upstream is not None and (upstream.definition_metadata or {}).get(TRANSIENT)):
            assert upstream is not None
            try:
                return self.scratch.load(self._scratch_folder(upstream), plain_type(wanted))
            except PartitionMissing as error:
                if not context.has_asset_key:
                    raise
                raise PartitionMissing(
                    f"{context.asset_key.to_user_string()} is transient: its value lives only in the run that makes "
                    "it. Materialize it in the same run as the asset that reads it."
                ) from error
        metadata = context.definition_metadata or {}
        return self.load(
            self.asset_path(context.asset_key),
            context.asset_partitions_def if context.has_asset_partitions else None,
            list(context.asset_partition_keys) if context.has_asset_partitions else [],
            wanted,
            columns=metadata.get(COLUMNS),
            rows=metadata.get(ROWS),
            missing=metadata.get(MISSING, "error"),
            many=not _same_single_partition(context),
            connection=self._connection(context.step_context),
        )

    def load(
        self,
        asset: tuple[str, ...],
        definition: dg.PartitionsDefinition | None,
        keys: Sequence[str],
        wanted: Any = None,
        *,
        columns: Sequence[str] | None = None,
        rows: Any = None,
        missing: Missing = "error",
        many: bool = True,
        connection: duckdb.DuckDBPyConnection | None = None,
    ) -> Any:
        """Read partitions as `wanted`: one frame, with a column for each dimension if there may be `many`; or a
        dict of frames by partition key, if annotated so."""
        pairs: list[Key] = [(key, dimensions(definition, key)) for key in keys] if definition else [(None, {})]
        names = dimension_names(definition)
        if plain_type(wanted) is pl.LazyFrame and not by_partition(wanted):
            frame, _absent = self.lake.scan(asset, pairs, missing, names)
            if rows:
                frame = frame.filter(holds(rows))
            if columns is not None:
                frame = frame.select(*(c for c in columns if c not in names), *(names if many else ()))
            elif not many:
                frame = frame.drop(names, strict=False)
            return frame
        loaded = self.lake.load(asset, pairs, columns=columns, rows=rows, missing=missing, dimensions=names)
        if frame_type := by_partition(wanted):
            return {
                key[0]: from_arrow(table, frame_type, loaded.kind, connection)
                for key, table in loaded.parts
                if key[0] is not None or definition is None
            }
        table = loaded.table(dimensions=many and bool(definition))
        if plain_type(wanted) is File:
            return self._file(asset, pairs[0], table)
        return from_arrow(table, wanted, loaded.kind, connection)

    def _file(self, asset: tuple[str, ...], key: Key, table: pa.Table) -> File:
        if len(table) != 1 or not {"file", "content_type"} <= set(table.column_names):
            raise FrameError(
                f"Expected {'/'.join(asset)} to be one artifact, because the parameter is annotated File; found a "
                f"table of {len(table)} rows. Annotate it with a frame."
            )
        row = table.to_pylist()[0]
        data = self.lake.file(asset, key[1], row["file"])
        if data is None:
            raise PartitionMissing(
                f"The artifact {row['file']} of {'/'.join(asset)} is not in the lake {self.lake.store.uri}, though its "
                "table is. Materialize it again."
            )
        return File(row["file"], data, row["content_type"])

    def _connection(self, step: StepExecutionContext) -> duckdb.DuckDBPyConnection:
        """One DuckDB connection a step, so that relations of several inputs can be joined."""
        if id(step) not in self._connections:
            self._connections = {id(step): duckdb_connection()}
        return self._connections[id(step)]


class _Stored:
    """A table that is already Arrow, with how it is to be given back."""

    def __init__(self, table: pa.Table, kind: str) -> None:
        self.table = table
        self.kind = kind


def _known(stream: Partitions, keys: Sequence[str], asset: tuple[str, ...]) -> Iterator[tuple[str | None, Any]]:
    """A stream's values, each for a partition of this run and once; all else is a failure: keys that are not of this
    run or come twice, and partitions that got no value."""
    waiting = {str(key): key for key in keys}
    for key, value in stream:
        if str(key) in waiting:
            yield waiting.pop(str(key)), value
        else:
            reason = (
                f"{'/'.join(asset)} returned a value for this partition, which this run does not write or which it got "
                f"already. This run writes {', '.join(map(str, keys[:5]))}{' ...' if len(keys) > 5 else ''}."
            )
            yield str(key), PartitionFailure(reason)
    for key in waiting.values():
        yield key, PartitionFailure("the asset returned no value for it")


def _same_single_partition(context: dg.InputContext) -> bool:
    """Whether the input is just the partition that the step writes, which needs no column to tell rows apart."""
    if not context.has_asset_partitions or len(context.asset_partition_keys) != 1:
        return False
    if not context.has_partition_key:
        return False
    step = context.step_context
    assets = step.job_def.asset_layer.get_assets_def_for_node(step.node_handle)
    # The first day of a month has the month's own key: the definitions must be the same, not only the keys.
    same_kind = assets is None or assets.partitions_def == context.asset_partitions_def
    return same_kind and str(context.asset_partition_keys[0]) == str(context.partition_key)


def file_row(file: File) -> pa.Table:
    """What the partition's own object says of an artifact, so that it too has provenance and a data version."""
    digest = hashlib.sha256(file.data).hexdigest()
    return pa.table(
        {
            "file": [file.name],
            "bytes": pa.array([len(file.data)], pa.int64()),
            "sha256": [digest],
            "content_type": [file.content_type],
        }
    )
