"""A change in a source reaches everything that depends on it, over three code locations, and nothing else."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from tests.integration.automation.conftest import FIRST, LAST, ORDERS_UNTIL
from tests.integration.automation.platform import LOCATIONS, Happened, Platform
from tests.integration.automation.source import Shopped

DAYS = [(FIRST + dt.timedelta(days=n)).isoformat() for n in range((LAST - FIRST).days + 1)]
ORDERED = [day for day in DAYS if day <= ORDERS_UNTIL.isoformat()]
WEEKS = ["2010-11-29", "2010-12-06", "2010-12-13"]
DAILY_GOLD = ("gold/daily_revenue", "gold/revenue_by_segment")


def day(number: int) -> dt.date:
    return dt.date(2010, 12, number)


def without_last_lines(content: bytes) -> bytes:
    """A correction: five lines fewer."""
    return b"".join(content.splitlines(keepends=True)[:-5])


def categories(platform: Platform) -> list[str]:
    return sorted(platform.instance.get_dynamic_partitions("category"))


def by_category(platform: Platform, days: list[str], only: list[str] | None = None) -> list[str]:
    return sorted(f"{name}|{each}" for name in only or categories(platform) for each in days)


def gold(platform: Platform, days: list[str], weeks: list[str]) -> dict[str, list[str]]:
    """What a change of these days writes of gold."""
    expected = {
        "daily_revenue": days,
        "revenue_by_category": by_category(platform, days),
        "revenue_by_segment": days,
        "weekly_sales_report": weeks,
    }
    return {asset: partitions for asset, partitions in expected.items() if partitions}


def wholesale(days: list[str]) -> dict[str, list[str]]:
    """What a change of wholesale files writes of bronze, silver and quarantine."""
    names = ("bronze/wholesale_sales", "silver/sales")
    return {name: days for each in names for name in (each, f"quarantine/{each}")}


def below_gold(happened: Happened) -> dict[str, list[str]]:
    return {name: happened.partitions(name) for name in sorted(happened.written) if not name.startswith("gold/")}


def test_from_nothing_the_sensors_bring_up_the_whole_platform(started: Platform) -> None:
    happened = started.cold_start
    assert happened is not None
    assert happened.by_layer("bronze") == {
        **dict.fromkeys(("comments", "exchange_rates", "posts", "users", "wholesale_sales"), DAYS),
        **dict.fromkeys(("shop/order_lines", "shop/orders"), ORDERED),
        **{key: [""] for key in ("shop/customers", "shop/products", "warehouse/stock")},
    }
    assert happened.by_layer("silver") == {
        "sales": DAYS,
        "orders_enriched": ORDERED,
        **{key: [""] for key in ("customers", "active_customers")},
    }
    # The third week waits for its last days.
    assert happened.by_layer("gold") == gold(started, ORDERED, WEEKS[:2])
    assert not happened.failed()
    assert len(happened.runs) <= 11, list(happened.runs)


def test_nothing_new_starts_nothing(settled: Platform) -> None:
    for _ in range(5):
        settled.round()
    assert settled.happened() == Happened([], {})


def test_a_late_file_flows_to_gold(settled: Platform) -> None:
    """12-13 was taken for a day without trade; its week is not over."""
    settled.shop.deliver([day(13)])
    happened = settled.settle()
    assert below_gold(happened) == wholesale(["2010-12-13"])
    assert happened.by_layer("gold") == gold(settled, ["2010-12-13"], [])
    assert [run.assets for run in happened.runs] == [
        ("bronze/wholesale_sales",),
        ("silver/sales",),
        DAILY_GOLD,
        ("gold/revenue_by_category",),
    ]


def test_a_correction_of_any_day_rebuilds_it_its_week_and_the_one_after(settled: Platform) -> None:
    settled.shop.files.correct(day(2), settled.shop.landing, without_last_lines)
    happened = settled.settle()
    assert below_gold(happened) == wholesale(["2010-12-02"])
    assert happened.by_layer("gold") == gold(settled, ["2010-12-02"], WEEKS[:2])
    assert len(happened.runs) == 5, "one run for both weeks"


def test_the_same_file_again_starts_nothing(settled: Platform) -> None:
    settled.shop.deliver([day(9)])
    assert settled.settle().runs == []


def test_unchanged_content_stops_the_wave(settled: Platform) -> None:
    settled.materialize("ingestion", "bronze/wholesale_sales", "2010-12-09")
    happened = settled.settle()
    assert happened.partitions("bronze/wholesale_sales") == ["2010-12-09"]
    assert len(happened.runs) == 1


def test_several_days_at_once_are_few_runs_and_the_week_publishes_after_its_last_day(settled: Platform) -> None:
    """Six files, the orders of five days, and what is corrected in older orders meanwhile."""
    before = Shopped.of(settled.shop)
    files = [day(number) for number in (14, 15, 16, 17, 19)]  # the 18th is a Saturday
    settled.shop.deliver(files)
    settled.shop.advance(dt.datetime(2010, 12, 20))
    happened = settled.settle()

    after = Shopped.of(settled.shop)
    delivered = [each.isoformat() for each in files]
    ordered = after.days_of_other_orders(before)
    enriched = sorted({*ordered, *after.days_of_other_customers(before)})
    assert set(DAYS[-5:]) <= set(ordered), "the new days are among them"
    assert happened.partitions("bronze/wholesale_sales") == happened.partitions("silver/sales") == delivered
    assert happened.partitions("silver/orders_enriched") == enriched
    # A customer in another segment spends what they have spent: no week has other figures.
    weeks = [week for week, days in _weeks().items() if days & {*delivered, *ordered}]
    assert "2010-12-13" in weeks
    assert happened.by_layer("gold") == gold(settled, sorted({*delivered, *enriched}), weeks)
    assert not happened.failed()
    # How the days are split depends on what is ready when a sensor looks; but it is never a run a day or a partition.
    assert len(happened.runs) <= 40, happened.runs
    assert len(happened.of("gold/revenue_by_category")) <= 5 < len(happened.partitions("gold/revenue_by_category"))


def _weeks() -> dict[str, set[str]]:
    """The days that each week's report reads: its own and those of the week before."""
    return {
        week: {(dt.date.fromisoformat(week) + dt.timedelta(days=n)).isoformat() for n in range(-7, 7)} for week in WEEKS
    }


