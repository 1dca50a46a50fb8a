"""New categories become partitions by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from contracts.revenue import categories
from contracts.shop import ShopProducts
from reporting.defs.revenue.sensors import categories_on_record, new_categories
from slipway.lake import Draft, Lake, LakeIOManager, LakeSettings, PartitionKeyError
from slipway.lake.frames import to_arrow
from slipway.quality import declared_tables


class Shop:
    """A lake that knows the shop's products, and an instance that keeps categories."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        tables = {contract.path: contract for contract in declared_tables()}
        self.lake = Lake(LakeSettings.parse(str(folder)), tables)
        self.instance = instance

    def sells(self, *found: str) -> None:
        frame = pl.DataFrame(
            {
                "sku": [f"S{number}" for number in range(len(found))],
                "description": None,
                "category": list(found),
                "unit_price": 1,
                "updated_at": pl.Series([0] * len(found), dtype=pl.Datetime("us")),
            }
        )
        self.lake.publish(Draft(ShopProducts.contract.path, (None, {}), to_arrow(frame)[0]), run_id="r")

    def tick(self) -> list[str]:
        """What the sensor adds; added as the daemon would."""
        resources = {"io_manager": LakeIOManager(self.lake, "gold")}
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            result = new_categories.evaluate_tick(context)
        assert not result.run_requests
        added: list[str] = []
        for request in result.dynamic_partitions_requests or []:
            assert isinstance(request, dg.AddDynamicPartitionsRequest)
            assert request.partitions_def_name == categories.name
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
            added += request.partition_keys
        return added

    @property
    def known(self) -> Sequence[str]:
        return sorted(self.instance.get_dynamic_partitions(str(categories.name)))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Shop(tmp_path / "lake", instance)


def test_before_the_first_load_there_is_nothing_to_add(shop: Shop) -> None:
    assert categories_on_record(shop.lake) == []
    assert shop.tick() == []


def test_each_category_is_added_once_with_one_for_products_not_on_record(shop: Shop) -> None:
    shop.sells("lamps", "bags", "lamps")
    assert shop.tick() == ["bags", "lamps", "unknown"]
    assert shop.tick() == []


def test_a_new_category_needs_no_deploy(shop: Shop) -> None:
    shop.sells("lamps")
    shop.tick()
    shop.sells("lamps", "clocks & watches", "Möbel")
    assert shop.tick() == ["Möbel", "clocks & watches"]


def test_a_category_that_is_gone_stays_because_its_days_are_there(shop: Shop) -> None:
    shop.sells("lamps", "bags")
    shop.tick()
    shop.sells("lamps")
    assert shop.tick() == []
    assert shop.known == ["bags", "lamps", "unknown"]


def test_a_category_that_cannot_be_a_key_is_told_and_keeps_no_other_out(shop: Shop) -> None:
    shop.sells("lamps", "bags | boxes", "clocks")
    assert shop.tick() == ["clocks", "lamps", "unknown"]
    with pytest.raises(PartitionKeyError, match=r"Expected a key without \|, found 'bags \| boxes'"):
        shop.tick()


def test_no_products_at_all(shop: Shop) -> None:
    shop.sells()
    assert shop.tick() == ["unknown"]
