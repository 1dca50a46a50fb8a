"""Jobs over selections, to start by hand or by a schedule."""

import dagster as dg

daily_figures = dg.define_asset_job(
    "daily_figures",
    dg.AssetSelection.assets("gold/daily_revenue", "gold/revenue_by_segment"),
    description="Work out the figures of some days again.",
)
weekly_report = dg.define_asset_job(
    "weekly_report",
    dg.AssetSelection.assets("gold/weekly_sales_report"),
    description="Write the report of some weeks again.",
)
