"""Which variables a compose file reads."""

from __future__ import annotations

import pytest

from slipway.doctor.compose_file import Reference, defaults, expand, references


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image: ${IMAGE}", [Reference("IMAGE")]),
        ("image: ${IMAGE:-caddy:2}", [Reference("IMAGE", "caddy:2")]),
        ("url: ${URL-http://s:1}", [Reference("URL", "http://s:1", empty_counts=True)]),
        ("day: ${DAY:-}", [Reference("DAY", "")]),
        ("who: ${WHO:?run make dev}", [Reference("WHO")]),
        ("file: ${PATTERN:-sales_{day}.csv}!", [Reference("PATTERN", "sales_{day}.csv")]),
        ("to: ${TO:-s3://${LAKE:-lake}/gold}", [Reference("TO", "s3://${LAKE:-lake}/gold"), Reference("LAKE", "lake")]),
        ('ports: ["${BIND:-::}:${PORT:-1}:3"]', [Reference("BIND", "::"), Reference("PORT", "1")]),
        ('run: exec "$${HOME}" "$$NOT"', []),
        ("  # what ${COMMENT} says", []),
    ],
)
def test_references(text: str, expected: list[Reference]) -> None:
    assert references(text) == expected


def test_defaults() -> None:
    assert defaults("a: ${A:-1}\nb: ${A}\nc: ${B}") == {"A": "1", "B": None}
    assert defaults("b: ${A}\na: ${A:-1}") == {"A": "1"}
    assert defaults("a: ${A:+x${A:-}}\nb: ${A:-1}") == {"A": "1"}
    with pytest.raises(ValueError, match=r"^A has two defaults: '1' and '2'"):
        defaults("a: ${A:-1}\nb: ${A:-2}")


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("plain", {}, "plain"),
        ("s3://${LAKE:-lake}/gold", {}, "s3://lake/gold"),
        ("s3://${LAKE:-lake}/gold", {"LAKE": "ours"}, "s3://ours/gold"),
        ("s3://${LAKE:-lake}/gold", {"LAKE": ""}, "s3://lake/gold"),
        ("s3://${LAKE-lake}/gold", {"LAKE": ""}, "s3:///gold"),
        ("${A:-${B:-c}}-${D}", {}, "c-"),
        ("${A:-${B:-c}}-${D}", {"B": "x", "D": "y"}, "x-y"),
    ],
)
def test_expand(text: str, values: dict[str, str], expected: str) -> None:
    assert expand(text, values) == expected
