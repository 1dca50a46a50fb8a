"""The whole shop: in process as tests use it, and by its command as people do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

import demo
from demo import Shop
from demo.database import tables
from demo.errors import AddressError, ClockError, SettingsError, SourceError

ROOT = Path(demo.__file__).parents[1]
FIRST, LAST = date(2010, 12, 1), date(2010, 12, 5)


def note_of(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "shop.json").read_text())
    return found


# --- in process


def test_a_shop_from_start_to_stop(tmp_path: Path) -> None:
    with Shop(tmp_path / "home", FIRST, LAST, seed=3, deliver=True) as shop:
        note = note_of(shop.home)
        assert note["url"] == shop.url
        assert note["pid"] == os.getpid()
        assert note["databases"] == shop.database_urls
        assert note["calendar"] == {"first_day": "2010-12-01", "last_day": "2010-12-05"}
        assert note["seed"] == 3
        assert httpx.get(f"{shop.url}/health", trust_env=False).json()["status"] == "ok"
        landed = sorted(path.name for path in Path(note["landing"]).iterdir())
        assert landed == [f"online_retail_2010-12-0{day}.csv" for day in (1, 2, 3, 5)]
        assert shop.database.now == datetime(2010, 12, 6)
        engine = create_engine(shop.database_urls["shop"])
        with engine.connect() as connection:
            orders = connection.execute(text("SELECT count(*) FROM orders")).scalar_one()
        engine.dispose()
        assert orders == shop.database.count("shop.orders") > 150
        assert shop.advance(datetime(2010, 12, 12)).deletions > 0
        url = shop.url
    assert (note_of(shop.home)["url"], note_of(shop.home)["pid"]) == (None, None)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health", trust_env=False)
    with pytest.raises(AddressError, match="not running"):
        _ = shop.url


def test_two_homes_of_a_seed_are_equal(tmp_path: Path) -> None:
    found = []
    for home in ("one", "two"):
        with Shop(tmp_path / home, FIRST, LAST, seed=3, fault_share=0) as shop:
            rows = {name: shop.database.rows(name) for name in tables.PUBLIC}
            answers = [
                httpx.get(f"{shop.url}{path}", trust_env=False).content
                for path in (
                    "/api/feedback?date=2010-12-03",
                    "/api/exchange-rates?start=2010-12-01&end=2010-12-05",
                )
            ]
        found.append((rows, answers))
    assert found[0] == found[1]


def test_a_home_is_gone_on_with(tmp_path: Path) -> None:
    with Shop(tmp_path, FIRST, LAST, now=datetime(2010, 12, 3), deliver=True) as shop:
        before = shop.database.rows("shop.orders")
        shop.files.correct(FIRST, shop.landing, lambda _: b"corrected")
    with Shop(tmp_path, now=datetime(2010, 12, 4), deliver=True) as shop:
        assert (shop.calendar.first_day, shop.calendar.last_day) == (FIRST, LAST)
        assert len(shop.database.rows("shop.orders")) > len(before)
        assert shop.files.landed(FIRST, shop.landing).read_bytes() == b"corrected"
    with Shop(tmp_path, FIRST, LAST) as shop:
        assert shop.database.now == datetime(2010, 12, 6)
        shop.advance(datetime(2010, 12, 20))
    with Shop(tmp_path) as shop:
        assert shop.database.now == datetime(2010, 12, 20)


def test_other_settings_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    with Shop(tmp_path, FIRST, LAST, seed=3):
        pass
    before = note_of(tmp_path)
    with pytest.raises(SettingsError, match="last_day 2010-12-05 there, 2010-12-06 asked for"):
        Shop(tmp_path, FIRST, date(2010, 12, 6)).start()
    with pytest.raises(SettingsError, match=r"seed 3 there, 4 asked for.*another home"):
        Shop(tmp_path, FIRST, LAST, seed=4).start()
    with pytest.raises(ClockError):
        Shop(tmp_path, now=datetime(2010, 12, 2)).start()
    assert note_of(tmp_path) == before


def test_a_home_is_served_once(tmp_path: Path) -> None:
    with Shop(tmp_path, FIRST, LAST) as shop:
        with pytest.raises(AddressError, match=f"being served already, at {shop.url} by process"):
            Shop(tmp_path).start()
        assert httpx.get(f"{shop.url}/health", trust_env=False).status_code == 200


def test_a_note_left_by_a_killed_shop_is_no_obstacle(tmp_path: Path) -> None:
    with Shop(tmp_path / "other", FIRST, LAST) as other:
        home = tmp_path / "home"
        home.mkdir()
        stale = {"url": other.url, "pid": os.getpid(), "instance": "of another shop"}
        (home / "shop.json").write_text(json.dumps(stale))
        with Shop(home, FIRST, LAST) as shop:
            assert note_of(home)["url"] == shop.url != other.url


def test_a_folder_of_another_year_sets_the_calendar(tmp_path: Path) -> None:
    source = tmp_path / "files"
    source.mkdir()
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    for number, day in enumerate(("2012-02-28", "2012-03-02")):
        line = f"{500000 + number},2200{number},RED MUG,3,{day} 10:00:00,1.25,,France"
        (source / f"sales-{day}.csv").write_text(f"{header}\n{line}\n")
    shop = Shop(tmp_path / "home", source=source, pattern="sales-{day}.csv", deliver=True)
    with shop:
        assert (shop.calendar.first_day, shop.calendar.last_day) == (
            date(2012, 2, 28),
            date(2012, 3, 2),
        )
        assert [row["sku"] for row in shop.database.rows("shop.products")] == ["22000", "22001"]
        assert len(list(shop.landing.iterdir())) == 2
        days = {row["ordered_at"].date() for row in shop.database.rows("shop.orders")}
        assert date(2012, 2, 29) in days
    with pytest.raises(SourceError, match="No file in"):
        Shop(tmp_path / "new", source=tmp_path / "home").start()


def test_a_shop_on_postgres_keeps_no_password_in_its_note(tmp_path: Path, postgres_url: str) -> None:
    with Shop(tmp_path / "home", FIRST, LAST, database_url=postgres_url) as shop:
        assert shop.database_urls == {"shop": postgres_url, "warehouse": postgres_url}
        assert ":***@" in note_of(shop.home)["databases"]["shop"]
        orders = shop.database.rows("shop.orders")
    with Shop(tmp_path / "lost", database_url=postgres_url) as shop:
        assert shop.database.rows("shop.orders") == orders
    with Shop(tmp_path / "sqlite", FIRST, LAST) as shop:
        assert shop.database.rows("shop.orders") == orders


# --- by the command


def run(*arguments: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    home = Path(str(arguments[arguments.index("--home") + 1]))
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", "serve", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        give_up_at = time.monotonic() + 60
        while not ((home / "shop.json").exists() and note_of(home)["pid"] == process.pid):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        yield process, note_of(home)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_runs_until_a_signal_and_leaves_the_home(tmp_path: Path, number: signal.Signals) -> None:
    with serving("--home", tmp_path, "--last-day", LAST) as (process, note):
        assert httpx.get(f"{note['url']}/health", trust_env=False).status_code == 200
        assert len(list((tmp_path / "landing").iterdir())) == 4
        again = run("serve", "--home", tmp_path)
        assert again.returncode == 5
        assert "being served already" in again.stderr
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == ""
    assert note["url"] in output
    assert note_of(tmp_path)["url"] is None


def test_deliver_and_advance_work_on_a_home(tmp_path: Path) -> None:
    with Shop(tmp_path, FIRST, LAST) as shop:
        orders = shop.database.count("shop.orders")
    delivered = run("deliver", "--home", tmp_path, "2010-12-01", "2010-12-03")
    assert delivered.returncode == 0
    assert len(list((tmp_path / "landing").glob("*.csv"))) == 2
    advanced = run("advance", "--home", tmp_path, "--to", "2010-12-20")
    assert advanced.returncode == 0
    assert "0 orders placed" in advanced.stdout
    with Shop(tmp_path) as shop:
        assert shop.database.count("shop.orders") < orders


def test_mistakes_are_sentences_with_exit_codes(tmp_path: Path) -> None:
    with Shop(tmp_path / "home", FIRST, LAST) as shop:
        taken = shop.url.rsplit(":", 1)[1]
        cases: list[tuple[int, str, list[object]]] = [
            (2, "not a day such as", ["deliver", "--home", shop.home, "tomorrow"]),
            (3, "no wholesale file for 2010-12-04", ["deliver", "--home", shop.home, "2010-12-04"]),
            (3, "is not a folder", ["serve", "--home", tmp_path / "a", "--source", tmp_path / "b"]),
            (4, "There is no shop in", ["deliver", "--home", tmp_path / "a", "2010-12-01"]),
            (4, "There is no shop in", ["advance", "--home", tmp_path / "a", "--to", "2011-01-01"]),
            (
                4,
                "it needs exactly one {day}",
                ["serve", "--home", tmp_path / "a", "--pattern", "x"],
            ),
            (
                5,
                f"cannot listen on 127.0.0.1:{taken}",
                ["serve", "--home", tmp_path / "c", "--last-day", LAST, "--port", taken],
            ),
            (6, "cannot go back", ["advance", "--home", shop.home, "--to", "2010-12-01"]),
        ]
        for code, sentence, arguments in cases:
            found = run(*arguments)
            assert (found.returncode, sentence in found.stderr) == (code, True), found.stderr
            assert "Traceback" not in found.stderr
