"""A run's own space in the lake, for what ops hand to each other and for transient assets.

It lies in the lake and not on the machine's disk, because a run container's disk is gone when "re-execute from failure"
needs it. Values are stored as Parquet, bytes or JSON: nothing that executes when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from slipway.lake import layout, parquet
from slipway.lake.errors import FrameError, PartitionMissing
from slipway.lake.frames import FRAME, duckdb_relation, from_arrow, pandas_frame, to_arrow
from slipway.lake.partitions import File, PartitionFailure, Partitions
from slipway.lake.store import Store

_KIND = b"slipway.frame"
_INDEX = "partitions.json"


class Scratch:
    """Values by path below `_scratch/<layer>/<run id>/`.

    Args:
        layer: the one whose runs are meant; None: those of all layers.
    """

    def __init__(self, store: Store, layer: str | None = None) -> None:
        self._store = store
        self._root = layout.SCRATCH if layer is None else f"{layout.SCRATCH}/{layout.encode(layer or layout.NO_LAYER)}"

    def save(self, folder: str, value: Any) -> None:
        """Store a frame, bytes, a `File`, a JSON value, or `Partitions` of them (one object a partition).

        Raises:
            FrameError: the value is none of these.
        """
        if isinstance(value, Partitions):
            keys = []
            for key, item in value:
                self.save(_item(folder, key), item)
                keys.append(key)
            self._store.put(f"{folder}/{_INDEX}", json.dumps(keys).encode())
        elif isinstance(value, tuple(_kinds().values())):
            table = to_arrow(value)[0]
            # An op without annotations gets the frame back as the kind that was handed on.
            handed_on = next(name for name, kind in _kinds().items() if isinstance(value, kind))
            metadata = {**(table.schema.metadata or {}), _KIND: handed_on.encode()}
            self._store.put(f"{folder}/value.parquet", parquet.encode(table.replace_schema_metadata(metadata)))
        elif isinstance(value, bytes):
            self._store.put(f"{folder}/value.bin", value)
        elif isinstance(value, File):
            self._store.put(f"{folder}/file.bin", value.data)
            self._save_json(folder, "file", {"name": value.name, "content_type": value.content_type})
        elif isinstance(value, PartitionFailure):
            self._save_json(folder, "failure", value.reason)
        elif isinstance(value, Mapping) and _has_objects(value):
            for name, item in value.items():
                self.save(_item(folder, name), item)
            self._save_json(folder, "mapping", list(value))
        else:
            self._save_json(folder, "json", value)

    def _save_json(self, folder: str, form: str, value: Any) -> None:
        try:
            _check_keys(value)
            text = json.dumps({"form": form, "value": value})
        except (TypeError, ValueError) as error:
            raise FrameError(
                f"An op returned {type(value).__name__}, which cannot be handed to the next op: {error}. "
                "Return a frame, bytes, a dict or list of plain values, or Partitions of these."
            ) from error
        self._store.put(f"{folder}/value.json", text.encode())

    def load(self, folder: str, wanted: Any = None) -> Any:
        """Read back what `save` stored; `Partitions` stream, one object at a time.

        Raises:
            PartitionMissing: nothing is there, such as after the space was cleaned up.
        """
        if (keys := self._store.get(f"{folder}/{_INDEX}")) is not None:
            inner = None if wanted is Partitions else wanted
            return Partitions((key, self.load(_item(folder, key), inner)) for key in json.loads(keys))
        if (data := self._store.get(f"{folder}/value.parquet")) is not None:
            table, _provenance = parquet.decode(data)
            handed_on = (table.schema.metadata or {}).get(_KIND, b"pandas").decode()
            return from_arrow(table, wanted or _kind(handed_on), FRAME)
        if (data := self._store.get(f"{folder}/value.bin")) is not None:
            return data
        text = self._store.get(f"{folder}/value.json")
        if text is None:
            raise PartitionMissing(
                f"Expected an op's output at {self._store.location(folder)}, found nothing: the run's scratch space "
                "was removed. Re-execute the run from its first step."
            )
        stored = json.loads(text)
        form, value = stored["form"], stored["value"]
        if form == "file":
            return File(value["name"], self._store.get(f"{folder}/file.bin") or b"", value["content_type"])
        if form == "failure":
            return PartitionFailure(value)
        if form == "mapping":
            return {name: self.load(_item(folder, name)) for name in value}
        return value

    def remove(self, run_id: str) -> int:
        """Remove a run's whole space; the number of objects that went."""
        return self._remove_all(path for path in self._paths() if _run_id(path) == run_id)

    def _remove_all(self, found: Iterable[str]) -> int:
        paths = list(found)
        for path in paths:
            self._store.delete(path)
        return len(paths)

    def runs(self) -> set[str]:
        """Ids of the runs that have something here."""
        return {_run_id(path) for path in self._paths()}

    def _paths(self) -> Iterator[str]:
        return (found.path for found in self._store.list(self._root) if found.path.count("/") > 2)


def _kinds() -> dict[str, type]:
    """Classes of frames by the name that is kept of them."""
    return {
        "pandas": pandas_frame(),
        "pyarrow": pa.Table,
        "polars": pl.DataFrame,
        "polars-lazy": pl.LazyFrame,
        "duckdb": duckdb_relation(),
    }


def _kind(name: str) -> type | None:
    """The class of a name; None is pandas', which `from_arrow` takes where nothing else is asked for."""
    if name == "duckdb":
        import duckdb

        return duckdb.DuckDBPyRelation
    return None if name == "pandas" else _kinds()[name]


def _run_id(path: str) -> str:
    return layout.decode(path.split("/")[2])


def _item(folder: str, name: Any) -> str:
    """Where a part of a value lies: in a folder of its own, where its name cannot be that of one of our objects."""
    if not isinstance(name, str):
        raise FrameError(f"Expected text keys beside frames, found the key {name!r} of type {type(name).__name__}.")
    return f"{folder}/items/{layout.encode(name)}"


def _has_objects(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping holds, at any depth, what JSON cannot."""
    return any(
        _has_objects(item) if isinstance(item, Mapping) else isinstance(item, (*_kinds().values(), bytes, File))
        for item in value.values()
    )


def _check_keys(value: Any) -> None:
    """JSON would turn every key into text without a word."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"its key {key!r} is no text")
            _check_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_keys(item)
