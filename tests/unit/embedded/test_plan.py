"""Which runs bring a platform up to date, and in which order."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.embedded.plan import Bundle, Node, RunOf, stretches, waves

LOCATIONS = ("ingestion", "transformation", "reporting")


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Assets in topological order; those of one step share location and partitions, and none reads another."""
    nodes: list[Node] = []
    ancestors: dict[str, set[str]] = {}
    for number in range(draw(st.integers(1, 14))):
        location, partitions = draw(st.sampled_from(LOCATIONS)), draw(st.sampled_from(["", "day", "week"]))
        count = draw(st.sampled_from([1, 1, 1, 2, 3]))
        names = [f"a{number}_{output}" for output in range(count)]
        earlier = sorted(ancestors)
        step: list[Node] = []
        for name in names:
            parents = draw(st.sets(st.sampled_from(earlier), max_size=3)) if earlier else set()
            step.append(
                Node(name, location, frozenset(parents), partitions, frozenset(names) - {name}, draw(st.integers(1, 3)))
            )
        above = {p for node in step for p in node.parents}
        for name in names:
            ancestors[name] = above | {a for p in above for a in ancestors[p]} | set(names)
        nodes += step
    return nodes


def bundles_of(plan: list[list[Bundle]]) -> dict[str, int]:
    """The number of each asset's bundle."""
    bundles = [bundle for wave in plan for bundle in wave]
    return {key: number for number, bundle in enumerate(bundles) for key in bundle.keys}


@given(nodes=graphs(), width=st.integers(1, 4))
def test_every_asset_is_made_once(nodes: list[Node], width: int) -> None:
    made = Counter(key for wave in waves(nodes, width) for bundle in wave for key in bundle.keys)
    assert made == Counter(node.key for node in nodes)


@given(nodes=graphs(), width=st.integers(1, 4))
def test_inputs_come_first_or_in_the_same_run(nodes: list[Node], width: int) -> None:
    known = {node.key: node for node in nodes}
    plan = waves(nodes, width)
    number = {key: level for level, wave in enumerate(plan) for bundle in wave for key in bundle.keys}
    bundle_of = bundles_of(plan)
    for node in nodes:
        for parent in node.parents:
            assert number[parent] <= number[node.key]
            if number[parent] == number[node.key]:
                assert bundle_of[parent] == bundle_of[node.key]
                assert known[parent].partitions in ("", node.partitions), "one run has one range of partitions"


@given(nodes=graphs(), width=st.integers(1, 4))
def test_what_one_step_makes_is_made_together(nodes: list[Node], width: int) -> None:
    bundle_of = bundles_of(waves(nodes, width))
    for node in nodes:
        assert {bundle_of[key] for key in node.together} <= {bundle_of[node.key]}


@given(nodes=graphs(), width=st.integers(1, 4))
def test_a_bundle_is_what_one_run_can_make(nodes: list[Node], width: int) -> None:
    known = {node.key: node for node in nodes}
    for wave in waves(nodes, width):
        by_kind: Counter[tuple[str, str]] = Counter()
        for bundle in wave:
            assert bundle.keys
            assert {known[key].location for key in bundle.keys} == {bundle.location}
            partitions = {known[key].partitions for key in bundle.keys} - {""}
            assert len(partitions) <= 1
            by_kind[bundle.location, next(iter(partitions), "")] += 1
            assert bundle.weight == sum(known[key].steps for key in bundle.keys)
        assert all(count <= width for count in by_kind.values())


@given(nodes=graphs(), width=st.integers(1, 4))
def test_within_a_bundle_inputs_come_before_what_reads_them(nodes: list[Node], width: int) -> None:
    """`stretches` keeps this order, so that a bundle's runs may be started one after the other."""
    known = {node.key: node for node in nodes}
    for wave in waves(nodes, width):
        for bundle in wave:
            place = {key: index for index, key in enumerate(bundle.keys)}
            for key in bundle.keys:
                assert all(place[parent] < place[key] for parent in known[key].parents & place.keys())


def keys(plan: list[list[Bundle]]) -> list[list[list[str]]]:
    return [[bundle.keys for bundle in wave] for wave in plan]


