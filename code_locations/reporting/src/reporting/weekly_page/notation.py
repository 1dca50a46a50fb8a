"""How numbers and dates are written: British notation, independent of the machine's locale."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Context, Decimal

NOTHING = "\u2013"
MINUS = "\u2212"

# Wide enough for every amount that the model accepts; the caller's context must not decide
# about pennies.
EXACT = Context(prec=90, rounding=ROUND_HALF_UP)

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_POWERS = ((12, "tn"), (9, "bn"), (6, "m"), (3, "k"))

# What XML 1.0 cannot hold, and what would end a line inside a cell.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def amount(value: Decimal | None) -> str:
    """`1234.5` as `1,234.50`; half a penny is rounded away from zero, a minus is U+2212."""
    if value is None:
        return NOTHING
    return _with_sign(_to_places(value, 2), "")


def pounds(value: Decimal | None) -> str:
    return NOTHING if value is None else _with_sign(_to_places(value, 2), "£")


def change_in_pounds(value: Decimal | None) -> str:
    return NOTHING if value is None else _with_sign(_to_places(value, 2), "£", plus="+")


def change_in_amount(value: Decimal | None) -> str:
    return NOTHING if value is None else _with_sign(_to_places(value, 2), "", plus="+")


def count(value: int | Decimal | None) -> str:
    return NOTHING if value is None else _with_sign(_to_places(Decimal(value), 0), "")


def change_in_count(value: int | Decimal | None) -> str:
    return NOTHING if value is None else _with_sign(_to_places(Decimal(value), 0), "", plus="+")


def percent(ratio: Decimal | None) -> str:
    """`0.1234` as `12.3%`; what is not zero is never shown as zero."""
    if ratio is None:
        return NOTHING
    if 0 < abs(ratio) < Decimal("0.0005"):
        return f"{MINUS if ratio < 0 else ''}<0.1%"
    return _with_sign(_to_places(ratio * 100, 1), "") + "%"


def change_in_percent(ratio: Decimal | None) -> str:
    text = percent(ratio)
    return f"+{text}" if ratio is not None and ratio > 0 else text


def compact_pounds(value: Decimal) -> str:
    """For an axis: `£0`, `£2.5k`, `£40m`. At most three figures are expected to matter."""
    size = abs(value)
    for power, suffix in _POWERS:
        if size >= Decimal(10) ** power:
            if size >= Decimal(10) ** (power + 3):
                break
            return _with_sign(value.scaleb(-power).normalize(), "£") + suffix
    if size >= 1000:
        return _with_sign(Decimal(f"{value:.1e}").scaleb(-value.adjusted()).normalize(), "£") + (f"e{value.adjusted()}")
    return _with_sign(value.normalize(), "£")


def rate(value: Decimal) -> str:
    """An exchange rate with its first four decimals, or four figures of a very small one."""
    places = 4 if value >= Decimal("0.1") else 3 - value.adjusted()
    return _with_sign(_to_places(value, places), "")


def weekday(day: dt.date) -> str:
    return _DAYS[day.weekday()]


def day_and_month(day: dt.date) -> str:
    return f"{day.day}\u00a0{_MONTHS[day.month - 1]}"


def weekday_and_date(day: dt.date) -> str:
    return f"{weekday(day)} {day_and_month(day)}"


def week_range(monday: dt.date) -> str:
    """`6-12 December 2010`, with an en dash; month and year are repeated where they differ."""
    sunday = monday + dt.timedelta(days=6)
    if monday.month == sunday.month:
        return f"{monday.day}\u2013{day_and_month(sunday)} {sunday.year}"
    if monday.year == sunday.year:
        return f"{day_and_month(monday)} \u2013 {day_and_month(sunday)} {sunday.year}"
    return f"{day_and_month(monday)} {monday.year} \u2013 {day_and_month(sunday)} {sunday.year}"


def moment(value: dt.datetime) -> str:
    """A time of day with its offset; without one, nothing is said about the zone."""
    text = f"{day_and_month(value)} {value.year}, {value.hour:02d}:{value.minute:02d}"
    offset = value.utcoffset()
    if offset is None:
        return text
    if not offset:
        return f"{text} UTC"
    sign, minutes = ("+", offset) if offset > dt.timedelta(0) else (MINUS, -offset)
    hours, rest = divmod(int(minutes.total_seconds()) // 60, 60)
    return f"{text} UTC{sign}{hours:02d}:{rest:02d}"


def plural(number: int, one: str, many: str) -> str:
    return f"{count(number)} {one if number == 1 else many}"


def enumerate_in_words(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def printable(text: str) -> str:
    """Text without what a well-formed page cannot hold, each replaced by U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _to_places(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=EXACT)


def _with_sign(value: Decimal, symbol: str, plus: str = "") -> str:
    # A rounded amount can be a negative zero, which is nothing.
    sign = "" if value == 0 else MINUS if value < 0 else plus
    return f"{sign}{symbol}{abs(value):,f}"
