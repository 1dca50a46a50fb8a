"""The parts of the live shop that need no server: settings, credentials, patience, the check's address."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.api.exchange_rates import published, rates_between
from demo.errors import AddressError, SettingsError
from demo.live.check import address
from demo.live.chore import LONGEST_PAUSE, Chore
from demo.live.delivery import Deliverer
from demo.live.landing import FolderLanding, open_landing
from demo.live.s3 import credentials, endpoint, reason
from demo.live.service import LiveSettings
from demo.live.timetable import Timetable

# --- settings


def test_a_shop_needs_a_place(tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = [{}, {"database_url": "postgresql://x"}, {"landing": "s3://bucket"}]
    for given in cases:
        with pytest.raises(SettingsError, match=r"--home .* or both --database-url-file .* and --landing"):
            LiveSettings(**given)
    assert LiveSettings(home=tmp_path).landing_address == str(tmp_path / "landing")
    assert LiveSettings(database_url="postgresql://x:secret@y", landing="s3://b").landing_address == "s3://b"
    assert "secret" not in repr(LiveSettings(database_url="postgresql://x:secret@y", landing="s3://b"))


def test_a_wrong_first_day_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="whole weeks"):
        LiveSettings(home=tmp_path, first_day=date(2026, 1, 8))


@pytest.mark.parametrize("text", ["s3://", "gs://bucket", "s3://bucket?x=1", "http://bucket/x"])
def test_other_landings_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"expected a folder, such as .*, or s3://bucket/prefix"):
        open_landing(text, {})


def test_landings_name_themselves(tmp_path: Path) -> None:
    assert str(open_landing("s3://bucket/a/b/", {})) == "s3://bucket/a/b"
    assert str(open_landing("s3://bucket", {})) == "s3://bucket"
    assert str(open_landing(str(tmp_path), {})) == str(tmp_path)


def test_the_check_asks_this_machine() -> None:
    assert address({}) == ("127.0.0.1", 8000)
    assert address({"SHOP_HOST": "0.0.0.0", "SHOP_PORT": "81"}) == ("127.0.0.1", 81)
    assert address({"SHOP_HOST": "10.0.0.1", "SHOP_PORT": ""}) == ("10.0.0.1", 8000)


# --- the object store's settings


def test_the_endpoint_of_s3_comes_before_the_general_one() -> None:
    assert endpoint({}) is None
    assert endpoint({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": ""}) == "http://a"
    assert endpoint({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "https://b"}) == "https://b"
    with pytest.raises(SettingsError, match="such as http://store:7070"):
        endpoint({"AWS_ENDPOINT_URL": "store:7070"})


def test_credentials_of_the_environment_come_first(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = file\naws_secret_access_key = of%file\n[x]\naws_access_key_id=x\n")
    named = {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
    assert credentials(named) == {"aws_access_key_id": "file", "aws_secret_access_key": "of%file"}
    key = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    assert credentials({**named, **key}) == {name.lower(): value for name, value in key.items()}
    with pytest.raises(SettingsError, match=r"^AWS_SECRET_ACCESS_KEY not found in the environment"):
        credentials({**named, "AWS_ACCESS_KEY_ID": "k"})
    with pytest.raises(SettingsError, match=r"^aws_secret_access_key not found in .*, \[x\]"):
        credentials({**named, "AWS_PROFILE": "x"})
    with pytest.raises(SettingsError, match=r"has no profile \[y\]"):
        credentials({**named, "AWS_PROFILE": "y"})


def test_a_credentials_file_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AddressError, match=r"credentials file .*/nothing cannot be read: No such file"):
        credentials({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "nothing")})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert credentials({}) == {}


@pytest.mark.parametrize("content", [b"key = of-secret-kind", b"[default]\n= of-secret-kind\n", b"\xff\xfe"])
def test_a_credentials_file_is_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be understood: expected") as error:
        credentials({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "file")})
    assert "of-secret-kind" not in str(error.value)


def test_reasons_are_short_and_the_same_for_the_same_trouble() -> None:
    head = "Generic S3 error: Error performing GET http://s/x in 10.3ms, after 1 retries - "
    refused = 'HTTP error: error sending request\n\nDebug source:\n Os { message: "Connection refused" }'
    assert reason(head + refused) == "it does not answer (connection refused)"
    assert (
        reason(head + "HTTP error: error sending request\n\nDebug source: x")
        == "it does not answer (no answer in time)"
    )
    denied = "Server returned: 403: <Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"
    assert reason(head + denied) == "Access Denied"
    assert reason(head + "<Error><Code>SlowDown</Code></Error>") == "SlowDown"
    assert reason("Generic error: - something else.") == "something else"


# --- patience


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_chore_that_fails_is_tried_again_after_growing_pauses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "demo.live")
    time, outcomes = Time(), iter([None, *[AddressError("It is\n gone.")] * 8, None, AddressError("It is gone."), None])

    def act() -> None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome

    chore, pauses = Chore(act, 60, clock=time), []
    for _ in range(12):
        pauses.append(chore.do())
        time.now += pauses[-1]
    assert pauses == [60, 0.5, 1, 2, 4, 8, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE, 60, 0.5, 60]
    told = ["It is gone. Waiting, and trying again.", "That is over: going on."]
    assert [record.message for record in caplog.records] == told * 2


def test_a_trouble_that_goes_on_is_told_again_after_minutes(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()

    def act() -> None:
        raise AddressError("Gone.")

    chore = Chore(act, 60, clock=time)
    while time.now < 1000:
        time.now += chore.do()
    assert len(caplog.records) == 4


def test_a_chore_waits_until_it_is_due_and_raises_what_waiting_does_not_mend() -> None:
    time, done = Time(), []

    def act() -> None:
        done.append(time.now)
        if len(done) == 2:
            raise ValueError("a mistake")

    chore = Chore(act, 60, clock=time)
    assert chore.do() == 60
    time.now = 20
    assert chore.do() == 40
    time.now = 60
    with pytest.raises(ValueError, match="a mistake"):
        chore.do()
    assert done == [0, 60]


# --- deliveries


class Counted:
    """A folder that counts what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = FolderLanding(folder)
        self.asked: list[str] = []

    def names(self) -> set[str]:
        self.asked.append("names")
        return self._folder.names()

    def put(self, name: str, content: bytes) -> None:
        self.asked.append(name)
        self._folder.put(name, content)


