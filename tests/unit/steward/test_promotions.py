"""Which objects are made so that the logs of a dead run are whole."""

from __future__ import annotations

import pytest

from slipway.steward.logs import promotions


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        ([], []),
        (["a.out", "a.err"], []),
        # An ordinary end leaves the partial ones where they are.
        (["a.out", "a.err", "a.out.partial", "a.err.partial"], []),
        (["a.out.partial", "a.err.partial"], [("a.out.partial", "a.out"), ("a.err.partial", "a.err")]),
        # Nothing was written to one of the two: an empty object says that it is over.
        (["a.out.partial"], [("a.out.partial", "a.out"), (None, "a.err")]),
        (["a.err.partial"], [(None, "a.out"), ("a.err.partial", "a.err")]),
        # Cut off between the two last uploads.
        (["a.out", "a.out.partial", "a.err.partial"], [("a.err.partial", "a.err")]),
        (["a.out", "a.err", "b.out.partial"], [("b.out.partial", "b.out"), (None, "b.err")]),
        (
            ["step.with.dots.err.partial"],
            [(None, "step.with.dots.out"), ("step.with.dots.err.partial", "step.with.dots.err")],
        ),
    ],
)
def test_promotions(present: list[str], wanted: list[tuple[str | None, str]]) -> None:
    assert promotions(present) == wanted
