"""Which files become runs: new and corrected ones, once, when they are whole; and what is in the lake in the end."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import logging
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.instigation_logger import get_instigation_log_records
from hypothesis import given, settings
from hypothesis import strategies as st

from code_locations.ingestion.tests.wholesale.deliveries import (
    DAYS,
    KEY,
    Deliveries,
    content,
    deliveries_in,
    good_lines,
    line,
)
from contracts.calendar import calendar
from demo import WholesaleFiles
from ingestion.defs.wholesale.assets import due
from ingestion.defs.wholesale.sensors import Known, look, wholesale_files
from slipway.lake import LakeUnavailable
from slipway.lake.folder import Folder

FIRST, SECOND, THIRD = DAYS[:3]
FILES = WholesaleFiles()


def worth(day: str, count: int) -> bytes:
    """A file worth 3 pounds a line."""
    return content(*good_lines(day, count))


# The first start


def test_the_first_start_is_one_run_over_all_days(deliveries: Deliveries) -> None:
    """Days without a file, whose deadlines are long past, belong to it: the calendar has no holes."""
    FILES.deliver_all(deliveries.landing_folder)
    assert deliveries.tick().stretches == [(DAYS[0], DAYS[-1])]
    assert deliveries.tick().stretches == []


def test_a_start_with_many_stretches_takes_the_newest_15_first(deliveries: Deliveries) -> None:
    every_third = DAYS[::3]
    deliveries.knows(*every_third)
    for day in every_third:
        deliveries.deliver(day, worth(day, 1))
    first = deliveries.tick().stretches
    assert first == [(day, day) for day in every_third[::-1][:15]]
    second = deliveries.tick().stretches
    assert second == [(day, day) for day in every_third[::-1][15:]]
    assert deliveries.tick().stretches == []


def test_runs_do_not_name_single_days_but_ranges(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST, SECOND, DAYS[9])
    for day in (FIRST, SECOND, DAYS[9]):
        deliveries.deliver(day, worth(day, 1))
    tick = deliveries.tick()
    assert tick.stretches == [(DAYS[9], DAYS[9]), (FIRST, SECOND)]
    assert [request.asset_selection for request in tick.requests] == [[dg.AssetKey(KEY.split("/"))]] * 2
    assert all(request.partition_key is None for request in tick.requests)


# One file after the other


def test_the_same_file_again_does_nothing(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST)
    deliveries.deliver(FIRST, worth(FIRST, 2))
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    assert deliveries.tick_and_run() == []
    for _delivery in range(3):
        deliveries.deliver(FIRST, worth(FIRST, 2))
        assert deliveries.tick_and_run() == []
        assert deliveries.tick().message == "No new file."


def test_a_corrected_file_requests_its_day(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST, SECOND)
    for day in (FIRST, SECOND):
        deliveries.deliver(day, worth(day, 2))
    deliveries.tick_and_run()
    deliveries.deliver(FIRST, worth(FIRST, 5))
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    assert deliveries.total(FIRST) == Decimal("15.00")
    assert deliveries.total(SECOND) == Decimal("6.00")


def test_a_correction_that_is_taken_back_ends_where_it_began(deliveries: Deliveries) -> None:
    """A -> B -> A -> B -> A: each is a delivery of its own, whatever its content."""
    deliveries.knows(FIRST)
    for lines in (2, 5, 2, 5, 2):
        deliveries.deliver(FIRST, worth(FIRST, lines))
        assert deliveries.tick_and_run() == [(FIRST, FIRST)]
        assert deliveries.total(FIRST) == Decimal(3 * lines)


def test_a_correction_that_is_taken_back_before_its_run_has_ended(deliveries: Deliveries) -> None:
    """The lake still holds A while the run that writes B is on its way: A again is no repetition."""
    deliveries.knows(FIRST)
    deliveries.deliver(FIRST, worth(FIRST, 2))
    deliveries.tick_and_run()
    deliveries.deliver(FIRST, worth(FIRST, 5))
    assert deliveries.tick().stretches == [(FIRST, FIRST)]
    deliveries.deliver(FIRST, worth(FIRST, 2))
    assert deliveries.tick().stretches == [(FIRST, FIRST)]


def test_content_that_came_again_is_still_the_lakes_after_further_deliveries(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST)
    deliveries.deliver(FIRST, worth(FIRST, 2))
    deliveries.tick_and_run()
    deliveries.deliver(FIRST, worth(FIRST, 2))
    assert deliveries.tick_and_run() == []
    deliveries.deliver(FIRST, worth(FIRST, 3))
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    deliveries.deliver(FIRST, worth(FIRST, 3))
    assert deliveries.tick_and_run() == []
    assert deliveries.total(FIRST) == Decimal("9.00")


def test_a_failed_file_is_not_tried_again_and_the_next_one_is(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST)
    deliveries.deliver(FIRST, worth(FIRST, 2))
    deliveries.tick_and_run()
    deliveries.deliver(FIRST, b"no,header\n1,2\n")
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    assert deliveries.tick_and_run() == []
    assert deliveries.total(FIRST) == Decimal("6.00"), "the day keeps what it had"
    deliveries.deliver(FIRST, worth(FIRST, 2))
    assert deliveries.tick_and_run() == [(FIRST, FIRST)], "the failed run is followed by one that is not"


def test_a_late_file_replaces_the_day_without_trade(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST, SECOND)
    deliveries.deliver(SECOND, worth(SECOND, 1))
    assert deliveries.tick_and_run() == [(FIRST, SECOND)]
    assert deliveries.metadata(FIRST)["no_file"] is True
    deliveries.deliver(FIRST, worth(FIRST, 4))
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    assert (deliveries.total(FIRST), deliveries.metadata(FIRST)["no_file"]) == (Decimal("12.00"), False)


def test_a_file_that_is_taken_away_leaves_its_day(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST)
    path = deliveries.deliver(FIRST, worth(FIRST, 2))
    deliveries.tick_and_run()
    path.unlink()
    assert deliveries.tick_and_run() == []
    assert deliveries.total(FIRST) == Decimal("6.00")


# A lost cursor


def test_a_lost_cursor_starts_nothing_twice(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST, SECOND, THIRD)
    for day in (FIRST, SECOND):
        deliveries.deliver(day, worth(day, 2))
    deliveries.tick_and_run()
    kept = json.loads(deliveries.cursor or "")
    deliveries.cursor = None
    deliveries.started.clear()  # a sensor that was reset forgets its run keys too
    asked = [day for first, last in deliveries.tick().stretches for day in between(first, last)]
    assert asked == DAYS[3:], "only the days that this test had hidden"
    assert json.loads(deliveries.cursor or "")["seen"] == kept["seen"]


def between(first: str, last: str) -> list[str]:
    return DAYS[DAYS.index(first) : DAYS.index(last) + 1]


def test_a_lost_cursor_finds_what_was_delivered_meanwhile(deliveries: Deliveries) -> None:
    deliveries.take(FIRST, THIRD)
    deliveries.deliver(SECOND, worth(SECOND, 2))
    deliveries.cursor = None
    assert deliveries.tick().stretches == [(DAYS[3], DAYS[-1]), (SECOND, SECOND)]
    deliveries.take(SECOND)
    deliveries.deliver(SECOND, worth(SECOND, 2))
    deliveries.cursor = None
    assert deliveries.tick().stretches == []


def test_while_a_first_run_is_on_its_way_its_key_keeps_it_from_starting_again(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, worth(FIRST, 2))
    assert deliveries.tick().stretches == [(DAYS[0], DAYS[-1])]
    deliveries.cursor = None
    assert deliveries.tick().stretches == []


# Files that are not finished


def test_a_file_that_was_written_to_just_now_waits(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST)
    deliveries.configure(settle_seconds=30.0)
    deliveries.deliver(FIRST, worth(FIRST, 2), age_seconds=20)
    assert deliveries.tick().message == "online_retail_2010-12-01.csv was written to just now"
    deliveries.deliver(FIRST, worth(FIRST, 2), age_seconds=40)
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]


def test_a_half_written_file_is_not_taken_until_it_is_whole(deliveries: Deliveries) -> None:
    day = dt.date(2010, 12, 1)
    deliveries.knows(FIRST)
    FILES.deliver_half(day, deliveries.landing_folder)
    tick = deliveries.tick()
    assert tick.stretches == []
    assert "online_retail_2010-12-01.csv is not whole: Line" in tick.message
    assert deliveries.bronze.days(KEY) == []
    FILES.deliver(day, deliveries.landing_folder)
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    assert len(deliveries.bronze.rows(KEY, FIRST)) == 3108


def test_a_file_that_stays_half_is_taken_in_the_end_so_that_its_failure_is_seen(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST)
    half = worth(FIRST, 2)[:-20]
    deliveries.deliver(FIRST, half, age_seconds=200)
    assert deliveries.tick().stretches == []
    deliveries.deliver(FIRST, half, age_seconds=400)
    assert deliveries.tick_and_run() == [(FIRST, FIRST)]
    assert deliveries.bronze.days(KEY) == []


def test_one_file_that_waits_keeps_no_other_waiting(deliveries: Deliveries) -> None:
    deliveries.knows(FIRST, SECOND, THIRD)
    deliveries.deliver(FIRST, worth(FIRST, 1))
    deliveries.deliver(SECOND, worth(SECOND, 2)[:-20])
    deliveries.deliver(THIRD, worth(THIRD, 1))
    assert deliveries.tick_and_run() == [(THIRD, THIRD), (FIRST, FIRST)]


def test_what_waits_is_told_as_a_warning_also_beside_files_that_are_taken(
    deliveries: Deliveries, tmp_path: Path
) -> None:
    """A skip reason cannot stand beside run requests; who asks the sensor reads its log."""
    deliveries.knows(FIRST, SECOND)
    deliveries.deliver(FIRST, worth(FIRST, 1))
    deliveries.deliver(SECOND, worth(SECOND, 2)[:-20])
    log_key = ("asked", "wholesale_files")  # which whoever asks a code server says
    home = tmp_path / "home"
    home.mkdir()
    logging.disable(logging.NOTSET)
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        with dg.SensorEvaluationContext(
            instance_ref=instance.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=deliveries.cursor,
            log_key=log_key,
            repository_name="ingestion",
            sensor_name="wholesale_files",
            resources=deliveries.bronze.all_resources,
        ) as context:
            assert len(wholesale_files.evaluate_tick(context).run_requests or []) == 1
        told = get_instigation_log_records(instance, log_key)
    [warning] = [record for record in told if record["levelname"] == "WARNING"]
    assert "online_retail_2010-12-02.csv is not whole: Line 3, the last, has no line end." in warning["msg"]


def test_one_file_that_cannot_be_read_keeps_no_other_waiting(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if its permissions were wrong (tests may run as root, whom permissions do not stop)."""
    deliveries.knows(FIRST, THIRD)
    deliveries.deliver(FIRST, worth(FIRST, 1))
    deliveries.deliver(THIRD, worth(THIRD, 1))
    get = Folder.get

    def refused(store: Folder, path: str) -> bytes | None:
        if path == deliveries.path(FIRST).name:
            raise LakeUnavailable(f"Cannot read {path}: permission denied.")
        return get(store, path)

    monkeypatch.setattr(Folder, "get", refused)
    assert deliveries.tick_and_run() == [(THIRD, THIRD)]
    assert deliveries.tick().message == "Cannot read online_retail_2010-12-01.csv: permission denied."
    monkeypatch.undo()
    assert deliveries.tick_and_run() == [(FIRST, FIRST)], "it is taken as soon as it can be read"


