"""What the lake holds, and what it held: tables, partitions, and the versions of each with who wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slipway.lake import layout, parquet
from slipway.lake.concurrency import in_order
from slipway.lake.errors import LakeError, PartitionMissing
from slipway.lake.lake import AssetPath, Lake
from slipway.lake.layout import Dimensions
from slipway.lake.parquet import Provenance
from slipway.lake.store import StoredObject, Version

_READERS = 16


class UnknownTable(LakeError):
    """The lake has no table of that name; the message says which it has."""


@dataclass(frozen=True)
class StoredTable:
    """A table as it lies in the lake.

    Attributes:
        bytes: of all its partitions.
        newest: when the last one was written (UNIX time).
    """

    asset: AssetPath
    partitions: int
    bytes: int
    newest: float


@dataclass(frozen=True)
class StoredPartition:
    """
    Attributes:
        provenance: who wrote it; None for an object that is none of ours.
    """

    dimensions: Dimensions
    stored: StoredObject
    provenance: Provenance | None


@dataclass(frozen=True)
class Revision:
    """A partition as it was published once.

    Attributes:
        provenance: who wrote it; None for an object that is none of ours.
    """

    version: Version
    provenance: Provenance | None


def tables(lake: Lake) -> list[StoredTable]:
    """All tables that have a partition, quarantines too, by name."""
    found: dict[AssetPath, list[StoredObject]] = {}
    for stored in lake.store.list(""):
        if parsed := layout.parse_data_path(stored.path):
            found.setdefault(parsed[0], []).append(stored)
    return [
        StoredTable(asset, len(all_), sum(each.size for each in all_), max(each.modified for each in all_))
        for asset, all_ in sorted(found.items())
    ]


def find(lake: Lake, name: str) -> AssetPath:
    """The table of a name such as silver/sales, or of its last part if only one table is called so.

    Raises:
        UnknownTable
    """
    known = [table.asset for table in tables(lake)]
    named = [asset for asset in known if "/".join(asset) == name] or [asset for asset in known if asset[-1] == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise UnknownTable(f"{name!r} is the name of several tables: {_names(named)}. Say which one, with its layer.")
    has = f"it has {_names(known)}" if known else "it is empty"
    raise UnknownTable(f"The lake {lake.settings.uri} has no table {name!r}: {has}.")


def partitions(lake: Lake, asset: AssetPath, most: int) -> tuple[list[StoredPartition], int]:
    """Partitions of a table, those with the last keys first, and how many it has.

    Args:
        most: so many are given; only their footers are read.
    """
    found = sorted(_stored(lake, asset), key=lambda each: sorted(each[0].items()), reverse=True)
    shown = in_order(
        lambda each: StoredPartition(*each, parquet.read_provenance(lake.store, each[1].path)), found[:most], _READERS
    )
    return list(shown), len(found)


def history(lake: Lake, asset: AssetPath, dimensions: Dimensions) -> list[Revision]:
    """The versions of a partition that are kept, the newest first.

    Raises:
        PartitionMissing: there is none.
    """
    path = layout.data_path(asset, dimensions)
    versions = [each for each in lake.store.versions(path) if each.path == path and not each.deleted]
    if not versions:
        raise PartitionMissing(
            f"No version of {described(asset, dimensions)} is in the lake {lake.settings.uri}. Materialize it first, "
            "or list what there is with `slipway lake ls`."
        )
    return list(
        in_order(lambda each: Revision(each, parquet.read_provenance(lake.store, path, each.id)), versions, _READERS)
    )


def dimensions_of(lake: Lake, asset: AssetPath, key: str | None) -> Dimensions:
    """A partition's dimensions, from its key as Dagster writes it: several in the order of their names, with `|`.

    Raises:
        PartitionMissing: the table has no partitions, or others.
    """
    names = next((sorted(dimensions) for dimensions, _stored_object in _stored(lake, asset)), [])
    keys = [] if key is None else key.split("|")
    if len(keys) != len(names):
        key_like = "|".join(f"<{name}>" for name in names)
        raise PartitionMissing(
            f"{'/'.join(asset)} has partitions: say which one, as in --partition {key_like!r}."
            if names
            else f"{'/'.join(asset)} has no partitions: leave --partition out."
        )
    return dict(zip(names, keys, strict=True))


def key_of(dimensions: Dimensions) -> str | None:
    """A partition's key as Dagster writes it; None for a table without partitions."""
    return "|".join(key for _name, key in sorted(dimensions.items())) or None


def described(asset: AssetPath, dimensions: Dimensions) -> str:
    key = key_of(dimensions)
    return "/".join(asset) + (f", partition {key}" if key else "")


def _stored(lake: Lake, asset: AssetPath) -> Iterator[tuple[Dimensions, StoredObject]]:
    for stored in lake.store.list(layout.asset_path(asset)):
        if (parsed := layout.parse_data_path(stored.path)) is not None and parsed[0] == asset:
            yield parsed[1], stored


def _names(assets: Sequence[AssetPath]) -> str:
    return ", ".join("/".join(asset) for asset in assets)
