"""Fresh or stale, as Dagster itself sees it: what the UI shows, and what its automation would rebuild."""

from __future__ import annotations

from collections import Counter

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from tests.lake_runs import Runs, asset_key
from tests.mill import DAYS, Mill, sacks

SPAN = (DAYS[0], DAYS[11])  # up to the end of the second week
WEEKS = ("2010-11-29", "2010-12-06")


class Platform:
    """The mill's assets, all of them materialized, and their status."""

    def __init__(self, runs: Runs, mill: Mill) -> None:
        self.runs = runs
        self.mill = mill
        self.assets = mill.assets()
        self.make("stones")
        self.make("grain", "flour")
        self.make("bread", span=(f"{SPAN[0]}|rye", f"{SPAN[1]}|spelt"))
        self.make("mill_week", span=WEEKS)

    def make(self, *names: str, span: tuple[str, str] | None = None, fails: bool = False) -> None:
        chosen = [self.assets[name] for name in names]
        ranged = None if names == ("stones",) else span or SPAN
        self.runs.materialize(*self.assets.values(), only=chosen, span=ranged, fails=fails)

    def status(self, name: str, keys: list[str]) -> list[str]:
        graph = dg.Definitions(list(self.assets.values())).resolve_asset_graph()
        instance = self.runs.instance
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        return [resolver.get_status(asset_key(f"mill/{name}"), key).value for key in keys]

    def stale(self) -> dict[str, list[str]]:
        """Partitions that are stale, by asset."""
        keys: dict[str, list[str]] = {
            "grain": DAYS[:12],
            "flour": DAYS[:12],
            "bread": [f"{day}|{sort}" for day in DAYS[:12] for sort in ("rye", "spelt")],
            "mill_week": list(WEEKS),
        }
        found = {}
        for name, all_keys in keys.items():
            stale = [k for k, status in zip(all_keys, self.status(name, all_keys), strict=True) if status != "FRESH"]
            if stale:
                found[name] = stale
        return found


def test_after_ranged_runs_everything_is_fresh(runs: Runs, mill: Mill) -> None:
    assert Platform(runs, mill).stale() == {}


def test_a_corrected_day_makes_stale_what_depends_on_it_and_nothing_else(runs: Runs, mill: Mill) -> None:
    """Step by step, as Dagster looks one step up: what comes after is stale once its input has been made again."""
    platform = Platform(runs, mill)
    mill.supply[DAYS[7]] = sacks(10, 21)
    platform.make("grain")
    assert platform.stale() == {"flour": [DAYS[7]]}
    platform.make("flour", span=(DAYS[7], DAYS[7]))
    assert platform.stale() == {"bread": [f"{DAYS[7]}|rye", f"{DAYS[7]}|spelt"], "mill_week": [WEEKS[1]]}
    platform.make("mill_week", span=(WEEKS[1], WEEKS[1]))
    platform.make("bread", span=(f"{DAYS[7]}|rye", f"{DAYS[7]}|spelt"))
    assert platform.stale() == {}


def test_identical_content_stops_there(runs: Runs, mill: Mill) -> None:
    platform = Platform(runs, mill)
    platform.make("grain")
    platform.make("stones")
    assert platform.stale() == {}
    recorded = Counter(runs.partitions("mill/grain"))
    assert set(recorded.values()) == {2}, "it was materialized again"


def test_a_correction_that_changes_nothing_further_down_stops_where_it_ends(runs: Runs, mill: Mill) -> None:
    platform = Platform(runs, mill)
    mill.supply[DAYS[7]] = sacks("10", "20", "?")  # one more line for the quarantine
    platform.make("grain")
    platform.make("flour")
    assert platform.stale() == {}


def test_a_changed_snapshot_makes_stale_what_reads_it(runs: Runs, mill: Mill) -> None:
    platform = Platform(runs, mill)
    mill.stones = [1, 3]
    platform.make("stones")
    assert platform.stale()["flour"] == DAYS[:12]


def test_a_refused_correction_leaves_its_partition_stale(runs: Runs, mill: Mill) -> None:
    platform = Platform(runs, mill)
    mill.supply[DAYS[2]] = sacks(-1)
    platform.make("grain")
    platform.make("flour", fails=True)
    assert platform.stale()["flour"] == [DAYS[2]]
    mill.supply[DAYS[2]] = sacks(10, 20)
    platform.make("grain")
    assert platform.stale() == {}, "the old content is what it should be again"


def test_a_new_code_version_makes_stale_and_a_deploy_alone_does_not(runs: Runs, mill: Mill) -> None:
    platform = Platform(runs, mill)
    platform.assets = mill.assets()
    assert platform.stale() == {}
    platform.assets = mill.assets(flour_version="2")
    assert platform.stale()["flour"] == DAYS[:12]
