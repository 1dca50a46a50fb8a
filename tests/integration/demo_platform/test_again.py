"""`slipway demo` a second time, for other files, and for files of another year with a mistake in them."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from pathlib import Path

import pytest

from demo import WholesaleFiles
from tests.platform_fixture import DemoPlatform, slipway
from tests.sql import query


def written(output: str) -> dict[str, int]:
    """What the summary says was written this time, by asset."""
    rows = (line.split("│") for line in output.splitlines() if line.count("│") == 3)
    return {row[0].strip(): int(row[2].replace(",", "")) for row in rows if row[2].strip().replace(",", "").isdigit()}


def test_a_second_time_does_nothing(demo_platform: DemoPlatform) -> None:
    again = slipway(demo_platform.home, "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert written(again.stdout) == {}
    assert not list((demo_platform.home / "lake").glob("_scratch/*")), "what ops handed on goes with success"
    status = slipway(demo_platform.home, "status", "--json")
    assert status.returncode == 0, status.stdout
    assert json.loads(status.stdout)


def test_a_home_made_for_other_files_is_refused(demo_platform: DemoPlatform, tmp_path: Path) -> None:
    (tmp_path / "online_retail_2009-12-01.csv").write_bytes(WholesaleFiles().read(dt.date(2010, 12, 1)))
    refused = slipway(demo_platform.home, "demo", "--landing", str(tmp_path))
    assert refused.returncode == 3
    words = " ".join(refused.stderr.split())
    assert "was made for the files in" in words
    assert "DIR=<other>" in words


@pytest.mark.slow
def test_another_year_with_a_mistake_in_it(tmp_path: Path) -> None:
    """One file of six has a renamed column. It fails alone; corrected, only what it concerns runs."""
    landing, home = tmp_path / "landing", tmp_path / "platform"
    landing.mkdir()
    source = WholesaleFiles()
    days = {day: day - dt.timedelta(days=364) for day in source.days()[:6]}  # the same weekdays of 2009
    for day, earlier in days.items():
        text = source.read(day).decode().replace(str(day), str(earlier))
        (landing / f"online_retail_{earlier}.csv").write_text(text)
    bad = landing / f"online_retail_{dt.date(2009, 12, 4)}.csv"
    good = bad.read_text()
    bad.write_text(good.replace("UnitPrice", "Price", 1))

    first = slipway(home, "demo", "--landing", str(landing))
    assert first.returncode == 1, first.stdout + first.stderr
    words = " ".join(first.stdout.split())
    assert "2009-12-02 to 2009-12-08" in words
    assert "wholesale_sales.validate" in words
    assert "UnitPrice" in words
    # What depends on that day is not tried: nothing else fails.
    assert words.count("failed:") == 1
    assert "Price" in words
    assert _days(home, "silver/sales") == [
        "2009-12-02",
        "2009-12-03",
        "2009-12-05",
        "2009-12-06",
        "2009-12-07",
        "2009-12-08",
    ]
    assert slipway(home, "status").returncode == 1

    bad.write_text(good)
    past = time.time() - 60
    os.utime(bad, (past, past))
    second = slipway(home, "demo", "--landing", str(landing))
    assert second.returncode == 0, second.stdout + second.stderr
    done = written(second.stdout)
    assert {asset: count for asset, count in done.items() if asset.startswith(("bronze", "silver"))} == {
        "bronze/wholesale_sales": 1,
        "silver/sales": 1,
    }
    assert done["gold/daily_revenue"] == 1
    assert len(_days(home, "silver/sales")) == 7

    bad.write_text(good[: good.rindex(",United", 0, len(good) // 2)])
    os.utime(bad, (past, past))
    third = slipway(home, "demo", "--landing", str(landing))
    assert third.returncode == 0, third.stdout + third.stderr
    assert "not whole" in " ".join(third.stdout.split()), "what waits is told"
    assert set(written(third.stdout).values()) <= {0}, "the day keeps what it had"

    total = query(
        f"select sum(revenue) from read_parquet('{home}/lake/gold/daily_revenue/*/data.parquet')"
        " where channel = 'wholesale'"
    ).fetchall()
    bad.write_text(good)
    expected = query(
        f"""select sum(cast(Quantity as int) * cast(UnitPrice as decimal(12,3))) from (
            select distinct InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country
            from read_csv('{landing}/*.csv', header = true, all_varchar = true))
            where regexp_full_match(InvoiceNo, '[0-9]{{6}}') and cast(Quantity as int) > 0
            and cast(UnitPrice as decimal(12,3)) > 0"""
    ).fetchall()
    assert total == expected


def _days(home: Path, asset: str) -> list[str]:
    return sorted(folder.name.removeprefix("day=") for folder in (home / "lake" / asset).iterdir())
