"""The pure history of the shop: what is in it, and that it is the same everywhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from demo.database import Happenings, Timeline
from demo.database.customers import UNKNOWN_IDS, CustomerBook
from demo.settings import Calendar
from demo.wholesale import Product

SEED = 7
PRODUCTS = [Product(f"{20000 + n}", f"THING {n}", "other", Decimal(n * 25 + 30) / 100, 200 - n) for n in range(80)]
CALENDAR = Calendar(date(2010, 12, 1), date(2011, 1, 31))
LATER = CALENDAR.closing + timedelta(days=10)


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return Timeline(SEED, CALENDAR, PRODUCTS)


@pytest.fixture(scope="module")
def everything(timeline: Timeline) -> Happenings:
    return timeline.between(CALENDAR.opening, LATER)


def test_the_history_of_a_seed_never_changes(timeline: Timeline, everything: Happenings) -> None:
    """Pinned, so that another Python version or an innocent edit cannot change every shop."""
    text = repr((timeline.opening(), asdict(everything)))
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "470c8b1506d701d63e716f1755a4d9fb11b185493c02c9a26691cee7fa1e4964"
    )


def test_another_seed_is_another_shop(everything: Happenings) -> None:
    other = Timeline(SEED + 1, CALENDAR, PRODUCTS).between(CALENDAR.opening, LATER)
    assert other.orders != everything.orders


def test_a_longer_calendar_only_adds(timeline: Timeline) -> None:
    longer = Timeline(SEED, Calendar(CALENDAR.first_day, date(2011, 3, 31)), PRODUCTS)
    window = (CALENDAR.opening, CALENDAR.closing)
    assert longer.between(*window) == timeline.between(*window)
    assert longer.opening() == timeline.opening()


def test_a_calendar_without_end_only_adds_too(timeline: Timeline) -> None:
    endless = Timeline(SEED, Calendar.without_end(CALENDAR.first_day), PRODUCTS)
    window = (CALENDAR.opening, CALENDAR.closing)
    years_later = datetime(2015, 6, 1), datetime(2015, 6, 2)
    assert endless.between(*years_later).orders
    assert endless.between(*window) == timeline.between(*window)
    day_by_day = Timeline(SEED, Calendar.without_end(CALENDAR.first_day), PRODUCTS)
    assert day_by_day.between(*window) == endless.between(*window)
    assert day_by_day.between(*years_later) == endless.between(*years_later)


def test_nothing_happens_outside_the_calendar(timeline: Timeline) -> None:
    assert timeline.between(datetime(2009, 1, 1), CALENDAR.opening) == Happenings()
    assert timeline.between(LATER, datetime(2012, 1, 1)) == Happenings()
    tail = timeline.between(CALENDAR.closing, LATER)
    assert not tail.orders
    assert tail.deletions
    assert tail.corrections


def test_days_hold_what_the_whole_window_holds(timeline: Timeline, everything: Happenings) -> None:
    """Also what comes days after its order: the last possible deletion is in a later window."""
    found: dict[str, list[str]] = {name: [] for name in asdict(everything)}
    moment = CALENDAR.opening
    while moment < LATER:
        for name, rows in asdict(timeline.between(moment, moment + timedelta(days=1))).items():
            found[name] += map(str, rows)
        moment += timedelta(days=1)
    for name, rows in asdict(everything).items():
        if name != "customer_changes":  # merged by customer, as the database tests show
            assert sorted(found[name]) == sorted(map(str, rows)), name


def test_a_day_has_40_to_80_orders_with_a_weekday_pattern(everything: Happenings) -> None:
    a_day = Counter(order["ordered_at"].date() for order in everything.orders)
    assert set(a_day) == set(CALENDAR)
    assert all(40 <= count <= 80 for count in a_day.values())
    weekdays: Counter[int] = Counter()
    for day, count in a_day.items():
        weekdays[day.weekday()] += count
    assert weekdays[6] > weekdays[4] > weekdays[5]


def test_ids_rise_with_time_and_lines_are_numbered(everything: Happenings) -> None:
    ids = [order["order_id"] for order in everything.orders]
    assert ids == sorted(set(ids))
    times = [order["ordered_at"] for order in everything.orders]
    assert times == sorted(times)
    lines = Counter(line["order_id"] for line in everything.order_lines)
    assert set(lines) == set(ids)
    assert set(lines.values()) == {1, 2, 3, 4, 5, 6}
    keys = {(line["order_id"], line["line_no"]) for line in everything.order_lines}
    assert len(keys) == len(everything.order_lines)


def test_a_few_orders_name_what_does_not_exist(timeline: Timeline, everything: Happenings) -> None:
    known = {row["customer_id"] for row in timeline.opening()["shop.customers"]}
    known |= {row["customer_id"] for row in everything.customers}
    strangers = [row for row in everything.orders if row["customer_id"] not in known]
    assert 0.004 < len(strangers) / len(everything.orders) < 0.025
    assert {row["customer_id"] for row in strangers} <= set(UNKNOWN_IDS)
    skus = {product.sku for product in PRODUCTS}
    unknown = [row for row in everything.order_lines if row["sku"] not in skus]
    assert 0.002 < len(unknown) / len(everything.order_lines) < 0.01


def test_corrections_change_a_quantity_one_to_three_days_later(everything: Happenings) -> None:
    lines = {(line["order_id"], line["line_no"]): line for line in everything.order_lines}
    assert len(everything.corrections) > 50
    for correction in everything.corrections:
        line = lines[correction["order_id"], correction["line_no"]]
        assert correction["quantity"] != line["quantity"]
        assert correction["quantity"] > 0
        days = (correction["updated_at"].date() - line["ordered_at"].date()).days
        assert 1 <= days <= 3


def test_an_order_has_at_most_one_fate(everything: Happenings) -> None:
    fates = Counter(
        row["order_id"]
        for rows in (everything.corrections, everything.cancellations, everything.deletions)
        for row in rows
    )
    assert set(fates.values()) == {1}
    placed = {order["order_id"]: order["ordered_at"] for order in everything.orders}
    for cancelled in everything.cancellations:
        waited = cancelled["updated_at"] - placed[cancelled["order_id"]]
        assert timedelta(0) < waited <= timedelta(hours=36)


def test_deletions_come_two_to_five_days_later(timeline: Timeline, everything: Happenings) -> None:
    days = set()
    ids = {row["order_id"] for row in everything.deletions}
    for order in everything.orders:
        if order["order_id"] in ids:
            day = order["ordered_at"].date()
            for later in range(8):
                start = datetime.combine(day + timedelta(days=later), datetime.min.time())
                gone = timeline.between(start, start + timedelta(days=1)).deletions
                if {"order_id": order["order_id"]} in gone:
                    days.add(later)
        if len(days) == 4:
            break
    assert days <= {2, 3, 4, 5}
    assert len(days) >= 3


def test_prices_are_exact_and_trade_pays_less(everything: Happenings) -> None:
    prices = {product.sku: product.unit_price for product in PRODUCTS}
    shares = {
        (line["unit_price"] / prices[line["sku"]]).quantize(Decimal("0.01"))
        for line in everything.order_lines
        if line["sku"] in prices
    }
    assert shares == {Decimal("1.00"), Decimal("0.90")}
    assert all(
        isinstance(line["unit_price"], Decimal) and -line["unit_price"].as_tuple().exponent <= 3  # type: ignore[operator]
        for line in everything.order_lines
    )


def test_every_change_of_a_customer_is_one() -> None:
    book = CustomerBook(SEED, CALENDAR)
    book.write(CALENDAR.last_day)
    current = {row.customer_id: row.row() for row in [*book.initial, *book.sign_ups]}
    assert len({change.column for change in book.changes}) == 3
    for change in book.changes:
        assert current[change.customer_id][change.column] != change.value
        current[change.customer_id][change.column] = change.value
    emails = {row["email"] for row in current.values()}
    assert len(emails) == len(current)
    assert all(email.isascii() and email.endswith("@example.com") for email in emails)


def test_closed_customers_do_not_order(everything: Happenings) -> None:
    book = CustomerBook(SEED, CALENDAR)
    status = {day: {c.customer_id: c.status for c in book.on(day)} for day in CALENDAR}
    seen = {status[order["ordered_at"].date()].get(order["customer_id"]) for order in everything.orders}
    assert seen == {"active", "dormant", None}
