"""Jobs over selections, to start by hand or by a schedule."""

import dagster as dg

clean_sales = dg.define_asset_job(
    "clean_sales", dg.AssetSelection.assets("silver/sales"), description="Clean the wholesale lines of some days."
)
enrich_orders = dg.define_asset_job(
    "enrich_orders",
    dg.AssetSelection.assets("silver/orders_enriched"),
    description="Join the web orders of some days with customers and products again.",
)
refresh_customers = dg.define_asset_job(
    "refresh_customers",
    dg.AssetSelection.assets("silver/customers", "silver/active_customers"),
    description="Take over the shop's customers as they are now.",
)
