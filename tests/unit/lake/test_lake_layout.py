"""Paths are a pure function of asset key and partition key, with a way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.lake import layout
from slipway.lake.errors import PartitionKeyError

AWKWARD = ["a/b", "50%", "%2F", "x y", " x ", "é 日本", "..", ".", "...", ".hidden", "_hidden", "a=b"]
AWKWARD += ["a|b,c", "q'\"q", "*[x]?", "\\", "~", "new\nline", "{x}", "#?&+", "NULL", "\0"]


@given(st.text(min_size=1))
def test_every_text_comes_back(text: str) -> None:
    assert layout.decode(layout.encode(text)) == text


@given(st.text(min_size=1))
def test_a_segment_is_one_plain_name_for_every_store_and_reader(text: str) -> None:
    segment = layout.encode(text)

    assert segment.isascii()
    assert segment.isprintable()
    assert not set(segment) & set("/=\\ *?[]{}|\"'#&")
    assert segment[0] not in "._"


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_keys_come_back_from_the_path(key: str) -> None:
    path = layout.data_path(("bronze", "sales"), {"thing": key})

    assert layout.parse_dimensions(path, ("bronze", "sales")) == {"thing": key}
    assert path.count("/") == 3


def test_the_layout_that_readers_rely_on() -> None:
    assert layout.data_path(("bronze", "shop", "orders"), {}) == "bronze/shop/orders/data.parquet"
    assert layout.data_path(("gold", "x"), {"day": "2010-12-01"}) == "gold/x/day=2010-12-01/data.parquet"
    assert (
        layout.data_path(("gold", "x"), {"day": "2010-12-01", "category": "Tea & Cake/2"})
        == "gold/x/category=Tea%20%26%20Cake%2F2/day=2010-12-01/data.parquet"
    )
    assert layout.rejected_path(("a", "b"), {"day": "d"}) == "_rejected/a/b/day=d/data.parquet"
    assert layout.scratch_path("gold", "run", "g.step[1]", "result") == "_scratch/gold/run/g.step%5B1%5D/result"
    assert layout.file_path(("a", "b"), {"day": "d"}, "page.html") == "a/_files/b/day=d/page.html"
    assert layout.file_path(("a", "b"), {}, "page.html") == "a/_files/b/page.html"
    assert layout.file_path(("a",), {"day": "d"}, "page.html") == "_files/a/day=d/page.html"


parts = st.text(min_size=1, max_size=8) | st.sampled_from(["a", "day=x", "data.parquet", "_a", "."])
asset_keys = st.lists(parts, min_size=1, max_size=3).map(tuple)
dimensions = st.dictionaries(st.sampled_from(["day", "category", "week"]), parts, max_size=2)


@given(asset_keys, dimensions, asset_keys, dimensions)
def test_no_two_partitions_share_a_path(
    asset: tuple[str, ...], dims: dict[str, str], other: tuple[str, ...], other_dims: dict[str, str]
) -> None:
    same = (asset, dims) == (other, other_dims)

    assert (layout.data_path(asset, dims) == layout.data_path(other, other_dims)) == same


@given(asset_keys, dimensions)
def test_the_path_does_not_depend_on_the_order_of_dimensions(asset: tuple[str, ...], dims: dict[str, str]) -> None:
    backwards = dict(reversed(dims.items()))

    assert layout.data_path(asset, dims) == layout.data_path(asset, backwards)


@pytest.mark.parametrize("path", ["bronze/sales2/day=x/data.parquet", "bronze/sales/day/data.parquet"])
def test_paths_of_others_are_no_partitions(path: str) -> None:
    assert layout.parse_dimensions(path, ("bronze", "sales")) is None


def test_keys_that_have_no_path_are_refused_with_a_sentence() -> None:
    with pytest.raises(PartitionKeyError, match="at least one character, found an empty one"):
        layout.data_path(("a",), {"day": ""})
    with pytest.raises(PartitionKeyError, match="asset key with at least one part"):
        layout.data_path((), {})
    with pytest.raises(PartitionKeyError, match=r"of dimension 'thing' is \d+ bytes long .* at most 250"):
        layout.data_path(("a",), {"thing": "é" * 50})
    with pytest.raises(PartitionKeyError, match=r"asset key part 'x{60}'\.\.\. is 251 bytes long .* at most 250"):
        layout.asset_path(("a", "x" * 251))
    assert layout.data_path(("a",), {"thing": "x" * 244})


@pytest.mark.parametrize("name", ["a/b", ".hidden", "_hidden", "data.parquet", ""])
def test_artifacts_need_a_plain_file_name(name: str) -> None:
    with pytest.raises(PartitionKeyError, match="Expected a plain file name for an artifact of a"):
        layout.file_path(("a",), {}, name)
