"""A changed customer or product rebuilds the days on which it was ordered, and no others."""

import dagster as dg
import polars as pl

from contracts.shop import UNKNOWN, Customers, OrdersEnriched, ShopProducts
from slipway.automation import ranged_runs, under_way
from slipway.lake import LakeIOManager

_SNAPSHOTS = (Customers.contract, ShopProducts.contract)


def outdated_days(rows: pl.DataFrame, customers: pl.DataFrame, products: pl.DataFrame) -> list[str]:
    """Days with a row whose segment or category is no longer that of its customer or product.

    The rows themselves tell what they were joined with, so no earlier snapshot is needed, and nothing is forgotten
    when the sensor loses its cursor.

    Args:
        rows: day, customer, segment, sku, category of silver/orders_enriched.
        customers: customer, segment.
        products: sku, category.
    """
    now = (
        rows.unique()
        .join(customers, on="customer", how="left", suffix="_now")
        .join(products, on="sku", how="left", suffix="_now")
    )
    outdated = (pl.col("segment") != pl.col("segment_now").fill_null(UNKNOWN)) | (
        pl.col("category") != pl.col("category_now").fill_null(UNKNOWN)
    )
    return sorted(now.filter(outdated)["day"].unique().to_list())


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=dg.AssetSelection.assets(OrdersEnriched.contract.key),
    required_resource_keys={"io_manager"},
)
def changed_customers_and_products(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Requests the days of silver/orders_enriched that join a customer or product which has changed since."""
    manager: LakeIOManager = context.resources.io_manager
    lake = manager.lake
    found = [lake.provenance(contract.path, {}) for contract in _SNAPSHOTS]
    if any(provenance is None for provenance in found):
        return dg.SkipReason("silver/customers or bronze/shop/products is not there yet.")
    seen = " ".join(provenance.data_version for provenance in found if provenance)
    if seen == context.cursor:
        return dg.SkipReason("Neither customers nor products have changed.")
    contract = OrdersEnriched.contract
    if under_way(context.instance, contract.key):
        # They may still be joined with the customers and products of before.
        return dg.SkipReason("Waits for the days that are being made.")
    keys = [(dims["day"], dims) for dims, _size in lake.partitions(contract.path)]
    if not keys:
        return dg.SensorResult(cursor=seen, skip_reason=dg.SkipReason("There are no orders yet."))
    columns = ("customer", "segment", "sku", "category")
    rows = pl.from_arrow(lake.load(contract.path, keys, columns=columns, missing="skip").table(dimensions=True))
    assert isinstance(rows, pl.DataFrame)
    days = outdated_days(
        rows,
        manager.load(Customers.contract.path, None, [], pl.DataFrame, columns=("customer", "segment")),
        manager.load(ShopProducts.contract.path, None, [], pl.DataFrame, columns=("sku", "category")),
    )
    assert contract.partitions is not None
    # By the runs that made the snapshots, not by their versions: a customer who changes and changes back needs the same
    # days again.
    made_by = " ".join(provenance.run_id for provenance in found if provenance)
    requests, left = ranged_runs(
        [contract.key], contract.partitions, days, run_key=lambda first, last: f"{made_by} {first} {last}"
    )
    # With days left over, the cursor stays: the next tick finds them again.
    return dg.SensorResult(run_requests=requests, cursor=context.cursor if left else seen)
