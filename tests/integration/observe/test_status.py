"""Where each asset stands, of real runs on a real lake, judged at any time."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from slipway.observe import WHOLE, AssetStatus, State, problems, status
from tests.integration.observe.pipeline import DAYS, Platform, key_of

LONG_AFTER = dt.datetime(2011, 6, 1, tzinfo=dt.UTC)


def of(platform: Platform, name: str, at: dt.datetime = LONG_AFTER) -> AssetStatus:
    [found] = [one for one in status(platform.instance, platform.assets, at=at) if one.key == key_of(name)]
    return found


def test_when_all_is_made_all_is_up_to_date(made: Platform) -> None:
    found = status(made.instance, made.assets, at=LONG_AFTER)
    assert {one.state for one in found} == {State.UP_TO_DATE}
    assert len(found) == 8
    assert problems(found) == []


def test_what_a_location_only_reads_is_not_shown_twice(made: Platform) -> None:
    names = [one.name for one in status(made.instance, made.assets, at=LONG_AFTER)]
    assert sorted(names) == sorted(set(names))


def test_a_backfill_of_old_days_does_not_make_a_missing_today_look_fresh(platform: Platform) -> None:
    assert platform.make("lines", DAYS[:4])
    at_noon = dt.datetime(2010, 12, 6, 12, tzinfo=dt.UTC)
    before = of(platform, "lines", at_noon)
    assert (before.state, before.late, before.missing, before.newest) == (State.LATE, ("2010-12-05",), (), "2010-12-04")
    assert platform.make("lines", DAYS[:4])
    assert of(platform, "lines", at_noon).late == ("2010-12-05",)
    assert platform.make("lines", ["2010-12-05"])
    assert of(platform, "lines", at_noon).state == State.UP_TO_DATE


def test_before_its_deadline_a_day_is_not_late(platform: Platform) -> None:
    assert platform.make("lines", DAYS[:4])
    early = of(platform, "lines", dt.datetime(2010, 12, 6, 5, 59, tzinfo=dt.UTC))
    assert (early.state, early.due) == (State.UP_TO_DATE, 4)
    assert of(platform, "lines", dt.datetime(2010, 12, 6, 6, tzinfo=dt.UTC)).state == State.LATE


def test_older_gaps_are_counted_beside_what_is_late(platform: Platform) -> None:
    assert platform.make("lines", DAYS[2:4])
    found = of(platform, "lines", dt.datetime(2010, 12, 6, 12, tzinfo=dt.UTC))
    assert (found.late, found.missing) == (("2010-12-05",), ("2010-12-01", "2010-12-02"))


def test_never_made(platform: Platform) -> None:
    names = of(platform, "names")
    assert (names.state, names.missing, names.newest) == (State.MISSING, (WHOLE,), None)
    assert of(platform, "lines", dt.datetime(2010, 12, 1, 12, tzinfo=dt.UTC)).state == State.UP_TO_DATE


def test_days_that_failed_are_failing_until_they_are_made(made: Platform) -> None:
    made.source.lines["2010-12-03"] = ValueError("the till was on fire. Nobody was hurt.")
    made.source.lines["2010-12-05"] = ValueError("no power")
    assert not made.make("lines", DAYS)
    found = of(made, "lines")
    assert found.state == State.FAILING
    assert found.failing == ("2010-12-03", "2010-12-05")
    assert found.failure is not None
    assert (found.failure.partition, found.failure.reason) == ("2010-12-05", "ValueError: no power")
    assert made.instance.get_run_by_id(found.failure.run_id) is not None
    # The others of the same run are made, and the old content of these two is still there.
    assert (found.missing, found.late) == ((), ())
    for day in ("2010-12-03", "2010-12-05"):
        made.source.lines[day] = [1, 2]
    assert made.make("lines", ["2010-12-05"])
    rest = of(made, "lines").failure
    assert rest is not None
    assert rest.reason == "ValueError: the till was on fire."
    assert made.make("lines", ["2010-12-03"])
    assert of(made, "lines").state == State.UP_TO_DATE


def test_one_partition_that_fails_alone_tells_the_error_itself(platform: Platform) -> None:
    platform.source.lines["2010-12-01"] = ValueError("the till was on fire. Nobody was hurt.")
    assert not platform.make("lines", ["2010-12-01"])
    failure = of(platform, "lines").failure
    assert failure is not None
    assert failure.reason.endswith(": ValueError: the till was on fire.")


def test_a_day_that_breaks_its_contract_is_failing_and_says_how(made: Platform) -> None:
    made.source.lines["2010-12-03"] = [1, -2]
    assert made.make("lines", ["2010-12-03"])
    assert not made.make("clean", ["2010-12-03"])
    found = of(made, "clean")
    assert found.state == State.FAILING
    assert found.failure is not None
    assert "1 of 2 rows break the contract of clean/lines: number: 1 rows fail greater_than(0)" in found.failure.reason
    assert found.stale == ("2010-12-03",)
    assert of(made, "week").state == State.UP_TO_DATE


def test_an_asset_without_partitions_fails_and_recovers(made: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    good = dict(made.source.names)
    made.source.names["z"] = None  # type: ignore[assignment]
    assert not made.make("names")
    found = of(made, "names")
    assert (found.state, found.failing, found.newest) == (State.FAILING, (WHOLE,), WHOLE)
    made.source.names = good
    assert made.make("names")
    assert of(made, "names").state == State.UP_TO_DATE


def test_a_blocking_check_that_failed_by_itself_makes_its_partition_failing(platform: Platform) -> None:
    """A check of its own, evaluated after the partition was written, as plain Dagster code has them."""
    days = dg.DailyPartitionsDefinition("2010-12-01", end_date="2010-12-04", timezone="UTC")
    verdict = {"passed": False}

    @dg.asset(partitions_def=days)
    def checked_alone() -> None: ...

    @dg.asset_check(asset=checked_alone, blocking=True, partitions_def=days)
    def is_good() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=verdict["passed"], description="It is bad. It is very bad.")

    definitions = dg.Definitions(assets=[checked_alone], asset_checks=[is_good])
    job = definitions.resolve_implicit_global_asset_job_def()

    def run() -> AssetStatus:
        job.execute_in_process(instance=platform.instance, partition_key="2010-12-02", raise_on_error=False)
        [found] = status(platform.instance, [definitions], at=LONG_AFTER)
        return found

    found = run()
    assert found.failing == ("2010-12-02",)
    assert found.failure is not None
    assert found.failure.reason == "check is_good failed: It is bad."
    verdict["passed"] = True
    assert run().failing == ()


def started(platform: Platform) -> dg.DagsterRun:
    """A run that makes a partition of `lines`, and is at it."""
    job = platform.definitions["upstream"].resolve_implicit_global_asset_job_def()
    return platform.instance.create_run_for_job(
        job.get_subset(asset_selection={key_of("lines")}),
        asset_selection={key_of("lines")},
        tags={"dagster/partition": "2010-12-10"},
        status=dg.DagsterRunStatus.STARTED,
    )


def test_a_run_that_goes_on_is_neither_failing_nor_done(platform: Platform) -> None:
    run = started(platform)
    found = of(platform, "lines")
    assert (found.running, found.failing) == (("2010-12-10",), ())
    platform.instance.report_run_canceled(run)
    assert of(platform, "lines").running == of(platform, "lines").failing == ()


def test_a_run_that_died_is_failing_without_a_failed_step(platform: Platform) -> None:
    run = started(platform)
    platform.instance.report_run_failed(run, "The container ran out of memory. It had 512 MB.")
    failure = of(platform, "lines").failure
    assert failure is not None
    assert failure.reason.endswith("The container ran out of memory.")


def test_as_json_names_every_partition(platform: Platform) -> None:
    assert platform.make("lines", DAYS[:2])
    document = of(platform, "lines", dt.datetime(2010, 12, 4, 12, tzinfo=dt.UTC)).as_json()
    assert document == {
        "asset": "seen/lines",
        "layer": "seen",
        "state": "late",
        "newest": "2010-12-02",
        "made_at": None,
        "due": 3,
        "late": ["2010-12-03"],
        "missing": [],
        "failing": [],
        "failure": None,
        "stale": [],
        "stale_because_of": [],
        "running": [],
    }
