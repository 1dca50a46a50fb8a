"""The SQL that is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingestion.source_database.dialect import Bound, Dialect, Postgres, Sqlite, select


@pytest.mark.parametrize(
    ("dialect", "value", "literal"),
    [
        (Sqlite(), date(2010, 12, 1), "'2010-12-01'"),
        (Sqlite(), datetime(2010, 12, 1, 8, 26, 0, 500), "'2010-12-01 08:26:00'"),
        (Sqlite(), 7, "7"),
        (Postgres(), date(2010, 12, 1), "date '2010-12-01'"),
        (Postgres(), datetime(2010, 12, 1, 8, 26, 0, 500), "timestamp '2010-12-01 08:26:00.000500'"),
        (Postgres(), datetime(2010, 12, 1, 8, tzinfo=UTC), "timestamptz '2010-12-01 08:00:00+00:00'"),
        (Postgres(), 7, "7"),
    ],
)
def test_literals(dialect: Dialect, value: Bound, literal: str) -> None:
    assert dialect.literal(value) == literal


@pytest.mark.parametrize("written", ["2010-12-01 08:26:00", "2010-12-01T08:26:00", "2010-12-01 08:26:00.123"])
def test_a_lower_bound_on_text_is_never_past_its_own_moment(written: str) -> None:
    bound = Sqlite().literal(datetime.fromisoformat(written)).strip("'")
    assert written >= bound


@pytest.mark.parametrize("written", ["2010-12-01", "2010-12-01 00:00:00", "2010-12-01T23:59:59.9", "2010-12-01 24"])
def test_a_days_range_on_text_holds_all_of_its_moments(written: str) -> None:
    first, below = (Sqlite().literal(day).strip("'") for day in (date(2010, 12, 1), date(2010, 12, 2)))
    assert first <= written < below


def test_a_range_is_a_plain_comparison_that_an_index_serves() -> None:
    assert select(
        Postgres(), "shop.orders", ["id", "at"], column="at", at_least=date(2010, 12, 1), below=date(2010, 12, 2)
    ) == ('SELECT "id", "at" FROM "shop"."orders" WHERE "at" >= date \'2010-12-01\' AND "at" < date \'2010-12-02\'')


def test_names_are_quoted() -> None:
    assert select(Sqlite(), 'odd.or"der', ["from"]) == 'SELECT "from" FROM "odd"."or""der"'
