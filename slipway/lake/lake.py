"""The lake itself: partitions in, partitions out. Knows Arrow and the store; nothing of Dagster's runs."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import polars as pl
import pyarrow as pa

from slipway.lake import layout, parquet
from slipway.lake.concurrency import in_order
from slipway.lake.errors import FrameError, LakeError, PartitionMissing
from slipway.lake.frames import FRAME, RECORD, RECORDS, conform, to_polars
from slipway.lake.hashing import content_hash
from slipway.lake.layout import Dimensions
from slipway.lake.parquet import Provenance, Rows
from slipway.lake.partitions import File
from slipway.lake.scanning import scan
from slipway.lake.settings import LakeSettings
from slipway.lake.store import Store, open_store
from slipway.lake.table import Facts, LakeTable, Verdict

AssetPath = tuple[str, ...]
Missing = Literal["error", "skip", "empty"]
Key = tuple[str | None, Dimensions]
"""A partition key as Dagster writes it, and its dimensions."""

_READERS = 16


@dataclass(frozen=True)
class Draft:
    """One partition before it is judged.

    Attributes:
        asset: the asset's path in the lake.
        key: partition key and dimensions.
        asset_key: the key that Dagster knows it by, where that lacks the layer.
        table: the rows.
        files: artifacts that belong to it.
        companions: tables that are published with this one or not at all, such as its quarantine.
        inputs: data version of each upstream asset that was read, by its key as a path.
        source: where it came from outside the lake.
        metadata: anything else worth showing on the partition's page.
    """

    asset: AssetPath
    key: Key
    table: pa.Table
    kind: str = FRAME
    files: Sequence[File] = ()
    companions: Sequence[Draft] = ()
    facts: Facts = field(default_factory=Facts)
    inputs: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    asset_key: AssetPath = ()

    @property
    def name(self) -> str:
        return "/".join(self.asset)


@dataclass(frozen=True)
class Published:
    """What became of a draft: written and where, or refused and why."""

    draft: Draft
    provenance: Provenance
    location: str
    bytes: int
    seconds: float
    verdicts: Sequence[Verdict] = ()
    refused: str = ""
    companions: Sequence[Published] = ()
    file_locations: Sequence[str] = ()


@dataclass(frozen=True)
class Loaded:
    """Rows that were read, and from what.

    Attributes:
        parts: (key, table) of each partition that was there.
        version: one data version for all that was read.
        kind: how a value was stored (see `frames`).
    """

    parts: Sequence[tuple[Key, pa.Table]]
    version: str
    kind: str
    missing: Sequence[str]

    @property
    def rows(self) -> int:
        return sum(len(table) for _key, table in self.parts)

    def table(self, *, dimensions: bool) -> pa.Table:
        """All partitions as one table, with or without a column for each dimension."""
        tables = [table for _key, table in self.parts]
        try:
            whole = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise FrameError(
                f"The partitions do not go together in one frame: {error}. "
                "Materialize the older ones again, or declare a contract that says which type it is."
            ) from error
        for name in sorted(self.parts[0][0][1]) if dimensions else ():
            keys = [pa.repeat(pa.scalar(key[1][name]), len(table)) for key, table in self.parts]
            whole = whole.append_column(pa.field(name, pa.string()), pa.chunked_array(keys, pa.string()))
        return whole


class Lake:
    """Partitions of tables below one root.

    Args:
        settings: folder or bucket.
        tables: the declared tables, by asset key. An asset that is not among them is stored as it comes.
    """

    def __init__(self, settings: LakeSettings, tables: Mapping[AssetPath, LakeTable] | None = None) -> None:
        self.settings = settings
        self.tables = dict(tables or {})

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings)

    # -- writing

    def publish(self, draft: Draft, run_id: str, code_version: str | None = None) -> Published:
        """Judge a partition, then replace it, or leave the old one and keep the refused rows aside.

        Order matters to readers and to crashes: companions and artifacts first, the partition's own object last; its
        atomic replacement is the moment at which the new partition exists.
        """
        started = time.perf_counter()
        table = self.tables.get(draft.asset)
        rows = conform(draft.table, table.arrow_schema, draft.name) if table else parquet.storable(draft.table)
        verdicts: Sequence[Verdict] = ()
        measures: Mapping[str, float] = {}
        if table:
            measures = table.measure(rows)
            facts = replace(
                draft.facts,
                partition=draft.key[0],
                history=list(self.measures(draft, table.history_keys(draft.key[0]))),
            )
            verdicts = table.judge(rows, facts, measures)
        provenance = Provenance(
            asset=draft.name,
            partition=draft.key[0],
            run_id=run_id,
            code_version=code_version,
            contract=table.version if table else None,
            rows=len(rows),
            data_version=content_hash(rows, table.volatile if table else ()),
            kind=draft.kind,
            written_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            inputs=dict(draft.inputs),
            measures=dict(measures),
            source=dict(draft.source),
        )
        data = parquet.encode(rows, provenance)
        refused = "; ".join(v.reason for v in verdicts if v.blocking and not v.passed)
        companions: list[Published] = []
        if not refused:
            companions = [self.publish(companion, run_id, code_version) for companion in draft.companions]
            # What is refused of a companion is refused of the whole: the two are read together.
            refused = "; ".join(f"{part.draft.name}: {part.refused}" for part in companions if part.refused)
        files = []
        for file in () if refused else draft.files:
            path = layout.file_path(draft.asset, draft.key[1], file.name)
            self.store.put(path, file.data, file.content_type)
            files.append(path)
        path_of = layout.rejected_path if refused else layout.data_path
        path = path_of(draft.asset, draft.key[1])
        self.store.put(path, data)
        return Published(
            draft,
            provenance,
            self.store.location(path),
            len(data),
            time.perf_counter() - started,
            verdicts,
            refused,
            companions,
            files,
        )

    # -- reading

    def load(
        self,
        asset: AssetPath,
        keys: Sequence[Key],
        *,
        columns: Sequence[str] | None = None,
        rows: Rows | None = None,
        missing: Missing = "error",
        dimensions: Sequence[str] = (),
    ) -> Loaded:
        """Read partitions concurrently; only these columns and rows are decoded.

        Args:
            missing: what to do about partitions that are not in the lake: `error`, leave them out (`skip`), or read
                an `empty` table for each (only a table with a contract has a schema to read).
            dimensions: the partitions' dimensions, for when `keys` is empty and cannot tell them.

        Raises:
            PartitionMissing: some are not there, or none is and no schema is known.
        """
        table = self.tables.get(asset)
        schema = table.arrow_schema if table else None
        names = tuple(sorted(keys[0][1] if keys else dimensions))
        if columns is not None:
            # Dimensions stand in the path: `Loaded.table` adds them.
            columns = [name for name in columns if name not in names]

        def fetch(key: Key) -> tuple[Key, pa.Table | None, Provenance | None]:
            data = self.store.get(layout.data_path(asset, key[1]))
            if data is None:
                return key, None, None
            try:
                return (key, *parquet.decode(data, columns, rows, schema))
            except LakeError as error:
                path = layout.data_path(asset, key[1])
                raise type(error)(f"Cannot read {self.store.location(path)}: {error}") from error

        parts: list[tuple[Key, pa.Table]] = []
        versions: dict[str | None, str] = {}
        absent: list[str] = []
        kind = FRAME
        for key, found, provenance in in_order(fetch, sorted(keys, key=_order), min(_READERS, max(1, len(keys)))):
            if found is None:
                absent.append(str(key[0] or "the asset"))
                if missing == "empty" and schema is not None:
                    parts.append((key, self.empty(asset, columns)))
                continue
            parts.append((key, found))
            if provenance:
                versions[key[0]] = provenance.data_version
                kind = provenance.kind
        if absent and missing == "error":
            raise PartitionMissing(_missing_sentence(asset, absent, len(keys), self.store.uri))
        if not parts:
            if schema is None:
                raise PartitionMissing(_nothing_sentence(asset, absent, self.store.uri))
            parts = [((None, dict.fromkeys(names, "")), self.empty(asset, columns))]
        if kind == RECORD and len(parts) > 1:
            kind = RECORDS  # one record a partition
        return Loaded(parts, joint_version(versions), kind, absent)

    def scan(
        self, asset: AssetPath, keys: Sequence[Key], missing: Missing = "error", dimensions: Sequence[str] = ()
    ) -> tuple[pl.LazyFrame, list[str]]:
        """Partitions as one lazy frame over the objects themselves: Polars pushes columns and rows down to them.

        `missing` and `dimensions` as for `load`.
        """
        table = self.tables.get(asset)
        present: list[tuple[Key, pa.Schema]] = []
        absent: list[str] = []
        for key, schema in in_order(
            lambda key: (key, parquet.read_schema(self.store, layout.data_path(asset, key[1]))),
            sorted(keys, key=_order),
            _READERS,
        ):
            if schema is None:
                absent.append(str(key[0] or "the asset"))
            else:
                present.append((key, schema))
        if absent and missing == "error":
            raise PartitionMissing(_missing_sentence(asset, absent, len(keys), self.store.uri))
        if present:
            parts = [(layout.data_path(asset, key[1]), key[1], schema) for key, schema in present]
            return scan(self.store, self.settings, parts, table.arrow_schema if table else None), absent
        if table is None:
            raise PartitionMissing(_nothing_sentence(asset, absent, self.store.uri))
        no_key: Key = (None, dict.fromkeys(keys[0][1] if keys else dimensions, ""))
        nothing = Loaded([(no_key, self.empty(asset))], "", FRAME, absent)
        return to_polars(nothing.table(dimensions=True)).lazy(), absent

    def empty(self, asset: AssetPath, columns: Sequence[str] | None = None) -> pa.Table:
        """No rows of a declared table, with its types."""
        empty: pa.Table = self.tables[asset].arrow_schema.empty_table()
        return empty.select(list(columns)) if columns is not None else empty

    def file(self, asset: AssetPath, dims: Dimensions, name: str) -> bytes | None:
        return self.store.get(layout.file_path(asset, dims, name))

    def provenance(self, asset: AssetPath, dims: Dimensions) -> Provenance | None:
        """Who made a partition, from its footer alone; None where there is none."""
        return parquet.read_provenance(self.store, layout.data_path(asset, dims))

    def partitions(self, asset: AssetPath) -> Iterator[tuple[dict[str, str], int]]:
        """Dimensions and size in bytes of every partition that the lake holds of an asset."""
        for found in self.store.list(layout.asset_path(asset)):
            if not found.path.endswith(f"/{layout.DATA}"):
                continue
            dims = layout.parse_dimensions(found.path, asset)
            if dims is not None:
                yield dims, found.size

    def measures(self, draft: Draft, keys: Iterable[str]) -> Iterator[tuple[str, Mapping[str, float]]]:
        """The measures of other partitions of a draft's table, from their footers."""
        dims = draft.key[1]
        for key in keys:
            if len(dims) != 1:
                return
            provenance = self.provenance(draft.asset, {next(iter(dims)): key})
            if provenance and provenance.measures:
                yield key, provenance.measures


