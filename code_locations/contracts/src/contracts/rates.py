"""Euro reference rates."""

from contracts.calendar import days
from slipway.calendar import next_morning
from slipway.quality import Table, column
from slipway.quality.types import Date, Decimal18_6, Text


class ExchangeRates(Table):
    """Units of each currency for one euro on a day; the last published rate where the day has none."""

    key, partitions, owner, due = "bronze/exchange_rates", days, "team:ingestion", next_morning(6)
    unique = ("currency",)
    kinds = {"api", "parquet"}

    date: Date
    currency: Text = column(matches=r"^[A-Z]{3}$")
    rate: Decimal18_6 = column(gt=0, description="units of the currency for 1 EUR")
    published_on: Date = column(description="the day the rate is from; before `date` where it was carried forward")
