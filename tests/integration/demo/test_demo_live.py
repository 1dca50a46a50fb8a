"""The live shop on real parts: a folder, S3, SQLite, Postgres, its API, and its command as a container runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import obstore
import pytest
from sqlalchemy import create_engine, make_url, text

import demo
from demo import Calendar, Settings, ShopDatabase, WholesaleFiles
from demo.api.exchange_rates import rates_between
from demo.database import tables
from demo.errors import SettingsError
from demo.live.check import check
from demo.live.s3 import S3Landing
from demo.live.service import LiveSettings, LiveShop
from demo.settings import NO_END
from demo.wholesale import Product, moved, recorded_days
from tests.servers import S3Server, free_port

ROOT = Path(demo.__file__).parents[1]
FIRST = date(2026, 1, 7)
"""What 2010-12-01 becomes on 2026-03-04: the last recorded day is then 2026-03-09."""
MOVED = FIRST - date(2010, 12, 1)
START = datetime(2026, 3, 4, 12)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


def file_of(day: date) -> str:
    return f"online_retail_{day}.csv"


def landed(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def rows(database: ShopDatabase) -> dict[str, list[dict[str, Any]]]:
    return {name: database.rows(name) for name in tables.PUBLIC}


def moment() -> datetime:
    return START


# --- a fortnight, in a folder


def test_a_fortnight_brings_a_file_a_day_and_begins_anew(tmp_path: Path) -> None:
    files, landing = WholesaleFiles(), tmp_path / "landing"
    with LiveShop(LiveSettings(home=tmp_path), moment) as shop:
        assert shop.timetable.first_day == FIRST
        first = shop.round(START)
        assert first[-1] == date(2026, 3, 3)
        assert len(first) == sum(day + MOVED < START.date() for day in recorded_days())
        before, delivered = landed(landing), list(first)
        for hour in range(2, 24 * 14 + 1, 2):
            now = START + timedelta(hours=hour)
            today = shop.round(now)
            delivered += today
            assert len(today) <= (now.hour == 2)
            assert shop.database.now == now
        after = landed(landing)
    assert after.items() >= before.items()
    traded = {day.weekday() for day in recorded_days()[-6:]}
    assert delivered[len(first) :] == [
        START.date() + n * DAY for n in range(14) if (START.date() + n * DAY).weekday() in traded
    ]
    assert {file_of(day) for day in delivered} == set(after)
    for day in delivered:
        recorded = day - MOVED if day - MOVED <= recorded_days()[-1] else day - MOVED - WEEK
        if recorded > recorded_days()[-1]:
            recorded -= WEEK
        assert after[file_of(day)][1] == moved(files.read(recorded), day - recorded)
        assert f",{day} ".encode() in after[file_of(day)][1]


def test_time_off_is_made_up_for_and_what_has_landed_stays(tmp_path: Path) -> None:
    landing, settings = tmp_path / "landing", LiveSettings(home=tmp_path)
    with LiveShop(settings, moment) as shop:
        shop.round(START)
        orders = shop.database.count("shop.orders")
    (landing / file_of(FIRST)).write_bytes(b"corrected by hand")
    before = landed(landing)
    later = START + 40 * DAY
    with LiveShop(settings, lambda: later) as shop:
        assert shop.timetable.first_day == FIRST
        assert shop.database.now == later
        assert shop.database.count("shop.orders") > orders + 40 * 40
        assert shop.round(later)[0] == START.date()
    after = landed(landing)
    assert after.items() >= before.items()
    assert file_of(later.date() - DAY) in after or (later.date() - DAY).weekday() == 5


def test_a_clock_that_goes_back_is_waited_for(tmp_path: Path) -> None:
    with LiveShop(LiveSettings(home=tmp_path), moment) as shop:
        shop.round(START)
        assert shop.round(START - timedelta(hours=1)) == []
        assert shop.database.now == START


# --- the database


def test_the_live_database_is_the_shop_of_that_seed_and_calendar(tmp_path: Path) -> None:
    with LiveShop(LiveSettings(home=tmp_path, seed=5), moment) as shop:
        for minute in range(0, 600, 7):
            shop.advance(START + timedelta(minutes=minute))
        live, at = rows(shop.database), shop.database.now
        products: list[Product] = list(shop.database.products)
    settings = Settings(Calendar(FIRST, date(2027, 1, 1)), seed=5)
    other = ShopDatabase.open(tmp_path / "other", settings, lambda: products)
    other.advance(at)
    assert rows(other) == live
    other.close()
    today = [row for row in live["shop.orders"] if row["ordered_at"].date() == START.date()]
    assert today[0]["ordered_at"] < START < today[-1]["ordered_at"] <= at


def test_a_shop_keeps_its_days(tmp_path: Path) -> None:
    with LiveShop(LiveSettings(home=tmp_path), moment):
        pass
    with pytest.raises(
        SettingsError, match=r"first_day 2026-01-07 there, 2026-01-14 asked for\. A shop keeps its days"
    ):
        LiveShop(LiveSettings(home=tmp_path, first_day=FIRST + WEEK), moment).open()
    with pytest.raises(SettingsError, match=f"2026-01-07 there, 2010-12-01 asked for; last_day {NO_END} there, 2011"):
        LiveShop(LiveSettings(home=tmp_path, original=True), moment).open()


def test_original_dates_are_all_there_at_once(tmp_path: Path) -> None:
    files = WholesaleFiles()
    with LiveShop(LiveSettings(home=tmp_path, original=True), moment) as shop:
        assert shop.round(START) == list(recorded_days())
        assert shop.round(START + 30 * DAY) == []
        assert shop.database.now == datetime(2011, 2, 1)
        last = max(row["ordered_at"] for row in shop.database.rows("shop.orders"))
        assert last.date() == recorded_days()[-1]
        assert shop.timetable.moved == timedelta()
    assert {name: content for name, (_, content) in landed(tmp_path / "landing").items()} == dict(files.contents())


def test_a_home_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"home .*/file/home cannot be written to \(Not a directory\)"):
        LiveShop(LiveSettings(home=tmp_path / "file" / "home"), moment).open()


# --- the API


def test_health_waits_for_the_first_delivery_and_the_api_moves_with_the_days(tmp_path: Path) -> None:
    shop = LiveShop(LiveSettings(home=tmp_path, fault_share=0), moment)
    assert shop.problem() == "The shop is not open yet."
    with shop:
        shop.serve()
        host, port = "127.0.0.1", int(shop.url.rpartition(":")[2])
        assert check(host, port) == f"The files that are due have not been delivered into {tmp_path}/landing yet."
        shop.round(START)
        assert check(host, port) is None
        assert httpx.get(f"{shop.url}/health", trust_env=False).json()["status"] == "ok"
        days = {"start": str(FIRST), "end": str(START.date())}
        found = httpx.get(f"{shop.url}/api/exchange-rates", params=days, trust_env=False).json()["rates"]
        recorded = rates_between(date(2010, 12, 1), START.date() - MOVED)
        assert [row["rate"] for row in found] == [row["rate"] for row in recorded]
        assert [row["date"] for row in found] == [str(date.fromisoformat(row["date"]) + MOVED) for row in recorded]
        posts = httpx.get(f"{shop.url}/api/feedback", params={"date": "2026-03-04"}, trust_env=False).json()["posts"]
        assert {post["sku"] for post in posts} <= {product.sku for product in shop.database.products}
    assert "does not answer" in (check(host, port) or "")


# --- a bucket


@pytest.fixture
def bucket(moto: S3Server, no_aws: None) -> str:
    """A bucket with versioning, so that a second delivery of a file would show."""
    name = f"landing-{uuid.uuid4().hex}"
    moto.create_bucket(name)
    client(moto).put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def client(server: S3Server) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    )


def versions(server: S3Server, bucket: str) -> list[str]:
    pages = client(server).get_paginator("list_object_versions").paginate(Bucket=bucket)
    return [version["Key"] for page in pages for version in page.get("Versions", [])]


def test_a_fortnight_in_a_bucket(tmp_path: Path, moto: S3Server, bucket: str) -> None:
    files, settings = WholesaleFiles(), LiveSettings(home=tmp_path, landing=f"s3://{bucket}/from/shop")
    client(moto).put_object(Bucket=bucket, Key=f"from/shop/{file_of(FIRST)}", Body=b"there before")
    delivered = [FIRST]
    for start in (START, START + 7 * DAY):  # a restart in between
        with LiveShop(settings, lambda now=start: now, moto.environment()) as shop:  # type: ignore[misc]
            for day in range(8):
                delivered += shop.round(start + day * DAY)
    assert sorted(versions(moto, bucket)) == [f"from/shop/{file_of(day)}" for day in delivered]
    kept = client(moto).get_object(Bucket=bucket, Key=f"from/shop/{file_of(FIRST)}")
    assert kept["Body"].read() == b"there before"
    second = FIRST + DAY
    found = client(moto).get_object(Bucket=bucket, Key=f"from/shop/{file_of(second)}")
    assert (found["Body"].read(), found["ContentType"]) == (moved(files.read(second - MOVED), MOVED), "text/csv")


def test_the_keys_of_a_file_are_read_again_each_round(tmp_path: Path, moto: S3Server, bucket: str) -> None:
    file = tmp_path / "credentials"
    environ = {"AWS_ENDPOINT_URL_S3": moto.endpoint, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    landing = S3Landing(bucket, "", environ)
    file.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = first\n")
    landing.names()
    landing.put("one", b"1")
    file.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = second\n")
    assert landing.names() == {"one"}
    assert landing._client is not None
    assert landing._client.config["secret_access_key"] == "second"
    assert [meta["path"] for meta in obstore.list_with_delimiter(landing._client)["objects"]] == ["one"]


# --- by the command


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SHOP_"))}
    return {**kept, "HOME": str(tmp_path), "SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(free_port()), **variables}


def run(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False)


class Service:
    """A running `python -m demo live`, and what it has written so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, part: str, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while part not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < until, self.text
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=10)
        self._reader.join(5)
        return code


