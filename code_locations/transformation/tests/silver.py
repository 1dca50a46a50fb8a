"""The web shop's tables in a lake of a test's own, and real runs of what is made from them."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from contracts.calendar import calendar
from contracts.shop import (
    OrdersEnriched,
    ShopCustomers,
    ShopOrderLines,
    ShopOrders,
    ShopProducts,
)
from slipway.automation.ranges import RANGE_END, RANGE_START
from slipway.lake import Draft, Lake, LakeIOManager, LakeSettings
from slipway.lake.frames import conform, to_arrow
from slipway.quality import Table, declared_tables
from transformation.defs.customers.assets import active_customers, customers
from transformation.defs.orders.assets import orders_enriched
from transformation.defs.orders.sensors import changed_customers_and_products
from transformation.pseudonyms import Pseudonyms

DAYS = list(calendar.days.get_partition_keys())
_NOW = dt.datetime(2011, 1, 31, 12)
_USUAL: dict[type[Table], dict[str, Any]] = {
    ShopCustomers: {
        "customer_id": 1,
        "name": "Ada Byron",
        "email": "ada@example.com",
        "segment": "consumer",
        "city": "London",
        "country": "United Kingdom",
        "status": "active",
        "signed_up_on": dt.date(2010, 1, 1),
        "updated_at": _NOW,
    },
    ShopProducts: {
        "sku": "A",
        "description": "A THING",
        "category": "things",
        "unit_price": Decimal("2.000"),
        "updated_at": _NOW,
    },
    ShopOrders: {
        "order_id": 1,
        "customer_id": 1,
        "ordered_at": dt.datetime(2010, 12, 1, 10),
        "status": "paid",
        "updated_at": _NOW,
    },
    ShopOrderLines: {
        "order_id": 1,
        "line_no": 1,
        "sku": "A",
        "quantity": 3,
        "unit_price": Decimal("2.500"),
        "ordered_at": dt.datetime(2010, 12, 1, 10),
        "updated_at": _NOW,
    },
}


def rows(table: type[Table], *changes: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table as its asset would read them, each bent by its changes."""
    frame = pl.DataFrame([{**_USUAL[table], **change} for change in changes], infer_schema_length=None)
    if not changes:
        return typed(table.contract.arrow_schema.empty_table())
    return typed(conform(to_arrow(frame)[0], table.contract.arrow_schema, table.contract.key_text))


def typed(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


@dataclass
class Silver:
    """A lake with the shop's tables, and an instance."""

    lake: Lake
    instance: dg.DagsterInstance
    cursor: str | None = None
    started: set[str] = field(default_factory=set)
    _runs: Iterator[int] = field(default_factory=itertools.count)

    @property
    def resources(self) -> dict[str, Any]:
        return {"io_manager": LakeIOManager(self.lake, "silver"), "pseudonyms": Pseudonyms()}

    def put(self, table: type[Table], *changes: dict[str, Any], day: str | None = None) -> None:
        """Store rows as another location's asset would have."""
        dims = {"day": day} if day else {}
        frame = to_arrow(rows(table, *changes))[0]
        self.lake.publish(Draft(table.contract.path, (day, dims), frame), run_id=f"put-{next(self._runs)}")

    def orders(self, day: str, *pairs: tuple[int | None, str], first_order: int = 1) -> None:
        """A day's orders of one line each: (customer, sku)."""
        numbered = list(enumerate(pairs, start=first_order))
        self.put(ShopOrders, *({"order_id": n, "customer_id": customer} for n, (customer, _) in numbered), day=day)
        self.put(ShopOrderLines, *({"order_id": n, "sku": sku} for n, (_, sku) in numbered), day=day)

    def customers(self, **segments: str) -> None:
        """The customers c1, c2, ... with their segments, through to silver."""
        self.put(ShopCustomers, *({"customer_id": int(c[1:]), "segment": s} for c, s in segments.items()))
        assert self.materialize(customers, active_customers).success

    def products(self, **categories: str) -> None:
        self.put(ShopProducts, *({"sku": sku, "category": category} for sku, category in categories.items()))

    def materialize(self, *assets: Any, span: tuple[str, str] | None = None) -> dg.ExecuteInProcessResult:
        tags = {RANGE_START: span[0], RANGE_END: span[1]} if span else {}
        return dg.materialize(
            list(assets), resources=self.resources, instance=self.instance, tags=tags, raise_on_error=False
        )

    def enrich(self, first: str, last: str) -> None:
        assert self.materialize(orders_enriched, span=(first, last)).success

    def read(self, table: type[Table], day: str | None = None) -> pl.DataFrame:
        dims = {"day": day} if day else {}
        return typed(self.lake.load(table.contract.path, [(day, dims)]).table(dimensions=False))

    def segments(self, day: str) -> list[str]:
        return self.read(OrdersEnriched, day)["segment"].to_list()

    def tick(self) -> list[tuple[str, str]]:
        """One look of the sensor: stretches that the daemon would start, which starts no run key twice."""
        return stretches(self._requests())

    def tick_and_run(self) -> list[tuple[str, str]]:
        requests = self._requests()
        for request in requests:
            self.enrich(request.tags[RANGE_START], request.tags[RANGE_END])
        return stretches(requests)

    def _requests(self) -> Sequence[dg.RunRequest]:
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources=self.resources) as context:
            result = changed_customers_and_products.evaluate_tick(context)
        self.cursor = result.cursor
        new = [request for request in result.run_requests or [] if request.run_key not in self.started]
        self.started |= {str(request.run_key) for request in new}
        return new


def stretches(requests: Sequence[dg.RunRequest]) -> list[tuple[str, str]]:
    return [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in requests]


@contextmanager
def silver_in(folder: Path) -> Iterator[Silver]:
    tables = {contract.path: contract for contract in declared_tables()}
    logging.disable(logging.ERROR)  # Dagster's event log on standard error
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            yield Silver(Lake(LakeSettings.parse(str(folder / "lake")), tables), instance)
    finally:
        logging.disable(logging.NOTSET)
