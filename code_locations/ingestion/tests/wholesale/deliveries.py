"""Wholesale files that are delivered, looked at by the sensor and taken by real runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg

from code_locations.ingestion.tests.bronze import RANGE_END, RANGE_START, Bronze, bronze_in
from contracts.calendar import calendar
from contracts.wholesale import COLUMNS
from ingestion.defs.wholesale.assets import wholesale_sales
from ingestion.defs.wholesale.sensors import wholesale_files
from ingestion.landing import Landing

KEY = "bronze/wholesale_sales"
QUARANTINE = f"quarantine/{KEY}"
DAYS = list(calendar.days.get_partition_keys())
HEADER = ",".join(COLUMNS)


def line(day: str, number: int = 1, **changes: str) -> str:
    """A line of a file, each with an invoice of its own; worth 2 x 1.50 if nothing else is said."""
    values = {
        "InvoiceNo": f"{536000 + number}",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART",
        "Quantity": "2",
        "InvoiceDate": f"{day} 08:26:00",
        "UnitPrice": "1.50",
        "CustomerID": "17850",
        "Country": "United Kingdom",
        **changes,
    }
    return ",".join(values[name] for name in COLUMNS)


def content(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(f"{text}{end}" for text in (header, *lines)).encode()


def good_lines(day: str, count: int) -> list[str]:
    return [line(day, number) for number in range(count)]


@dataclass(frozen=True)
class Tick:
    """What one evaluation of the sensor starts, and what it says if that is nothing."""

    requests: Sequence[dg.RunRequest]
    message: str

    @property
    def stretches(self) -> list[tuple[str, str]]:
        return [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in self.requests]


@dataclass
class Deliveries:
    """A landing folder and what has become of its files.

    Attributes:
        cursor: the sensor's, as the daemon keeps it from tick to tick.
        started: run keys that have started a run, which the daemon never starts twice.
    """

    landing_folder: Path
    bronze: Bronze
    cursor: str | None = None
    started: set[str] = field(default_factory=set)

    @property
    def landing(self) -> Landing:
        found = self.bronze.resources["landing"]
        assert isinstance(found, Landing)
        return found

    def configure(self, **changes: Any) -> None:
        self.bronze.resources["landing"] = Landing(
            **{"address": str(self.landing_folder), "settle_seconds": 0.0, **changes}
        )

    # -- files

    def path(self, day: str) -> Path:
        return self.landing_folder / f"online_retail_{day}.csv"

    def deliver(self, day: str, data: bytes, age_seconds: float = 0.0) -> Path:
        """Put a file in its place in one step, as if it had been written some time ago."""
        temporary = self.landing_folder / ".new"
        temporary.write_bytes(data)
        moment = time.time() - age_seconds
        os.utime(temporary, (moment, moment))
        return temporary.replace(self.path(day))

    # -- runs

    def take(self, *days: str) -> dg.ExecuteInProcessResult:
        """Materialize a stretch of days; a failure is in the result."""
        return self.bronze.materialize([wholesale_sales], span=(days[0], days[-1]))

    # -- the sensor

    def knows(self, *but: str) -> None:
        """Let the sensor know of every day but these that there is no file."""
        seen = ",".join(f'"{day}":""' for day in DAYS if day not in but)
        self.cursor = f'{{"seen":{{{seen}}},"asked":{{}}}}'

    def tick(self) -> Tick:
        """One evaluation of the sensor, and what the daemon does with it: no run key starts twice."""
        with dg.build_sensor_context(
            instance=self.bronze.instance, cursor=self.cursor, resources=self.bronze.all_resources
        ) as context:
            result = wholesale_files.evaluate_tick(context)
        self.cursor = result.cursor
        new = [request for request in result.run_requests or [] if request.run_key not in self.started]
        self.started |= {str(request.run_key) for request in new}
        return Tick(new, result.skip_message or "")

    def tick_and_run(self) -> list[tuple[str, str]]:
        """One evaluation, and the runs that it asks for; their stretches of days."""
        tick = self.tick()
        for request in tick.requests:
            self.run(request)
        return tick.stretches

    def run(self, request: dg.RunRequest) -> None:
        self.bronze.request([wholesale_sales], request)

    # -- what there is

    def total(self, day: str) -> Decimal:
        return sum(
            (Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in self.bronze.rows(KEY, day)), Decimal(0)
        )

    def quarantine(self, day: str) -> list[tuple[int, str]]:
        """Line and rule of each line that was set aside."""
        return [(row["source_line"], row["rule"]) for row in self.bronze.rows(QUARANTINE, day)]

    def metadata(self, day: str) -> dict[str, Any]:
        """Metadata of a day's newest materialization."""
        wanted = dg.AssetRecordsFilter(dg.AssetKey(KEY.split("/")), asset_partitions=[day])
        [record] = self.bronze.instance.fetch_materializations(wanted, limit=1).records
        assert record.asset_materialization is not None
        return {name: value.value for name, value in record.asset_materialization.metadata.items()}


@contextmanager
def deliveries_in(folder: Path) -> Iterator[Deliveries]:
    landing = folder / "landing"
    landing.mkdir()
    with bronze_in(folder) as bronze:
        deliveries = Deliveries(landing, bronze)
        deliveries.configure()
        yield deliveries
