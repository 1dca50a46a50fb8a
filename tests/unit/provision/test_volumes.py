"""Which service gets which secret, and in which form its own reader takes it."""

from __future__ import annotations

import configparser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.lake import LakeSettings
from slipway.provision.secrets import SECRETS, s3_credentials
from slipway.provision.volumes import SecretFile, files_by_service, proxy_users, write
from tests.unit.provision.environment import settings

CALENDAR = {"SLIPWAY_FIRST_DAY": "2026-01-01", "SLIPWAY_LAST_DAY": "2026-02-01"}
FILES = files_by_service(lambda name: f"<{name}>", settings(), CALENDAR)

EXPECTED = {
    "postgres": {"password": {"postgres-password"}},
    "objectstore": {"root-secret": {"objectstore-root-secret"}},
    "ingestion": {
        "pgpass": {"dagster-password"},
        "s3.ini": {"s3-ingestion"},
        "shop-database-url": {"shop-reader-password"},
        "calendar.env": set(),
    },
    "transformation": {
        "pgpass": {"dagster-password"},
        "s3.ini": {"s3-transformation"},
        "pseudonym.key": {"pseudonym-key"},
        "calendar.env": set(),
    },
    "reporting": {"pgpass": {"dagster-password"}, "s3.ini": {"s3-reporting"}, "calendar.env": set()},
    "webserver": {
        "pgpass": {"dagster-password"},
        "s3.ini": {"s3-webserver"},
        "reports.ini": {"s3-reports"},
        "proxy-token": {"proxy-token"},
    },
    "daemon": {"pgpass": {"dagster-password"}, "s3.ini": {"s3-daemon"}},
    "steward": {"pgpass": {"dagster-password"}, "s3.ini": {"s3-steward"}},
    "shop": {"database-url": {"shop-password"}, "s3.ini": {"s3-shop"}, "calendar.env": set()},
}


TOKEN = "the-token-that-the-proxy-shows"


def secrets_in(text: str) -> set[str]:
    unquoted = unquote(text)
    return {name for name in SECRETS if f"<{name}>" in unquoted}


def test_each_service_has_its_own_secrets_and_no_other() -> None:
    found = {
        service: {name: secrets_in(file.content) for name, file in files.items()} for service, files in FILES.items()
    }
    assert found == EXPECTED


def test_who_signs_in_is_known_to_the_proxy_alone_and_only_as_a_hash() -> None:
    for service, files in FILES.items():
        for name, file in files.items():
            assert not secrets_in(file.content) & {"operator-password", "viewer-password"}, f"{service}/{name}"
    assert "correct-horse" not in proxy_users({"operator": ("operator", "correct-horse")}, TOKEN, "").content


def test_files_are_their_owners_alone_where_the_image_has_our_user() -> None:
    modes = {service: {file.mode for file in files.values()} for service, files in FILES.items()}
    assert modes.pop("postgres") == {0o444}, "its image has a user of its own"
    assert set.union(*modes.values()) == {0o600}


def test_s3_keys_are_read_by_those_who_read_them(tmp_path: Path) -> None:
    write(FILES["ingestion"], tmp_path)
    environ = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "s3.ini")}
    s3 = LakeSettings.parse("s3://lake", environ).s3
    assert s3 is not None
    assert (s3.access_key_id, s3.secret_access_key) == ("slipway-ingestion", "<s3-ingestion>")


def test_the_calendar_is_that_of_the_first_start() -> None:
    lines = "SLIPWAY_FIRST_DAY=2026-01-01\nSLIPWAY_LAST_DAY=2026-02-01\n"
    assert {files["calendar.env"].content for files in FILES.values() if "calendar.env" in files} == {lines}


@given(st.from_regex(SECRETS["dagster-password"].shape, fullmatch=True))
def test_any_password_that_may_be_given_survives_its_files(password: str) -> None:
    files = files_by_service(lambda _name: password, settings(), {})
    url = urlsplit(files["ingestion"]["shop-database-url"].content)
    assert (url.username, unquote(url.password or ""), url.hostname, url.port) == (
        "shop_reader",
        password,
        "postgres",
        5432,
    )
    host, port, database, user, found = files["daemon"]["pgpass"].content.removesuffix("\n").split(":")
    assert (host, port, database, user, found) == ("*", "*", "*", "dagster", password)


