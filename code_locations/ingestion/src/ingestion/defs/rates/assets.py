"""bronze/exchange_rates: the euro's reference rates of a day, or the last published ones before it."""

import datetime as dt

import polars as pl

from contracts.rates import ExchangeRates
from ingestion.shop_api import ShopApi
from slipway.lake.frames import to_polars
from slipway.quality import Judged

LOOK_BACK = dt.timedelta(days=10)
"""Longer than any run of bank holidays."""


class NoRates(LookupError):
    """No rate was published on a day, nor shortly before it."""


@ExchangeRates.asset
def exchange_rates(day: dt.date, shop_api: ShopApi) -> Judged:
    """Rates of the day; those of the last day that had some, where the banks were closed."""
    published = shop_api.exchange_rates(day - LOOK_BACK, day)
    rates = carried_forward(to_polars(published), day)
    published_on = rates["published_on"].max()
    return Judged(
        rates,
        metadata={"published on": str(published_on), "carried forward": published_on != day},
        source={"published_on": str(published_on)},
    )


def carried_forward(published: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """The last list of rates that was published by a day, as the rates of that day.

    The whole list is carried, not each currency's last rate: a currency that has ended is not brought back.

    Args:
        published: date, currency, rate.

    Raises:
        NoRates
    """
    known = published.filter(pl.col("date") <= day)
    if known.is_empty():
        raise NoRates(
            f"Expected an exchange rate published on {day} or in the {LOOK_BACK.days} days before it, found none. "
            "Materialize the day again when the bank has published; look further back if it was closed for longer."
        )
    last = known.filter(pl.col("date") == known["date"].max())
    return last.select(
        date=pl.lit(day), currency=pl.col("currency"), rate=pl.col("rate"), published_on=pl.col("date")
    ).sort("currency")