def test_a_changed_customer_rebuilds_the_days_on_which_they_ordered(settled: Platform) -> None:
    shopped = Shopped.of(settled.shop)
    customer, days = next(
        (row, days)
        for (number,), row in shopped.customers.items()
        if len(days := shopped.days_of_customer(number)) == 2 and row["segment"] != "trade"
    )
    settled.shop.database.change_customer(customer["customer_id"], segment="trade")
    happened = settled.settle()

    assert happened.by_layer("silver") == {"active_customers": [""], "customers": [""], "orders_enriched": days}
    # What the days earned is as before, so no week is written again.
    assert happened.by_layer("gold") == gold(settled, days, [])


def test_a_new_category_needs_no_deploy(settled: Platform) -> None:
    shopped = Shopped.of(settled.shop)
    known = categories(settled)
    sku, days = next((sku, days) for (sku,) in shopped.products if len(days := shopped.days_of_product(sku)) == 2)
    settled.shop.database.change_product(sku, category="garden")
    happened = settled.settle()

    assert categories(settled) == sorted([*known, "garden"])
    assert happened.by_layer("silver") == {"orders_enriched": days}
    new = set(by_category(settled, DAYS, ["garden"]))
    written = happened.written["gold/revenue_by_category"]
    assert set(written) == new | set(by_category(settled, days))
    assert all(count == 1 for partition, count in written.items() if partition not in new), "the others once"
    assert happened.partitions("gold/daily_revenue") == days
    assert not happened.partitions("gold/weekly_sales_report")


