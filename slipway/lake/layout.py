"""Where a partition lies: pure functions between (asset key, partition key) and a path in the lake.

    <layer>/.../<asset>/<dimension>=<key>/data.parquet
    <layer>/_files/.../<asset>/<dimension>=<key>/<artifact>

Dimensions stand in name order; keys are percent-encoded where a path needs it, as hive readers expect. The path does
not depend on where the lake is, so that every location computes the same one from the asset's key alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

from slipway.lake.errors import PartitionKeyError

DATA = "data.parquet"
FILES = "_files"
REJECTED = "_rejected"
SCRATCH = "_scratch"
NO_LAYER = "none"
"""In the place of a layer where there is none, as for jobs outside a code location."""

Dimensions = Mapping[str, str]
"""A partition's dimensions: name -> key, such as {"day": "2010-12-01"}; empty for an unpartitioned asset."""

# S3 allows 1,024 bytes a key and file systems 255 a name; a longer segment fails late and unclearly.
_LONGEST_SEGMENT = 250


def encode(segment: str) -> str:
    """Percent-encode one path segment; `.` and `..` too, which a file system would resolve."""
    if not segment:
        raise PartitionKeyError(
            "Expected a partition key or asset key part with at least one character, found an empty one."
        )
    if set(segment) == {"."}:
        return "%2E" * len(segment)
    encoded = quote(segment, safe="-_.:@,")
    # A leading underscore or dot hides a folder from Spark, PyArrow and DuckDB.
    if encoded[0] in "_.":
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    return encoded


def decode(segment: str) -> str:
    return unquote(segment)


def asset_path(asset_key: Sequence[str]) -> str:
    """The folder of an asset: its key, part by part."""
    if not asset_key:
        raise PartitionKeyError("Expected an asset key with at least one part, found none.")
    segments = [encode(part) for part in asset_key]
    for segment in segments:
        if len(segment) > _LONGEST_SEGMENT:
            raise PartitionKeyError(
                f"The asset key part {segment[:60]!r}... is {len(segment)} bytes long in a path; "
                f"at most {_LONGEST_SEGMENT} fit. Use a shorter name."
            )
    return "/".join(segments)


def partition_path(asset_key: Sequence[str], dimensions: Dimensions) -> str:
    """The folder of one partition; the asset's own folder when it has no dimensions."""
    segments = [asset_path(asset_key)]
    for name, key in sorted(dimensions.items()):
        segment = f"{name}={encode(key)}"
        if len(segment.encode()) > _LONGEST_SEGMENT:
            raise PartitionKeyError(
                f"Partition key {key[:60]!r}... of dimension {name!r} is {len(segment)} bytes long in a path; "
                f"at most {_LONGEST_SEGMENT} fit. Use a shorter key and keep the long text in a column."
            )
        segments.append(segment)
    return "/".join(segments)


def data_path(asset_key: Sequence[str], dimensions: Dimensions) -> str:
    """The one object that holds a partition's rows."""
    return f"{partition_path(asset_key, dimensions)}/{DATA}"


def file_path(asset_key: Sequence[str], dimensions: Dimensions, name: str) -> str:
    """An artifact (a page, a picture) that belongs to a partition: in its layer, beside the tables.

    Not in the partition's own folder: pandas, PyArrow and Polars take every file in a table's folder for its data.
    """
    if not name or "/" in name or name.startswith((".", "_")) or name == DATA:
        raise PartitionKeyError(
            f"Expected a plain file name for an artifact of {'/'.join(asset_key)}, found {name!r}: "
            f"it may not contain '/', begin with '.' or '_', or be {DATA!r}."
        )
    layer, slash, rest = partition_path(asset_key, dimensions).partition("/")
    if len(asset_key) == 1:
        return f"{FILES}/{layer}{slash}{rest}/{name}"
    return f"{layer}/{FILES}/{rest}/{name}"


def rejected_path(asset_key: Sequence[str], dimensions: Dimensions) -> str:
    """Where a partition that failed its blocking checks is put for whoever investigates."""
    return f"{REJECTED}/{data_path(asset_key, dimensions)}"


def scratch_path(layer: str, run_id: str, *parts: str) -> str:
    """A run's own space for op outputs, removed after the run; below its layer, which is all that it may write."""
    return "/".join([SCRATCH, encode(layer or NO_LAYER), encode(run_id), *(encode(part) for part in parts)])


def parse_data_path(path: str) -> tuple[tuple[str, ...], dict[str, str]] | None:
    """Asset and dimensions of a partition's object; None where the path is not one's."""
    *folders, name = path.split("/")
    keys = [folder for folder in folders if "=" not in folder]
    dimensions = folders[len(keys) :]
    if name != DATA or not keys or keys[0].startswith("_") or not all("=" in each for each in dimensions):
        return None
    return (
        tuple(decode(key) for key in keys),
        {dimension: decode(key) for dimension, _, key in (each.partition("=") for each in dimensions)},
    )


def parse_dimensions(path: str, asset_key: Sequence[str]) -> dict[str, str] | None:
    """The dimensions of an object below an asset's folder; None where the path is not a partition's."""
    prefix = asset_path(asset_key) + "/"
    if not path.startswith(prefix):
        return None
    *folders, _name = path.removeprefix(prefix).split("/")
    dimensions: dict[str, str] = {}
    for folder in folders:
        name, equals, key = folder.partition("=")
        if not equals:
            return None
        dimensions[name] = decode(key)
    return dimensions