@given(st.from_regex(SECRETS["s3-ingestion"].shape, fullmatch=True))
def test_any_s3_secret_that_may_be_given_survives_its_file(secret: str) -> None:
    reader = configparser.RawConfigParser()
    reader.read_string(files_by_service(lambda _name: secret, settings(), {})["shop"]["s3.ini"].content)
    found = (reader["default"]["aws_access_key_id"], reader["default"]["aws_secret_access_key"])
    assert found == s3_credentials("shop", secret)


def test_files_are_written_with_their_modes_and_left_alone_afterwards(tmp_path: Path) -> None:
    files = {"private": SecretFile("one"), "readable": SecretFile("two", 0o444)}
    write(files, tmp_path)
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "private": 0o600,
        "readable": 0o444,
    }
    write(files, tmp_path)
    assert {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


def test_another_content_or_mode_replaces_a_file(tmp_path: Path) -> None:
    write({"a": SecretFile("one"), "b": SecretFile("one")}, tmp_path)
    (tmp_path / "b").chmod(0o644)
    write({"a": SecretFile("two"), "b": SecretFile("one")}, tmp_path)
    found = {path.name: (path.read_text(), path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    assert found == {"a": ("two", 0o600), "b": ("one", 0o600)}


def test_accounts_say_whose_they_are_unless_a_store_names_its_keys_itself() -> None:
    assert s3_credentials("ingestion", "aSecretOfTheStacksOwn") == ("slipway-ingestion", "aSecretOfTheStacksOwn")
    assert s3_credentials("ingestion", "AKIAEXAMPLE wJalrXUtnFEMI/K7") == ("AKIAEXAMPLE", "wJalrXUtnFEMI/K7")


USERS = {"operator": ("operator", "correct-horse-battery"), "viewer": ("viewer", "look-but-do-not-touch")}


def hashes(content: str) -> dict[str, str]:
    pairs = [line.split() for line in content.splitlines() if "$2b$" in line]
    return {each[0]: each[1] for each in pairs}


def test_the_proxys_users_and_roles() -> None:
    content = proxy_users(USERS, TOKEN, "").content
    found = hashes(content)
    for name, (_role, password) in USERS.items():
        assert bcrypt.checkpw(password.encode(), found[name].encode())
    shape = [line if "$2b$" not in line else line.split()[0] for line in content.splitlines()]
    assert shape == [
        "(users) {",
        "operator",
        "viewer",
        "}",
        "(roles) {",
        "\t~^operator$ operator",
        "\t~^viewer$ viewer",
        "}",
        "(shown) {",
        f"\theader_up X-Slipway-Proxy {TOKEN}",
        "}",
    ]


def test_a_hash_is_made_anew_only_with_its_password() -> None:
    first = proxy_users(USERS, TOKEN, "").content
    assert proxy_users(USERS, TOKEN, first).content == first
    second = proxy_users(USERS | {"viewer": ("viewer", "another-password")}, TOKEN, first).content
    assert hashes(second)["operator"] == hashes(first)["operator"]
    assert bcrypt.checkpw(b"another-password", hashes(second)["viewer"].encode())


def test_the_longest_password_that_may_be_given_can_be_hashed() -> None:
    longest = "x" * 72
    assert SECRETS["operator-password"].shape.fullmatch(longest)
    assert not SECRETS["operator-password"].shape.fullmatch(longest + "x")
    content = proxy_users({"operator": ("operator", longest)}, TOKEN, "").content
    assert bcrypt.checkpw(longest.encode(), hashes(content)["operator"].encode())


@pytest.mark.parametrize("earlier", ["", "not Caddy's", "(users) {\n\toperator $2b$10$tooshort\n}\n"])
def test_whatever_stood_there_before(earlier: str) -> None:
    found = hashes(proxy_users(USERS, TOKEN, earlier).content)
    assert bcrypt.checkpw(b"correct-horse-battery", found["operator"].encode())