@contextmanager
def service(variables: dict[str, str], *arguments: str) -> Iterator[Service]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "demo", "live", *arguments],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Service(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until_well(variables: dict[str, str], running: Service, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while (found := run(variables, "check")).returncode:
        assert running.process.poll() is None, running.text
        assert time.monotonic() < until, (found.stderr, running.text)


def test_first_day_is_printed() -> None:
    found = run(dict(os.environ), "first-day", "--today", "2026-03-04")
    assert (found.returncode, found.stdout) == (0, "2026-01-07\n")
    day = date.fromisoformat(run(dict(os.environ), "first-day").stdout.strip())
    assert (day - FIRST) % WEEK == timedelta()


def test_one_round_by_the_command(tmp_path: Path) -> None:
    variables = environment(tmp_path, SHOP_HOME=str(tmp_path / "home"), SHOP_FIRST_DAY="")
    first = run(variables, "live", "--once", "--now", "2026-03-04T12:00:00")
    assert (first.returncode, first.stderr) == (0, "")
    assert "files, of 2026-01-07 to 2026-03-03, into" in first.stdout
    second = run(variables, "live", "--once", "--now", "2026-03-05T12:00:00")
    assert "Delivered the file of 2026-03-04 into" in second.stdout
    assert run(variables, "live", "--once", "--now", "2026-03-05T12:00:00").stdout == ""


def test_mistakes_are_sentences_with_exit_codes(tmp_path: Path) -> None:
    home = {"SHOP_HOME": str(tmp_path / "home")}
    with LiveShop(LiveSettings(home=tmp_path / "served"), moment) as shop:
        shop.serve()
        taken = shop.url.rpartition(":")[2]
        cases: list[tuple[int, str, dict[str, str]]] = [
            (4, "needs a place for its SQLite files", {}),
            (4, "must lie whole weeks from the first recorded one", {**home, "SHOP_FIRST_DAY": "2026-01-08"}),
            (
                4,
                "with the original dates is 2010-12-01",
                {**home, "SHOP_FIRST_DAY": str(FIRST), "SHOP_DATES": "original"},
            ),
            (4, "expected a folder", {**home, "SHOP_LANDING": "gs://x"}),
            (4, "with its scheme", {**home, "SHOP_LANDING": "s3://x", "AWS_ENDPOINT_URL": "store:7070"}),
            (4, "is for sqlite", {**home, "SHOP_DATABASE_URL": "sqlite://"}),
            (2, "SHOP_DATES", {**home, "SHOP_DATES": "old"}),
            (2, "SHOP_PORT", {**home, "SHOP_PORT": "many"}),
            (5, f"cannot listen on 127.0.0.1:{taken}", {**home, "SHOP_PORT": taken}),
        ]
        for code, sentence, variables in cases:
            found = run(environment(tmp_path, **variables), "live")
            assert (found.returncode, sentence in found.stderr) == (code, True), found
            assert "Traceback" not in found.stderr
    found = run(environment(tmp_path, SHOP_PORT="many"), "check")
    assert (found.returncode, found.stderr) == (1, "SHOP_PORT is 'many': expected a number, such as 8000.\n")


def test_an_object_store_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    from moto.server import ThreadedMotoServer

    port = free_port()
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    variables = environment(tmp_path, SHOP_HOME=str(tmp_path), SHOP_LANDING="s3://landing", **keys)
    with service(variables) as running:
        running.wait_for("cannot be listed: it does not answer (connection refused). Waiting, and trying again.")
        found = run(variables, "check")
        assert (found.returncode, "have not been delivered into s3://landing yet" in found.stderr) == (1, True)
        late = S3Server(f"http://127.0.0.1:{port}", "a", "b")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        server.start()
        try:
            running.wait_for("bucket does not exist")
            late.create_bucket("landing")
            wait_until_well(variables, running)
            assert len(versions(late, "landing")) >= 38
        finally:
            server.stop()
        assert running.stop() == 0
    assert running.text.count("does not answer") == 1
    assert "That is over: going on." in running.text


def test_a_signal_ends_it_while_it_waits_for_an_answer(tmp_path: Path) -> None:
    """An object store that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        variables = environment(
            tmp_path, SHOP_HOME=str(tmp_path), SHOP_LANDING="s3://x", AWS_ENDPOINT_URL=address, **keys
        )
        with service(variables) as running:
            running.wait_for("API at")
            silent.settimeout(20)
            connection, _ = silent.accept()
            began = time.monotonic()
            assert running.stop() == 0
            assert time.monotonic() - began < 6
            connection.close()


# --- on Postgres


@pytest.mark.docker
def test_a_service_on_postgres_and_s3(tmp_path: Path, postgres_url: str, moto: S3Server, bucket: str) -> None:
    (tmp_path / "url").write_text(f"{postgres_url}\n")
    variables = environment(
        tmp_path,
        SHOP_LANDING=f"s3://{bucket}/wholesale",
        SHOP_DATABASE_URL_FILE=str(tmp_path / "url"),
        **moto.environment(),
    )
    began = time.monotonic()
    with service(variables) as running:
        wait_until_well(variables, running)
        assert time.monotonic() - began < 20
        memory = (Path("/proc") / str(running.process.pid) / "status").read_text()
        resident = int(memory.partition("VmRSS:")[2].split()[0]) / 1024
        assert resident < 110  # MiB; 87 when measured
        files = versions(moto, bucket)
        assert 38 <= len(files) < 44
        again = run(variables, "live")
        assert again.returncode == 5
        assert running.stop() == 0
    assert str(make_url(postgres_url).password) not in running.text
    # Nothing but Postgres and the bucket is needed to go on.
    began = time.monotonic()
    with service(variables) as running:
        wait_until_well(variables, running)
        assert time.monotonic() - began < 10
        assert versions(moto, bucket) == files
        assert "Delivered" not in running.text
        assert running.stop() == 0


@pytest.mark.docker
def test_the_shop_on_postgres_is_that_on_sqlite(tmp_path: Path, postgres_url: str) -> None:
    found = []
    for url in (postgres_url, None):
        with LiveShop(LiveSettings(home=tmp_path / str(url is None), database_url=url), moment) as shop:
            shop.advance(START + 3 * DAY)
            found.append(rows(shop.database))
    assert found[0] == found[1]
    assert not (tmp_path / "False").exists()


@pytest.mark.docker
def test_a_database_that_comes_late_is_waited_for(tmp_path: Path, postgres_url: str) -> None:
    name = f"late_{uuid.uuid4().hex[:12]}"
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    variables = environment(tmp_path, SHOP_DATABASE_URL=url, SHOP_HOME=str(tmp_path))
    try:
        with service(variables) as running:
            running.wait_for(f'database "{name}" does not exist. Waiting, and trying again.')
            assert "does not answer" in run(variables, "check").stderr
            with server.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            wait_until_well(variables, running)
            assert running.stop() == 0
        assert running.text.count("Waiting, and trying again.") == 1
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        server.dispose()


@pytest.mark.docker
def test_connections_that_break_are_made_anew(tmp_path: Path, postgres_url: str) -> None:
    with LiveShop(LiveSettings(home=tmp_path, database_url=postgres_url), moment) as shop:
        shop.round(START)
        admin = create_engine(postgres_url)
        with admin.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        admin.dispose()
        assert shop.problem() is None
        shop.round(START + DAY)
        assert shop.database.now == START + DAY