# Files and days that do not count


def test_a_file_of_a_day_outside_the_calendar_is_ignored(deliveries: Deliveries) -> None:
    deliveries.knows()
    for day in ("2010-11-30", "2011-02-01", "1999-12-31"):
        deliveries.deliver(day, worth(day, 1))
    assert deliveries.tick().stretches == []


def test_a_day_without_a_file_counts_once_its_deadline_has_passed(deliveries: Deliveries) -> None:
    lake, landing = deliveries.bronze.lake, deliveries.landing
    on_the_first = look(landing, lake, Known(), due(FIRST))
    assert [day for day, version in on_the_first.versions.items() if version == ""] == [FIRST]
    before = look(landing, lake, Known(), due(FIRST) - dt.timedelta(seconds=1))
    assert before.versions == {}


def test_a_file_before_its_deadline_is_taken_at_once(deliveries: Deliveries) -> None:
    deliveries.deliver(FIRST, worth(FIRST, 1))
    found = look(deliveries.landing, deliveries.bronze.lake, Known(), due(FIRST) - dt.timedelta(hours=5))
    assert list(found.versions) == [FIRST]


def test_the_sensor_runs_from_the_start_and_wants_its_asset() -> None:
    assert wholesale_files.default_status == dg.DefaultSensorStatus.RUNNING
    assert wholesale_files.minimum_interval_seconds == 15