def joint_version(versions: Mapping[str | None, str]) -> str:
    """One data version for several partitions that are read together: that of the only one, else a hash of all.

    Args:
        versions: data version by partition key; the key is None for an unpartitioned asset.
    """
    if len(versions) == 1:
        return next(iter(versions.values()))
    lines = sorted(f"{key}={version}" for key, version in versions.items())
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def _order(key: Key) -> tuple[str, ...]:
    return tuple(value for _name, value in sorted(key[1].items()))


def _missing_sentence(asset: AssetPath, absent: Sequence[str], asked: int, uri: str) -> str:
    shown = ", ".join(absent[:5]) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
    return (
        f"{len(absent)} of {asked} partitions of {'/'.join(asset)} are not in the lake {uri}: {shown}. "
        "Materialize them first, or let the input skip missing partitions (missing='skip' or 'empty')."
    )


def _nothing_sentence(asset: AssetPath, absent: Sequence[str], uri: str) -> str:
    shown = ", ".join(absent[:5]) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
    return (
        f"No partition of {'/'.join(asset)} that was asked for is in the lake {uri}"
        f"{f' ({shown})' if shown else ', because none was asked for'}, and without a contract its columns are not "
        "known. Materialize one of them first."
    )


__all__ = ["Draft", "File", "FrameError", "Key", "Lake", "Loaded", "Missing", "Published", "joint_version"]
