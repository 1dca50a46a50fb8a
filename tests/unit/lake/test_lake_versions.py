"""Several partitions that are read together have one data version."""

from __future__ import annotations

from slipway.lake.lake import joint_version


def test_one_partition_has_its_own_version_whatever_its_key() -> None:
    assert joint_version({None: "v1"}) == joint_version({"2011-01-03": "v1"}) == joint_version({"a=b": "v1"}) == "v1"


def test_order_does_not_matter_and_each_key_and_version_does() -> None:
    both = joint_version({"a": "v1", "b": "v2"})

    assert both == joint_version({"b": "v2", "a": "v1"})
    others: list[dict[str | None, str]] = [
        {"a": "v2", "b": "v1"},
        {"a": "v1", "c": "v2"},
        {"a": "v1", "b": "v3"},
        {"a": "v1"},
        {},
    ]
    assert len({both, *map(joint_version, others)}) == 6
