"""The report delivered: its ops as functions, the destination folder, one whole run in processes, and the sensor."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from code_locations.reporting.tests.delivery.delivered import deliver_report
from contracts.feedback import Posts
from contracts.revenue import DailyRevenue, WeeklySalesReport
from reporting.defs.delivery.job import anonymise, transform
from reporting.defs.delivery.sensors import report_published, to_deliver
from reporting.defs.weekly.assets import PAGE, weekly_sales_report
from reporting.delivery import Delivery
from slipway.automation import MAX_RUNS
from slipway.automation.ranges import RANGE_END, RANGE_START
from slipway.lake import Draft, Lake, LakeIOManager, LakeSettings
from slipway.lake.frames import to_arrow
from slipway.lake.store import open_store
from slipway.location import SettingError
from slipway.quality import declared_tables
from tests.servers import moto_server

MONDAY = "2010-12-06"
POSTS: dict[str, Any] = {
    "id": pl.Int64,
    "user_id": pl.Int64,
    "title": pl.String,
    "body": pl.String,
    "sku": pl.String,
    "rating": pl.Int32,
    "created_at": pl.Datetime("us"),
}


def posts(*rated: tuple[str, int]) -> pl.DataFrame:
    rows = [
        (number, 7, "A title", "Mrs Secret wrote this", sku, rating, dt.datetime(2010, 12, 6))
        for number, (sku, rating) in enumerate(rated)
    ]
    return pl.DataFrame(rows, schema=POSTS, orient="row")


# The ops


def test_ratings_by_product_without_who_wrote_what() -> None:
    text = anonymise(posts(("A", 5), ("B", 1), ("A", 2), ("A", 5))).decode()
    assert text.splitlines() == ["sku,posts,average_rating", "A,3,4.0", "B,1,1.0"]


def test_no_feedback() -> None:
    assert anonymise(posts()).decode().splitlines() == ["sku,posts,average_rating"]


def test_the_table_for_spreadsheets_keeps_every_penny() -> None:
    report = pl.DataFrame(
        {"channel": ["wholesale"], "revenue": [Decimal("184669.470")]}, schema_overrides={"revenue": pl.Decimal(18, 3)}
    )
    assert transform(report).decode() == "channel,revenue\nwholesale,184669.470\n"


def test_no_row_no_line() -> None:
    assert transform(pl.DataFrame(schema={"channel": pl.String})) == b"channel\n"


# The destination


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    delivery = Delivery(address=str(tmp_path / "share"))
    assert delivery.put("a.csv", b"one") == str(tmp_path / "share" / "a.csv")
    delivery.put("a.csv", b"two")
    assert (tmp_path / "share" / "a.csv").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "share").iterdir()] == ["a.csv"], "nothing half written stays"


def test_a_destination_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Delivery(address=str(tmp_path / "file")).put("a.csv", b"")


def test_a_bucket_is_a_destination_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_server() as server:
        server.create_bucket("team")
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        delivery = Delivery.from_environment({"SLIPWAY_DELIVERY": "s3://team/weekly"})
        assert delivery.put("a.csv", b"one") == "s3://team/weekly/a.csv"
        assert open_store(LakeSettings.parse("s3://team/weekly")).get("a.csv") == b"one"


def test_a_destination_that_is_none_is_told_at_start() -> None:
    with pytest.raises(SettingError, match="SLIPWAY_DELIVERY is 's3://': expected a folder"):
        Delivery.from_environment({"SLIPWAY_DELIVERY": "s3://"})


def test_the_destination_is_beside_the_home_unless_it_is_set() -> None:
    assert Delivery.from_environment({"DAGSTER_HOME": "/data/home"}).address == "/data/delivery"
    assert (
        Delivery.from_environment({"SLIPWAY_DELIVERY": "/mnt/share", "DAGSTER_HOME": "/data/home"}).address
        == "/mnt/share"
    )


# A whole run


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with one week's report, told to all processes by the environment."""
    monkeypatch.setenv("SLIPWAY_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SLIPWAY_DELIVERY", str(tmp_path / "delivery"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return Lake(LakeSettings.from_environment(), {contract.path: contract for contract in declared_tables()})


def put(lake: Lake, path: tuple[str, ...], day: str, frame: pl.DataFrame) -> None:
    lake.publish(Draft(path, (day, {"day": day}), to_arrow(frame)[0]), run_id="r")


def revenue(day: str, amount: str) -> pl.DataFrame:
    row = {"date": dt.date.fromisoformat(day), "channel": "wholesale", "revenue": Decimal(amount), "orders": 1}
    return pl.DataFrame([{**row, "units": 2, "customers": 1}], schema_overrides={"revenue": pl.Decimal(18, 3)})


def report(lake: Lake, instance: dg.DagsterInstance, *mondays: str) -> None:
    """Make the reports of these weeks, neighbours, in one run."""
    first, last = (mondays or (MONDAY,))[0], (mondays or (MONDAY,))[-1]
    dg.materialize(
        [weekly_sales_report],
        tags={RANGE_START: first, RANGE_END: last},
        instance=instance,
        resources={"io_manager": LakeIOManager(lake)},
    )


@pytest.mark.slow
def test_a_run_delivers_page_table_and_ratings(lake: Lake, tmp_path: Path) -> None:
    put(lake, DailyRevenue.contract.path, "2010-12-07", revenue("2010-12-07", "1234.500"))
    put(lake, Posts.contract.path, "2010-12-08", posts(("A", 5), ("A", 4)))
    with dg.DagsterInstance.get() as instance:
        report(lake, instance)
        config = {name: {"config": {"monday": MONDAY}} for name in ("download", "copy")}
        with dg.execute_job(
            dg.reconstructable(deliver_report), instance=instance, run_config={"ops": config}, raise_on_error=True
        ) as result:
            assert result.success
            records = instance.get_records_for_run(result.run_id, limit=1000).records

    there = tmp_path / "delivery"
    assert sorted(path.name for path in there.iterdir()) == ["2010-W49-ratings.csv", "2010-W49.csv", "2010-W49.html"]
    page = lake.file(WeeklySalesReport.contract.path, {"week": MONDAY}, PAGE)
    assert (there / "2010-W49.html").read_bytes() == page
    table = pl.read_csv(io.BytesIO((there / "2010-W49.csv").read_bytes()), infer_schema=False)
    assert table.filter(pl.col("channel") == "wholesale")["revenue"].to_list() == ["1234.500"]
    assert (there / "2010-W49-ratings.csv").read_text() == "sku,posts,average_rating\nA,2,4.5\n"
    for path in there.iterdir():
        assert b"Secret" not in path.read_bytes()

    started = events(records, "STEP_START")
    ended = events(records, "STEP_SUCCESS")
    assert set(started) == {"download", "transform", "anonymise", "copy"}
    assert ended["download"] <= min(started["transform"], started["anonymise"])
    assert started["copy"] >= max(ended["transform"], ended["anonymise"])
    assert len(set(processes(records).values())) == 4, "each step in a process of its own"
    launched = events(records, "STEP_WORKER_STARTING")
    assert max(launched["transform"], launched["anonymise"]) < min(ended["transform"], ended["anonymise"]), (
        "the two in the middle run side by side"
    )


def events(records: Any, kind: str) -> dict[str, float]:
    """When each step got so far."""
    entries = [record.event_log_entry for record in records]
    return {
        str(entry.step_key): entry.timestamp
        for entry in entries
        if entry.dagster_event is not None and entry.dagster_event.event_type_value == kind
    }


def processes(records: Any) -> dict[str, str]:
    """The process of each step."""
    found = {}
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is not None and event.event_type_value == "STEP_WORKER_STARTED":
            found[str(event.step_key)] = str(event.engine_event_data.metadata["pid"].value)
    return found


def test_a_report_that_is_not_there_is_told(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        config = {name: {"config": {"monday": MONDAY}} for name in ("download", "copy")}
        result = deliver_report().execute_in_process(
            run_config={"ops": config}, instance=instance, raise_on_error=False
        )
    [event] = [event for event in result.get_step_failure_events() if event.step_key == "download"]
    assert event.step_failure_data.error is not None
    assert f"gold/weekly_sales_report are not in the lake {lake.store.uri}: {MONDAY}" in str(
        event.step_failure_data.error
    )


# The sensor


class Watch:
    """The sensor, tick by tick, with its cursor."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.cursor: str | None = None
        self.started: set[str] = set()

    def tick(self) -> list[dict[str, Any]]:
        from reporting.definitions import defs

        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, repository_def=defs().get_repository_def()
        ) as context:
            result = report_published.evaluate_tick(context)
        self.cursor = result.cursor
        new = [request for request in result.run_requests or [] if request.run_key not in self.started]
        self.started |= {str(request.run_key) for request in new}
        return [dict(request.run_config) for request in new]


def delivered(configs: list[dict[str, Any]]) -> list[str]:
    """The weeks that runs deliver: both ops are told the same."""
    for config in configs:
        assert config["ops"]["download"] == config["ops"]["copy"]
    return [config["ops"]["copy"]["config"]["monday"] for config in configs]


def test_a_published_report_is_delivered_once(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        assert watch.tick() == []
        report(lake, instance)
        [config] = watch.tick()
        assert config["ops"] == {name: {"config": {"monday": MONDAY}} for name in ("download", "copy")}
        assert watch.tick() == []


def test_a_report_that_is_corrected_and_corrected_back_is_delivered_each_time(lake: Lake) -> None:
    """Its destination would else keep the correction; and a page changes with more than the table's figures."""
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        for amount in ("1.000", "2.000", "1.000"):
            put(lake, DailyRevenue.contract.path, "2010-12-07", revenue("2010-12-07", amount))
            report(lake, instance)
            assert delivered(watch.tick()) == [MONDAY]


def test_every_week_that_one_run_has_written_is_delivered(lake: Lake) -> None:
    """A corrected day changes its own week and what the next one says of the week before."""
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        report(lake, instance, "2010-12-20")
        assert delivered(watch.tick()) == ["2010-12-20"]
        report(lake, instance, MONDAY, "2010-12-13")
        assert sorted(delivered(watch.tick())) == [MONDAY, "2010-12-13"]
        assert watch.tick() == []


def test_a_week_that_was_written_twice_meanwhile_is_delivered_once(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        report(lake, instance, "2010-12-20")
        watch.tick()
        report(lake, instance, MONDAY)
        report(lake, instance, MONDAY, "2010-12-13")
        assert sorted(delivered(watch.tick())) == [MONDAY, "2010-12-13"]


def test_the_first_look_at_many_reports_delivers_the_latest_week_whatever_was_written_last(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        report(lake, instance, MONDAY, "2010-12-20")
        report(lake, instance, MONDAY)
        assert delivered(watch.tick()) == ["2010-12-20"]
        assert watch.tick() == [], "those before it are history"
        report(lake, instance, MONDAY)
        assert delivered(watch.tick()) == [MONDAY]


def test_a_cursor_that_was_lost_delivers_nothing_twice(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        report(lake, instance)
        assert delivered(watch.tick()) == [MONDAY]
        watch.cursor = None
        assert watch.tick() == []


def test_many_weeks_are_a_bounded_number_of_runs_a_tick_and_none_is_forgotten() -> None:
    weeks = [(dt.date(2011, 1, 3) + dt.timedelta(weeks=n)).isoformat() for n in range(MAX_RUNS + 5)]
    newest = {week: 100 + event for event, week in enumerate(reversed(weeks))}
    first = to_deliver(newest, 100)
    assert list(first) == weeks[-2 : -2 - MAX_RUNS : -1], "in the order in which they were written; 100 was looked at"
    rest = to_deliver(newest, max(first.values()))
    assert list(first) + list(rest) == weeks[-2::-1]
    assert to_deliver(newest, max(rest.values())) == {}