# Twice, late, corrected, in another order: the last correct content, once

Delivery = tuple[str, int, bool]
"""A day, how many lines its file has (0: a file that cannot be read), and whether the sensor looks after it."""


@given(
    history=st.lists(
        st.tuples(st.sampled_from([FIRST, SECOND]), st.integers(0, 3), st.booleans()), min_size=1, max_size=6
    ),
    runs_wait=st.booleans(),
)
@settings(max_examples=10, deadline=None)
def test_in_the_end_each_day_is_its_last_good_file(
    history: list[Delivery], runs_wait: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever comes when, and whether the sensor looks after each delivery or only after some.

    With `runs_wait`, the runs that were asked for start after the last delivery, in the order of the requests.
    """
    with deliveries_in(tmp_path_factory.mktemp("shop")) as shop:
        shop.knows()  # of no file on any day, so that days without one ask for nothing
        there: dict[str, int] = {}
        taken: dict[str, int] = {}
        queue: list[dg.RunRequest] = []
        for day, lines, looks in [*history, (FIRST, -1, True)]:
            if lines >= 0:  # the last one is a look without a delivery
                shop.deliver(day, worth(day, lines) if lines else b"what,is,this\n")
                there[day] = lines
            if not looks:
                continue
            queue += shop.tick().requests
            if not runs_wait:
                taken |= {day: lines for day, lines in there.items() if lines}
                while queue:
                    shop.run(queue.pop(0))
        for request in queue:
            shop.run(request)
        if runs_wait:
            taken |= {day: lines for day, lines in there.items() if lines}
        assert {day: shop.total(day) for day in shop.bronze.days(KEY)} == {d: 3 * lines for d, lines in taken.items()}


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
def test_the_order_of_delivery_makes_no_difference(deliveries: Deliveries, order: tuple[int, ...]) -> None:
    days = [dt.date(2010, 12, 5), dt.date(2010, 12, 19), dt.date(2011, 1, 9)]  # small ones
    deliveries.knows()
    for index in order:
        FILES.deliver(days[index], deliveries.landing_folder)
        assert deliveries.tick_and_run() == [(days[index].isoformat(), days[index].isoformat())]
    for day in days:
        assert len(deliveries.bronze.rows(KEY, day.isoformat())) == FILES.read(day).count(b"\n") - 1


def test_a_real_correction(deliveries: Deliveries) -> None:
    day = dt.date(2010, 12, 5)
    deliveries.knows("2010-12-05")
    FILES.deliver(day, deliveries.landing_folder)
    deliveries.tick_and_run()
    before = deliveries.total("2010-12-05")
    FILES.correct(day, deliveries.landing_folder, lambda data: data + line("2010-12-05").encode() + b"\n")
    assert deliveries.tick_and_run() == [("2010-12-05", "2010-12-05")]
    assert deliveries.total("2010-12-05") == before + 3


def test_the_calendar_of_the_tests_is_that_of_the_files() -> None:
    assert {day.isoformat() for day in FILES.days()} <= set(DAYS)
    assert (calendar.first_day.isoformat(), str(calendar.last_day)) == (DAYS[0], DAYS[-1])