@pytest.fixture
def landing(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "landing")


def test_the_landing_is_listed_once_a_day_and_nothing_is_delivered_twice(landing: Counted) -> None:
    timetable, now = Timetable(date(2026, 1, 7)), datetime(2026, 1, 20, 3)
    deliverer = Deliverer(timetable, landing)
    assert not deliverer.begun
    first = deliverer.round(now)
    assert (landing.asked[0], len(landing.asked)) == ("names", 1 + len(first))
    assert deliverer.begun
    landing.asked.clear()
    for minute in range(60):
        assert deliverer.round(now + timedelta(minutes=minute)) == []
    assert landing.asked == []
    assert Deliverer(timetable, landing).round(now) == []
    assert landing.asked == ["names"]
    assert deliverer.round(now + timedelta(days=1)) == [date(2026, 1, 20)]
    assert landing.asked[1:] == ["names", "online_retail_2026-01-20.csv"]


def test_a_round_that_breaks_off_is_gone_on_with(landing: Counted, tmp_path: Path) -> None:
    deliverer, now = Deliverer(Timetable(date(2026, 1, 7)), landing), datetime(2026, 1, 20, 3)
    put = landing.put

    def breaks(name: str, content: bytes) -> None:
        if len(landing.asked) > 4:
            raise AddressError("The landing is gone.")
        put(name, content)

    landing.put = breaks  # type: ignore[method-assign]
    with pytest.raises(AddressError):
        deliverer.round(now)
    assert not deliverer.begun
    landing.put = put  # type: ignore[method-assign]
    landed = {path.name for path in (tmp_path / "landing").iterdir()}
    rest = {f"online_retail_{day}.csv" for day in deliverer.round(now)}
    assert landed
    assert rest
    assert not landed & rest
    assert len(landed | rest) == len(Timetable(date(2026, 1, 7)).due(now))


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AddressError, match=r"cannot be delivered into the folder .*/file"):
        FolderLanding(tmp_path / "file").names()


# --- exchange rates


def test_rates_move_with_the_shift_and_go_on_after_their_end() -> None:
    by = date(2026, 1, 7) - date(2010, 12, 1)
    there = rates_between(date(2026, 1, 7), date(2026, 1, 31), by)
    here = rates_between(date(2010, 12, 1), date(2010, 12, 25))
    assert there == [
        {**row, "date": (date.fromisoformat(row["date"]) + by).isoformat(), "shifted": True} for row in here
    ]
    end = max(published()) + by
    after = rates_between(end + timedelta(days=1), end + timedelta(days=800), by)
    days = {date.fromisoformat(row["date"]) for row in after}
    assert len(days) > 800 * 5 / 7 - 30
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
