"""Missing and stale partitions of real runs on a real lake: what changed, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from slipway.observe import WHOLE, Needs, missing_and_stale
from slipway.observe.freshness import CODE
from tests.integration.observe.pipeline import CALENDAR, CONTRACTS, DAYS, Platform, key_of

WEEKS = CALENDAR.weeks.get_partition_keys()


def needs(platform: Platform) -> dict[str, Needs]:
    """What there is to do, without the assets that have nothing to do."""
    found = missing_and_stale(platform.instance, platform.assets)
    return {key.to_user_string(): need for key, need in found.items() if need}


def test_before_anything_is_made_all_is_missing(platform: Platform) -> None:
    platform.instance.add_dynamic_partitions("seen_group", ["a", "b"])
    found = needs(platform)
    assert found["seen/lines"].missing == tuple(DAYS)
    assert found["seen/names"].missing == (WHOLE,)
    assert found["clean/week"].missing == tuple(WEEKS)
    assert found["clean/by_group"].missing[:2] == ("2010-12-01|a", "2010-12-01|b")
    assert not any(need.stale for need in found.values())


def test_upstream_assets_come_first(platform: Platform) -> None:
    order = [key.to_user_string() for key in missing_and_stale(platform.instance, platform.assets)]
    assert order.index("seen/lines") < order.index("clean/lines") < order.index("clean/week")


def test_after_one_pass_nothing_is_left_to_do(made: Platform) -> None:
    assert needs(made) == {}


def test_a_day_that_is_not_over_is_not_missing(platform: Platform) -> None:
    found = missing_and_stale(
        platform.instance, platform.assets, at=dt.datetime(2010, 12, 4, 12, tzinfo=dt.UTC), only=[key_of("lines")]
    )
    assert found == {key_of("lines"): Needs(missing=("2010-12-01", "2010-12-02", "2010-12-03"))}


def test_the_same_content_again_makes_nothing_stale(made: Platform) -> None:
    assert made.make("lines", DAYS[2:5])
    assert made.make("names")
    assert made.make("counts", DAYS)
    assert needs(made) == {}


def test_a_corrected_day_makes_stale_what_read_it_step_by_step(made: Platform) -> None:
    made.source.lines["2010-12-03"] = [1, 2, 3]
    assert made.make("lines", ["2010-12-03"])
    assert needs(made) == {
        "clean/lines": Needs(stale=("2010-12-03",), causes={"2010-12-03": ("seen/lines",)}),
    }
    assert made.make("clean", ["2010-12-03"])
    found = needs(made)
    assert set(found) == {"clean/named", "clean/by_group", "clean/week"}
    assert found["clean/named"].stale == ("2010-12-03",)
    assert found["clean/by_group"].stale == ("2010-12-03|a", "2010-12-03|b")
    assert found["clean/week"].stale == ("2010-11-29",)
    assert made.make("named", ["2010-12-03"])
    assert made.make("by_group", ["2010-12-03|a", "2010-12-03|b"])
    assert made.make("week", ["2010-11-29"])
    assert needs(made) == {}


def test_a_correction_that_is_taken_back_leaves_nothing_stale(made: Platform) -> None:
    for lines in ([7], [1, 2]):
        made.source.lines["2010-12-03"] = lines
        assert made.make("lines", ["2010-12-03"])
    assert needs(made) == {}


def test_a_day_that_comes_late_makes_its_week_stale_though_that_was_made_without_it(platform: Platform) -> None:
    platform.instance.add_dynamic_partitions("seen_group", ["a", "b"])
    for name in ("lines", "clean"):
        assert platform.make(name, DAYS[:4])
        assert platform.make(name, DAYS[5:])
    assert platform.make("week", WEEKS)
    assert "clean/week" not in needs(platform)
    for name in ("lines", "clean"):
        assert platform.make(name, ["2010-12-05"])
    assert needs(platform)["clean/week"] == Needs(stale=("2010-11-29",), causes={"2010-11-29": ("clean/lines",)})


def test_a_corrected_day_makes_its_week_stale_also_while_another_day_is_missing(platform: Platform) -> None:
    for name in ("lines", "clean"):
        assert platform.make(name, DAYS[:3])
    assert platform.make("week", WEEKS[:1])
    platform.source.lines["2010-12-03"] = [5]
    for name in ("lines", "clean"):
        assert platform.make(name, ["2010-12-03"])
    assert needs(platform)["clean/week"].stale == ("2010-11-29",)


def test_an_input_that_the_automation_ignores_makes_nothing_stale(made: Platform) -> None:
    made.source.names["a"] = "another"
    assert made.make("names")
    assert needs(made) == {}
    [named] = [asset for asset in made.assets.made() if asset.key == key_of("named")]
    assert {one.key.to_user_string(): one.rebuilds for one in named.inputs} == {
        "clean/lines": True,
        "seen/names": False,
    }


def test_a_new_key_of_a_dynamic_dimension_is_missing(made: Platform) -> None:
    made.instance.add_dynamic_partitions("seen_group", ["c"])
    assert needs(made)["clean/by_group"].missing == tuple(f"{day}|c" for day in DAYS)


def test_another_code_version_makes_all_of_its_partitions_stale(
    made: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(made.assets[key_of("clean")], "code_version", "2")
    assert needs(made) == {"clean/lines": Needs(stale=tuple(DAYS), causes=dict.fromkeys(DAYS, (CODE,)))}


def test_plain_assets_are_compared_by_what_changed_since_their_run(made: Platform) -> None:
    made.source.plain["2010-12-03"] = 5
    assert made.make("counts", DAYS)
    assert needs(made) == {"plain/doubled": Needs(stale=("2010-12-03",), causes={"2010-12-03": ("plain/counts",)})}
    assert made.make("doubled", ["2010-12-03"])
    assert needs(made) == {}


def test_a_partition_that_was_reported_by_hand_is_not_called_stale(made: Platform) -> None:
    import dagster as dg

    made.instance.report_runless_asset_event(
        dg.AssetMaterialization(key_of("clean"), partition="2010-12-03", tags={"dagster/data_version": "restored"})
    )
    found = needs(made)
    assert "clean/lines" not in found
    assert found["clean/named"].stale == ("2010-12-03",)


def test_definitions_graphs_and_assets_give_the_same_answer(made: Platform) -> None:
    made.source.lines["2010-12-03"] = [9]
    assert made.make("lines", ["2010-12-03"])
    graphs = [definitions.resolve_asset_graph() for definitions in made.definitions.values()]
    of_graphs = missing_and_stale(made.instance, graphs, contracts=CONTRACTS)
    of_definitions = missing_and_stale(made.instance, made.definitions, contracts=CONTRACTS)
    assert of_graphs == of_definitions == missing_and_stale(made.instance, made.assets)
