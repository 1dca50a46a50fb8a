"""New categories become partitions by themselves."""

import dagster as dg
import polars as pl

from contracts.revenue import RevenueByCategory, categories
from contracts.shop import UNKNOWN, ShopProducts
from slipway.lake import Lake, LakeIOManager, PartitionKeyError
from slipway.lake.partitions import check_dimension_key


def categories_on_record(lake: Lake) -> list[str]:
    """Every category that a product has, and that of products not on record; none before the first load."""
    if lake.provenance(ShopProducts.contract.path, {}) is None:
        return []
    loaded = lake.load(ShopProducts.contract.path, [(None, {})], columns=("category",))
    found = pl.from_arrow(loaded.table(dimensions=False))
    assert isinstance(found, pl.DataFrame)
    return sorted({UNKNOWN, *found["category"].unique().to_list()})


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    required_resource_keys={"io_manager"},
    target=dg.AssetSelection.assets(RevenueByCategory.contract.key),
)
def new_categories(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Adds a partition for each category that has turned up in the shop's products."""
    manager: LakeIOManager = context.resources.io_manager
    known = set(context.instance.get_dynamic_partitions(categories.name or ""))
    usable, refused = [], []
    for category in categories_on_record(manager.lake):
        try:
            usable.append(check_dimension_key(category))
        except PartitionKeyError as error:
            refused.append(str(error))
    new = [category for category in usable if category not in known]
    # The usable ones first: one category that cannot be a key must not keep the others out.
    if refused and not new:
        raise PartitionKeyError("; ".join(refused))
    if not new:
        return dg.SkipReason("No new category.")
    return dg.SensorResult(dynamic_partitions_requests=[categories.build_add_request(new)])
