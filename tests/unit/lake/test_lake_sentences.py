"""The list that a run over many partitions ends with."""

from __future__ import annotations

from slipway.lake import LakeError, PartitionsFailed


def test_the_list_is_whole_while_it_is_short() -> None:
    error = PartitionsFailed("bronze/x", [("2026-01-01", "bad day"), ("2026-01-02", "worse")], written=1)

    assert str(error) == (
        "2 partitions of bronze/x failed; 1 other partition is written and recorded:\n"
        "  2026-01-01: bad day\n"
        "  2026-01-02: worse"
    )
    assert (error.asset, error.written, len(error.failures)) == ("bronze/x", 1, 2)
    assert isinstance(error, LakeError)


def test_a_long_list_is_counted() -> None:
    said = str(PartitionsFailed("bronze/x", [(str(n), "bad") for n in range(365)], written=0))

    assert said.startswith("365 partitions of bronze/x failed:\n  0: bad\n")
    assert said.endswith("\n  49: bad\n  and 315 more")
