"""Who reads gold: declared here so that lineage ends in people, and a failure can be followed to them."""

from collections.abc import Sequence

import dagster as dg

from contracts.revenue import DailyRevenue, RevenueByCategory, RevenueBySegment, WeeklySalesReport
from slipway.quality import Table


def _application(
    name: str, description: str, owner: str, url: str, kind: str, reads: Sequence[type[Table]]
) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["applications", name],
        description=description,
        deps=[table.contract.key for table in reads],
        owners=[owner],
        group_name="applications",
        kinds={kind},
        metadata={"url": dg.MetadataValue.url(url)},
    )


applications = (
    _application(
        "sales_dashboard",
        "The board that the sales floor looks at: revenue of yesterday by channel, segment and category.",
        "team:sales",
        "https://dashboards.example.com/sales",
        "dashboard",
        [DailyRevenue, RevenueBySegment, RevenueByCategory],
    ),
    _application(
        "monday_meeting",
        "The weekly report, read by the managers on Monday at ten.",
        "team:management",
        "https://intranet.example.com/monday-meeting",
        "report",
        [WeeklySalesReport],
    ),
    _application(
        "finance_notebook",
        "Month-end reconciliation of wholesale and web revenue.",
        "team:finance",
        "https://notebooks.example.com/reconciliation",
        "notebook",
        [DailyRevenue],
    ),
    _application(
        "replenishment_service",
        "Orders stock by what sells in each category.",
        "team:warehouse",
        "https://replenishment.example.com",
        "service",
        [RevenueByCategory],
    ),
)
