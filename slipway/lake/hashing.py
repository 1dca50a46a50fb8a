"""A partition's data version: a hash of its content, the same however the content was chunked or encoded.

Parquet bytes will not do (they change with the writer's version and hold who wrote them), nor will raw Arrow buffers
(offsets, padding and the bytes under a null are arbitrary). Each column is therefore brought to one form first:
validity, then values with nulls filled, strings as lengths and bytes, nested types by their parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

# Part of every hash: raise it when the canonical form changes, so that old and new versions cannot agree by accident.
_FORM = b"slipway-content-1"


class _Digest(Protocol):
    def update(self, data: Any, /) -> None: ...


def content_hash(table: pa.Table, volatile: Collection[str] = ()) -> str:
    """Hash a table's columns (names, types, values, row order), but those named in `volatile`; 32 hex digits."""
    digest = hashlib.blake2b(_FORM, digest_size=16)
    digest.update(len(table).to_bytes(8, "little"))
    for field in table.schema:
        if field.name in volatile:
            continue
        # Names with their length: no name can look like the end of another column.
        digest.update(f"{len(field.name)}:{field.name}\0{_plain(field.type)}\0".encode())
        _update(digest, _one_chunk(table.column(field.name)))
    return digest.hexdigest()


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)


def _plain(kind: pa.DataType) -> str:
    """A type's name without what is only encoding: large, dictionary and fixed-size variants hold the same values."""
    if pt.is_dictionary(kind):
        return _plain(kind.value_type)
    if pt.is_large_string(kind) or pt.is_string_view(kind):
        return "string"
    if pt.is_large_binary(kind) or pt.is_binary_view(kind):
        return "binary"
    if isinstance(kind, pa.BaseExtensionType):
        return f"extension<{kind.extension_name},{_plain(kind.storage_type)}>"
    if _is_list(kind):
        return f"list<{_plain(kind.value_type)}>"
    if pt.is_struct(kind):
        return "struct<" + ",".join(f"{len(f.name)}:{f.name}:{_plain(f.type)}" for f in kind) + ">"
    if pt.is_map(kind):
        return f"map<{_plain(kind.key_type)},{_plain(kind.item_type)}>"
    if pt.is_run_end_encoded(kind):
        return _plain(kind.value_type)
    return str(kind)


def _is_list(kind: pa.DataType) -> bool:
    """Any way to write a list; Parquet itself knows only one."""
    tests = (pt.is_list, pt.is_large_list, pt.is_fixed_size_list, pt.is_list_view, pt.is_large_list_view)
    return any(test(kind) for test in tests)


def _update(digest: _Digest, array: pa.Array) -> None:
    kind = array.type
    if pt.is_dictionary(kind):
        return _update(digest, array.dictionary_decode())
    if pt.is_run_end_encoded(kind):
        return _update(digest, pc.run_end_decode(array))
    if isinstance(kind, pa.BaseExtensionType):
        return _update(digest, array.storage)
    if pt.is_map(kind):
        return _update(digest, array.cast(pa.list_(_entries(kind))))
    if pt.is_null(kind):
        return digest.update(len(array).to_bytes(8, "little"))
    if array.null_count:
        digest.update(b"\2")
        digest.update(_bits(pc.is_valid(array)))
    else:
        digest.update(b"\1")
    if pt.is_struct(kind):
        # `flatten` applies the parent's validity, so that bytes below a null parent do not count.
        for part in array.flatten():
            _update(digest, part)
        return None
    if _is_list(kind):
        lengths = pc.list_value_length(array).cast(pa.int64())
        digest.update(_bytes(pc.fill_null(lengths, 0)))
        return _update(digest, pc.list_flatten(array))
    if pt.is_string_view(kind):
        array, kind = array.cast(pa.large_string()), pa.large_string()
    if pt.is_binary_view(kind):
        array, kind = array.cast(pa.large_binary()), pa.large_binary()
    if pt.is_boolean(kind):
        return digest.update(_bits(pc.fill_null(array, False)))
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_binary(kind) or pt.is_large_binary(kind):
        if array.null_count:
            empty = "" if pt.is_string(kind) or pt.is_large_string(kind) else b""
            array = pc.fill_null(array, pa.scalar(empty, kind))
        digest.update(_bytes(pc.binary_length(array).cast(pa.int64())))
        return digest.update(_text(array))
    if array.null_count:
        array = pc.fill_null(array, _zero(kind))
    return digest.update(_bytes(array))


def _entries(kind: pa.MapType) -> pa.DataType:
    return pa.struct([("key", kind.key_type), ("value", kind.item_type)])


def _zero(kind: pa.DataType) -> pa.Scalar:
    if pt.is_decimal(kind):
        return pa.scalar(Decimal(0), kind)
    if pt.is_temporal(kind):
        width = 32 if kind.bit_width == 32 else 64
        return pa.scalar(0, pa.int32() if width == 32 else pa.int64()).cast(kind)
    if pt.is_fixed_size_binary(kind):
        return pa.scalar(bytes(kind.byte_width), kind)
    return pa.scalar(0, kind)


def _bytes(array: pa.Array) -> memoryview:
    """The values of a fixed-width array, from its offset on, without padding."""
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    if data is None:
        return memoryview(b"")
    return memoryview(data)[array.offset * width : (array.offset + len(array)) * width]


def _bits(array: pa.BooleanArray) -> bytes:
    """One byte a value: packed bits start anywhere in a byte, unpacked ones do not."""
    packed: bytes = array.cast(pa.uint8()).to_numpy(zero_copy_only=False).tobytes()
    return packed


def _text(array: pa.Array) -> memoryview:
    _validity, offsets, data = array.buffers()
    if data is None or len(array) == 0:
        return memoryview(b"")
    large = pt.is_large_string(array.type) or pt.is_large_binary(array.type)
    positions = memoryview(offsets).cast("q" if large else "i")
    return memoryview(data)[positions[array.offset] : positions[array.offset + len(array)]]
