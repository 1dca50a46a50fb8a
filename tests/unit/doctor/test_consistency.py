"""Variables that do not go together, each in one sentence."""

from __future__ import annotations

import pytest

from slipway.doctor.consistency import endpoint, judge_together
from tests.unit.doctor.stack import is_problem, is_warning, variables

OUTSIDE = {
    "SLIPWAY_OWN_POSTGRES": "0",
    "SLIPWAY_PG_HOST": "db.example.com",
    "SLIPWAY_OWN_OBJECTSTORE": "0",
    "SLIPWAY_S3_ENDPOINT": "https://s3.example.com",
    "SLIPWAY_INTERNAL": "false",
    "SLIPWAY_SHOP": "0",
}
SERVER = {"SLIPWAY_BIND": "0.0.0.0", "SLIPWAY_SITE": "https://data.example.com:3000", "SLIPWAY_TLS": "files"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        OUTSIDE,
        OUTSIDE | {"SLIPWAY_S3_ENDPOINT": ""},
        SERVER,
        SERVER | {"SLIPWAY_SITE": ""},
        {"SLIPWAY_SITE": "http://data.example.com:3000"},
        {"SLIPWAY_FIRST_DAY": "2026-01-01", "SLIPWAY_LAST_DAY": "2026-01-01"},
        {"SLIPWAY_LANDING": "/landing", "SLIPWAY_LANDING_FOLDER": "/srv/landing"},
        {"SLIPWAY_LANDING": "/landing/sales", "SLIPWAY_LANDING_FOLDER": "/srv/landing"},
        {"SLIPWAY_LANDING_BUCKET": "team"},
        {"SLIPWAY_LANDING": "s3://team/sales", "SLIPWAY_LANDING_BUCKET": "team"},
    ],
)
def test_what_goes_together(values: dict[str, str]) -> None:
    assert judge_together(variables(**values)) == []


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (OUTSIDE | {"SLIPWAY_PG_HOST": ""}, ["SLIPWAY_PG_HOST still names the stack's own"]),
        (OUTSIDE | {"SLIPWAY_S3_ENDPOINT": "http://objectstore:7070"}, ["SLIPWAY_S3_ENDPOINT still names"]),
        ({"SLIPWAY_PG_HOST": "db.example.com"}, ["db.example.com:5432", "SLIPWAY_OWN_POSTGRES=0"]),
        ({"SLIPWAY_PG_PORT": "5433"}, ["postgres:5433", "SLIPWAY_OWN_POSTGRES=0"]),
        ({"SLIPWAY_S3_ENDPOINT": "https://s3.example.com"}, ["SLIPWAY_OWN_OBJECTSTORE=0"]),
        ({"SLIPWAY_S3_ENDPOINT": ""}, ["SLIPWAY_OWN_OBJECTSTORE=0"]),
        ({"SLIPWAY_LOGS_BUCKET": "lake"}, ["lake, lake, landing", "three different buckets"]),
        (
            {"SLIPWAY_FIRST_DAY": "2026-02-01", "SLIPWAY_LAST_DAY": "2026-01-01"},
            ["before SLIPWAY_FIRST_DAY 2026-02-01"],
        ),
        ({"SLIPWAY_LANDING": "s3://team/sales"}, ["s3://team/sales", "may read the bucket landing only"]),
        ({"SLIPWAY_LANDING": "/landing"}, ["no folder is mounted there", "SLIPWAY_LANDING_FOLDER"]),
        ({"SLIPWAY_LANDING": "/srv/in", "SLIPWAY_LANDING_FOLDER": "/srv/in"}, ["mounted at /landing"]),
        (SERVER | {"SLIPWAY_TLS": "off", "SLIPWAY_BIND": ""}, ["wants a certificate", "SLIPWAY_TLS is off"]),
        (SERVER | {"SLIPWAY_SITE": "", "SLIPWAY_TLS": "internal"}, ["name the host that the certificate is for"]),
        (SERVER | {"SLIPWAY_SITE": "http://data.example.com:3000"}, ["write https:// before the name"]),
    ],
)
def test_what_does_not_is_a_problem(values: dict[str, str], parts: list[str]) -> None:
    [found] = judge_together(variables(**values))
    is_problem(found, *parts)


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (OUTSIDE | {"SLIPWAY_INTERNAL": ""}, ["SLIPWAY_INTERNAL=false"]),
        (OUTSIDE | {"SLIPWAY_SHOP": ""}, ["SLIPWAY_SHOP=0"]),
        ({"SLIPWAY_LANDING_FOLDER": "/srv/landing"}, ["s3://landing/wholesale", "SLIPWAY_LANDING=/landing"]),
        ({"SLIPWAY_BIND": "0.0.0.0"}, ["plain HTTP", "SLIPWAY_TLS"]),
        (SERVER | {"SLIPWAY_TLS": "acme"}, ["SLIPWAY_PORT=443"]),
    ],
)
def test_what_may_be_meant_is_a_warning(values: dict[str, str], parts: list[str]) -> None:
    [found] = judge_together(variables(**values))
    is_warning(found, *parts)


def test_an_empty_endpoint_is_aws_and_none_is_the_stack_s_own() -> None:
    assert endpoint(variables(SLIPWAY_S3_ENDPOINT="")) == ""
    assert endpoint(variables()) == "http://objectstore:7070"
