"""One sentence for each variable that is malformed or that nothing reads."""

from __future__ import annotations

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.variables import judge_variables, tls_kinds
from tests.unit.doctor.stack import ROOT, is_problem, is_warning, variables

TLS = tls_kinds((ROOT / "deploy" / "compose" / "Caddyfile").read_text())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SLIPWAY_PORT", "abc", "a port"),
        ("SLIPWAY_PORT", "0", "a port"),
        ("SLIPWAY_PORT", "70000", "a port"),
        ("SLIPWAY_PORT", "127.0.0.1:3000", "a port"),
        ("SLIPWAY_BIND", "localhost", "an address of this machine"),
        ("SLIPWAY_BIND", "300.1.1.1", "an address of this machine"),
        ("SLIPWAY_BIND", "::", "[::]"),
        ("SLIPWAY_PG_PORT", "postgres", "a port"),
        ("SLIPWAY_PG_HOST", "db.example.com:5432", "without a port"),
        ("SLIPWAY_PG_HOST", "postgresql://db", "without a port"),
        ("SLIPWAY_PG_USER", "dagster team", "a name"),
        ("SLIPWAY_PG_USER", "dagster:x", "a name"),
        ("SLIPWAY_OWN_POSTGRES", "no", "1 (part of the stack) or 0"),
        ("SLIPWAY_OWN_OBJECTSTORE", "false", "1 (part of the stack) or 0"),
        ("SLIPWAY_SHOP", "2", "1 (part of the stack) or 0"),
        ("SLIPWAY_RUN_MEMORY", "lots", "512m or 1g"),
        ("SLIPWAY_RUN_MEMORY", "1", "512m or 1g"),
        ("SLIPWAY_LOCATION_MEMORY", "1 giga", "512m or 1g"),
        ("SLIPWAY_RUN_CPUS", "two", "a number of processors"),
        ("SLIPWAY_RUN_CPUS", "0", "a number of processors"),
        ("SLIPWAY_RUN_CPUS", "500m", "a number of processors"),
        ("SLIPWAY_RUN_CPUS", "nan", "a number of processors"),
        ("SLIPWAY_S3_ENDPOINT", "s3.example.com:9000", "with its scheme"),
        ("SLIPWAY_S3_ENDPOINT", "ftp://s3.example.com", "with its scheme"),
        ("SLIPWAY_S3_ENDPOINT", "https://", "with its scheme"),
        ("SLIPWAY_S3_ENDPOINT", "http://store:port", "with its scheme"),
        ("SLIPWAY_S3_REGION", "eu central", "a region"),
        ("SLIPWAY_LAKE_BUCKET", "s3://lake", "a bucket's name"),
        ("SLIPWAY_LOGS_BUCKET", "Logs", "a bucket's name"),
        ("SLIPWAY_LANDING_BUCKET", "la", "a bucket's name"),
        ("SLIPWAY_LANDING", "landing/wholesale", "a bucket prefix such as"),
        ("SLIPWAY_LANDING", "s3://", "a bucket prefix such as"),
        ("SLIPWAY_LANDING_FOLDER", "./landing", "from the root"),
        ("SLIPWAY_LANDING_FOLDER", "/srv/landing/", "from the root"),
        ("SLIPWAY_LANDING_FOLDER", "/srv/../landing", "from the root"),
        ("SLIPWAY_LANDING_PATTERN", "sales.csv", "{day}"),
        ("SLIPWAY_LANDING_PATTERN", "in/{day}.csv", "{day}"),
        ("SLIPWAY_DELIVERY", "gold", "a bucket prefix such as"),
        ("SLIPWAY_SHOP_API_URL", "shop:8000", "with its scheme"),
        ("SLIPWAY_SHOP_DATES", "today", "recent or original"),
        ("SLIPWAY_TIMEZONE", "Mars/Olympus", "a time zone's name"),
        ("SLIPWAY_TIMEZONE", "/etc/passwd", "a time zone's name"),
        ("SLIPWAY_FIRST_DAY", "20260101", "a day, such as 2026-01-01"),
        ("SLIPWAY_LAST_DAY", "2026-02-30", "a day, such as 2026-01-01"),
        ("SLIPWAY_KEEP_CONTAINERS", "1.5", "a whole number"),
        ("SLIPWAY_KEEP_FAILED_CONTAINERS", "-1", "a whole number"),
        ("SLIPWAY_KEEP_CONTAINERS_HOURS", "an hour", "a number of hours"),
        ("SLIPWAY_KEEP_FAILED_CONTAINERS_HOURS", "inf", "a number of hours"),
        ("SLIPWAY_KEEP_LOGS_DAYS", "30d", "a number of days"),
        ("SLIPWAY_SECRETS", "secrets", "begins with ./ or /"),
        ("SLIPWAY_SECRETS", "/srv/secrets:ro", "begins with ./ or /"),
        ("SLIPWAY_CERTIFICATES", "certs", "begins with ./ or /"),
        ("SLIPWAY_DOCKER_SOCKET", "unix:///run/docker.sock", "the path of a socket"),
        ("SLIPWAY_SITE", "data.example.com", "port 3000"),
        ("SLIPWAY_SITE", "https://data.example.com", "port 3000"),
        ("SLIPWAY_SITE", ":443", "port 3000"),
        ("SLIPWAY_TLS", "on", "one of off, internal"),
        ("SLIPWAY_INTERNAL", "maybe", "true or false"),
        ("SLIPWAY_TAG", "a/b", "an image tag"),
        ("SLIPWAY_IMAGES", "Team/Slipway-", "in lower case"),
        ("SLIPWAY_IMAGES", "https://registry/slipway-", "registry.example.com"),
        ("SLIPWAY_POSTGRES_IMAGE", "postgres 17", "an image"),
        ("COMPOSE_PROJECT_NAME", "My Stack", "lower-case letters"),
    ],
)
def test_what_is_malformed_is_one_sentence(name: str, value: str, expected: str) -> None:
    [found] = judge_variables(variables(**{name: value}), TLS)
    is_problem(found, f"{name} is {value!r}: expected ", expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLIPWAY_BIND", "0.0.0.0"),
        ("SLIPWAY_BIND", "[::1]"),
        ("SLIPWAY_PG_HOST", "db-1.example.com"),
        ("SLIPWAY_PG_HOST", "10.0.0.7"),
        ("SLIPWAY_RUN_MEMORY", "1.5GiB"),
        ("SLIPWAY_RUN_CPUS", "0.5"),
        ("SLIPWAY_S3_ENDPOINT", ""),
        ("SLIPWAY_S3_ENDPOINT", "https://account.r2.cloudflarestorage.com"),
        ("SLIPWAY_LANDING", "/landing"),
        ("SLIPWAY_LANDING_PATTERN", "sales-{day:%Y%m%d}.csv"),
        ("SLIPWAY_SECRETS", "./ours"),
        ("SLIPWAY_SECRETS", "~/slipway/secrets"),
        ("SLIPWAY_SECRETS", "../secrets"),
        ("SLIPWAY_SITE", "https://data.example.com:3000"),
        ("SLIPWAY_SITE", "data:3000"),
        ("SLIPWAY_TLS", "files"),
        ("SLIPWAY_IMAGES", "registry.example.com:5000/team/slipway-"),
        ("SLIPWAY_IMAGES", "team/"),
        ("SLIPWAY_POSTGRES_IMAGE", f"registry.example.com/postgres@sha256:{'a' * 64}"),
        ("SLIPWAY_KEEP_CONTAINERS_HOURS", "0"),
        ("SLIPWAY_KEEP_LOGS_DAYS", "0.5"),
        ("SLIPWAY_PORT", ""),
    ],
)
def test_what_fits(name: str, value: str) -> None:
    [found] = judge_variables(variables(**{name: value}), TLS)
    assert found.level == Level.OK, found


def test_a_slip_of_the_pen_is_found() -> None:
    [found] = judge_variables(variables(SLIPWAY_PROT="3001"), TLS)
    is_warning(found, "SLIPWAY_PROT is set in .env, and nothing reads it: did you mean SLIPWAY_PORT?")


def test_a_name_that_is_near_to_none() -> None:
    [found] = judge_variables(variables(SLIPWAY_COLOUR="blue"), TLS)
    is_warning(found, "SLIPWAY_COLOUR", "docs/configuration.md")


def test_other_programs_variables_are_none_of_ours() -> None:
    assert judge_variables(variables(EDITOR="vi", TZ="nowhere"), TLS)[0].level == Level.OK


def test_each_has_its_own_sentence() -> None:
    found = judge_variables(variables(SLIPWAY_PORT="x", SLIPWAY_SHOP="x", SLIPWAY_SHOPS="1"), TLS)
    assert [finding.level for finding in found] == ["problem", "problem", "warning"]


def test_the_kinds_of_tls_are_the_caddyfile_s() -> None:
    assert {"off", "internal", "files"} <= set(TLS)
    assert tls_kinds("(tls-off) {\n}\n(users) {\n}") == ["off"]