def test_the_example_platform_takes_a_wave_a_location() -> None:
    nodes = [
        Node("raw", "ingestion", partitions="day", steps=3),
        Node("customers_raw", "ingestion"),
        Node("orders_raw", "ingestion", partitions="day"),
        Node("sales", "transformation", frozenset({"raw"}), "day"),
        Node("customers", "transformation", frozenset({"customers_raw"})),
        Node("orders", "transformation", frozenset({"customers", "orders_raw"}), "day"),
        Node("revenue", "reporting", frozenset({"sales", "orders"}), "day"),
        Node("week", "reporting", frozenset({"revenue"}), "week"),
    ]
    assert keys(waves(nodes, 2)) == [
        [["raw"], ["customers_raw", "orders_raw"]],
        [["customers", "orders"], ["sales"]],
        [["revenue"]],
        [["week"]],
    ]


def test_a_step_waits_for_the_inputs_of_all_its_outputs() -> None:
    nodes = [
        Node("slow", "ingestion"),
        Node("slower", "transformation", frozenset({"slow"})),
        Node("first", "reporting", together=frozenset({"second"})),
        Node("reader", "ingestion", frozenset({"first"})),
        Node("second", "reporting", frozenset({"slower"}), together=frozenset({"first"})),
    ]
    assert keys(waves(nodes, 2)) == [[["slow"]], [["slower"]], [["first", "second"]], [["reader"]]]


def test_what_days_and_weeks_read_is_made_before_both() -> None:
    """Along with the days' run, it might not be there yet for the weeks' run beside it."""
    nodes = [
        Node("customers", "t"),
        Node("days", "t", frozenset({"customers"}), "day"),
        Node("weeks", "t", frozenset({"customers"}), "week"),
    ]
    assert keys(waves(nodes, 2)) == [[["customers"]], [["days"], ["weeks"]]]


def test_assets_that_wait_for_each_other_are_refused() -> None:
    nodes = [
        Node("a", "one", frozenset({"c"}), together=frozenset({"b"})),
        Node("b", "one", together=frozenset({"a"})),
        Node("c", "two", frozenset({"b"})),
    ]
    with pytest.raises(ValueError, match="that wait for each other"):
        waves(nodes, 2)


def test_no_assets_no_waves() -> None:
    assert waves([], 2) == []


def test_unknown_parents_are_those_of_nobody_here() -> None:
    assert keys(waves([Node("a", "one", frozenset({"elsewhere"}))], 1)) == [[["a"]]]


# Runs of a bundle

DAYS = [f"2010-12-{day:02}" for day in range(1, 32)]


def test_assets_that_want_the_same_partitions_share_their_runs() -> None:
    runs = stretches({"a": DAYS[:5], "b": DAYS[:5], "c": DAYS[2:3]}, dict.fromkeys("abc", DAYS))
    assert runs == [RunOf(("a", "b"), DAYS[0], DAYS[4], 5), RunOf(("c",), DAYS[2], DAYS[2], 1)]


def test_unpartitioned_assets_join_the_first_run() -> None:
    runs = stretches({"customers": None, "orders": [*DAYS[:2], *DAYS[8:9]]}, {"orders": DAYS})
    assert runs == [RunOf(("customers", "orders"), DAYS[8], DAYS[8], 1), RunOf(("orders",), DAYS[0], DAYS[1], 2)]


def test_unpartitioned_assets_alone_are_one_run() -> None:
    assert stretches({"a": None, "b": None}, {}) == [RunOf(("a", "b"), None, None, 1)]


def test_nothing_wanted_no_run() -> None:
    assert stretches({}, {}) == []
    assert stretches({"a": []}, {"a": DAYS}) == []


def test_two_dimensions_are_products_of_ranges() -> None:
    grid = [f"{sort}|{day}" for sort in ("books", "toys") for day in DAYS]
    wanted = [key for key in grid if key.split("|")[1] in DAYS[3:6]]
    assert stretches({"a": wanted}, {"a": grid}, {"a"}) == [RunOf(("a",), f"books|{DAYS[3]}", f"toys|{DAYS[5]}", 6)]


@given(wanted=st.dictionaries(st.sampled_from("abcd"), st.none() | st.sets(st.sampled_from(DAYS)), max_size=4))
def test_runs_make_what_is_wanted_and_nothing_else(wanted: dict[str, set[str] | None]) -> None:
    asked = {key: None if days is None else sorted(days) for key, days in wanted.items()}
    made: Counter[tuple[str, str]] = Counter()
    for run in stretches(asked, dict.fromkeys("abcd", DAYS)):
        span = DAYS[DAYS.index(run.first) : DAYS.index(run.last) + 1] if run.first and run.last else [""]
        assert run.partitions == len(span)
        made.update((key, day) for key in run.assets for day in (span if wanted[key] is not None else [""]))
    assert made == Counter((key, day) for key, days in wanted.items() for day in ([""] if days is None else days))