def test_a_bad_file_holds_its_day_and_no_other(settled: Platform) -> None:
    files, landing = settled.shop.files, settled.shop.landing
    files.correct(day(7), landing, lambda content: content.replace(b"UnitPrice", b"Price", 1))
    files.correct(day(9), landing, without_last_lines)
    happened = settled.settle()

    [failed] = happened.failed()
    assert (failed.assets, failed.partitions) == (("bronze/wholesale_sales",), "2010-12-07")
    assert "UnitPrice" in settled.why_failed(failed)
    assert below_gold(happened) == wholesale(["2010-12-09"])

    files.correct(day(7), landing, without_last_lines)
    happened = settled.settle()
    assert below_gold(happened) == wholesale(["2010-12-07"])
    assert happened.by_layer("gold") == gold(settled, ["2010-12-07"], WEEKS[1:])


def test_a_failed_blocking_check_holds_its_day_and_is_not_tried_again_until_an_input_changes(
    settled: Platform,
) -> None:
    """Three days change in one look; on one of them the web's revenue becomes negative, which gold refuses."""
    shopped = Shopped.of(settled.shop)
    bad, *good = "2010-12-05", "2010-12-01", "2010-12-08"
    lines = {
        each: next(
            key
            for key, row in shopped.lines.items()
            if row["ordered_at"].date().isoformat() == each and shopped.orders[key[:1]]["status"] != "cancelled"
        )
        for each in (bad, *good)
    }
    for each, (order, line) in lines.items():
        more = shopped.lines[order, line]["quantity"] + 1
        settled.shop.database.correct_line(order, line, quantity=-1_000_000 if each == bad else more)
    happened = settled.settle()

    assert happened.partitions("silver/orders_enriched") == sorted([bad, *good])
    assert happened.partitions("gold/daily_revenue") == sorted(good)
    assert happened.partitions("gold/revenue_by_segment") == sorted(good)
    assert happened.partitions("gold/revenue_by_category") == by_category(settled, sorted(good))
    # The first two weeks read the day that was refused; the third reads one that changed, and not that.
    assert happened.partitions("gold/weekly_sales_report") == WEEKS[2:]
    assert [run.assets for run in happened.failed()] == [DAILY_GOLD], "tried once"
    backfills = {each.backfill_id: each.status.value for each in settled.instance.get_backfills()}
    [failed] = happened.failed()
    assert backfills[failed.tags["dagster/backfill"]] == "COMPLETED_FAILED"
    assert set(backfills.values()) <= {"COMPLETED_SUCCESS", "COMPLETED_FAILED"}

    order, line = lines[bad]
    settled.shop.database.correct_line(order, line, quantity=shopped.lines[order, line]["quantity"] + 1)
    happened = settled.settle()
    assert happened.by_layer("gold") == gold(settled, [bad], WEEKS[:2])
    assert not happened.failed()


def test_a_stopped_automation_sensor_pauses_its_location_and_goes_on_where_it_was(settled: Platform) -> None:
    settled.stop_sensor("reporting", "automation")
    try:
        settled.shop.files.correct(day(13), settled.shop.landing, without_last_lines)
        happened = settled.settle()
        assert below_gold(happened) == wholesale(["2010-12-13"])
        assert happened.by_layer("gold") == {}
    finally:
        settled.start_sensor("reporting", "automation")
    happened = settled.settle()
    assert below_gold(happened) == {}
    assert happened.by_layer("gold") == gold(settled, ["2010-12-13"], WEEKS[2:])


@pytest.mark.parametrize("location", LOCATIONS)
def test_the_automation_runs_from_the_start(started: Platform, location: str) -> None:
    sensor = started.sensor(location, "automation")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.min_interval_seconds == 5
    # Evaluated by the daemon, over all locations: the location's own process would see only its own assets.
    assert sensor.sensor_type.name == "AUTO_MATERIALIZE"


def test_every_asset_is_made_by_its_own_location(started: Platform) -> None:
    made_by = {
        (run.remote_job_origin.location_name, key.path[0])
        for run in started.instance.get_runs()
        for key in run.asset_selection or ()
        if run.remote_job_origin
    }
    assert made_by == {("ingestion", "bronze"), ("transformation", "silver"), ("reporting", "gold")}
