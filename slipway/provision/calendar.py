"""The calendar of the first start: it is settled once, because what is in the lake depends on it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from slipway.provision.errors import ProvisionError
from slipway.provision.settings import ProvisionSettings

RECORDED_FIRST = dt.date(2010, 12, 1)
RECORDED_LAST = dt.date(2011, 1, 31)
"""The days that the demo shop has on record (demo/data/README.md)."""


def settle(settings: ProvisionSettings, record: Path, today: dt.date) -> dict[str, str]:
    """The calendar's variables, from the record of the first start or, then, from today.

    With the shop's recent dates, the recorded days are shifted by whole weeks, so that all but the last seven of them
    lie in the past.

    Raises:
        ProvisionError: another calendar is asked for than the stack was started with.
    """
    earlier = dict(line.split("=", 1) for line in record.read_text().splitlines()) if record.exists() else {}
    asked = settings.first_day or (settings.shop and settings.original_dates)
    wanted = _wanted(settings, today) if not earlier or asked else earlier
    if earlier and earlier["SLIPWAY_FIRST_DAY"] != wanted["SLIPWAY_FIRST_DAY"]:
        raise ProvisionError(
            f"The stack was started with SLIPWAY_FIRST_DAY={earlier['SLIPWAY_FIRST_DAY']}, and now "
            f"{wanted['SLIPWAY_FIRST_DAY']} is asked for: its partitions begin there. Leave that setting as it was, or "
            "begin anew with `docker compose down --volumes`, which removes all data."
        )
    temporary = record.with_name(f".{record.name}.new")
    temporary.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
    temporary.replace(record)
    return wanted


def shifted_first_day(today: dt.date) -> dt.date:
    """The first day, once the recorded days are shifted by whole weeks so that the last one lies one to seven days
    after yesterday."""
    yesterday = today - dt.timedelta(days=1)
    weeks = (yesterday - RECORDED_LAST).days // 7 + 1
    return RECORDED_FIRST + dt.timedelta(weeks=weeks)


def _wanted(settings: ProvisionSettings, today: dt.date) -> dict[str, str]:
    if settings.first_day:
        first, last = settings.first_day, settings.last_day
    elif settings.shop and settings.original_dates:
        first, last = RECORDED_FIRST.isoformat(), RECORDED_LAST.isoformat()
    elif settings.shop:
        first, last = shifted_first_day(today).isoformat(), None
    else:
        first, last = today.isoformat(), settings.last_day
    for variable, day in (("SLIPWAY_FIRST_DAY", first), ("SLIPWAY_LAST_DAY", last)):
        if day and not is_day(day):
            raise ProvisionError(f"{variable} is {day!r}: expected a day such as 2026-01-01.")
    if last and last < first:
        raise ProvisionError(
            f"SLIPWAY_LAST_DAY is {last}, before SLIPWAY_FIRST_DAY {first}: expected a day on or after it, or none."
        )
    return {"SLIPWAY_FIRST_DAY": first, **({"SLIPWAY_LAST_DAY": last} if last else {})}


def is_day(text: str) -> bool:
    """Whether a text is a day as all readers of the calendar's variables take it: 2026-01-01."""
    try:
        # Python reads 20260101 and 2026-W01-1 too, which other readers need not.
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
