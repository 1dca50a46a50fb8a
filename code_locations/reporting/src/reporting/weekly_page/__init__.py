"""The weekly sales report as one self-contained HTML page.

`render` turns a `WeeklyReport` into the page's text: no scripts, no requests, nothing read but the
template beside it. The same report gives the same bytes.
"""

from __future__ import annotations

from reporting.weekly_page.model import (
    CHANNELS,
    Channel,
    Country,
    Day,
    Product,
    Rejection,
    WeeklyReport,
)
from reporting.weekly_page.page import render

__all__ = [
    "CHANNELS",
    "Channel",
    "Country",
    "Day",
    "Product",
    "Rejection",
    "WeeklyReport",
    "render",
]
