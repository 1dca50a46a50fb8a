"""What `init` reads: one sentence for each variable that is missing or malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.provision.errors import ProvisionError
from slipway.provision.settings import ProvisionSettings
from tests.unit.provision.environment import ENVIRONMENT, settings


def test_what_compose_gives_without_an_env_file() -> None:
    found = settings()
    assert (found.postgres_host, found.postgres_port) == ("postgres", 5432)
    assert (found.own_postgres, found.own_objectstore, found.shop, found.original_dates) == (True, True, True, False)
    assert (found.lake_bucket, found.logs_bucket, found.landing_bucket) == ("lake", "logs", "landing")
    assert (found.first_day, found.last_day, found.timezone.key) == (None, None, "Europe/London")


def test_what_belongs_to_others_is_switched_off_by_0() -> None:
    found = settings(SLIPWAY_OWN_POSTGRES="0", SLIPWAY_OWN_OBJECTSTORE="0", SLIPWAY_SHOP="0", SHOP_DATES="original")
    assert (found.own_postgres, found.own_objectstore, found.shop, found.original_dates) == (False, False, False, True)


def test_aws_itself_has_no_endpoint() -> None:
    assert settings(AWS_ENDPOINT_URL_S3="").endpoint is None


def test_a_folder_of_given_secrets_may_be_missing(tmp_path: Path) -> None:
    assert settings(SLIPWAY_GIVEN_SECRETS=str(tmp_path)).given == tmp_path
    assert settings(SLIPWAY_GIVEN_SECRETS=str(tmp_path / "none")).given is None


@pytest.mark.parametrize(
    "variable",
    [
        *("DAGSTER_PG_HOST", "DAGSTER_PG_PORT", "DAGSTER_PG_USER", "DAGSTER_PG_DB"),
        *("SLIPWAY_LAKE_BUCKET", "SLIPWAY_LOGS_BUCKET", "SLIPWAY_LANDING_BUCKET"),
    ],
)
def test_what_has_no_default_is_asked_for(variable: str) -> None:
    for absent in ({**ENVIRONMENT, variable: " "}, {k: v for k, v in ENVIRONMENT.items() if k != variable}):
        with pytest.raises(ProvisionError, match=rf"^{variable} is not set: expected an? .*\.$"):
            ProvisionSettings.from_environment(absent)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DAGSTER_PG_PORT", "postgres"),
        ("DAGSTER_PG_PORT", "0"),
        ("DAGSTER_PG_PORT", "65536"),
        ("DAGSTER_PG_PORT", "-1"),
        ("SLIPWAY_LAKE_BUCKET", "s3://lake"),
        ("SLIPWAY_LAKE_BUCKET", "lake/prefix"),
        ("SLIPWAY_LAKE_BUCKET", "Lake"),
        ("SLIPWAY_LAKE_BUCKET", "la"),
        ("SLIPWAY_LAKE_BUCKET", "a" * 64),
        ("SLIPWAY_LOGS_BUCKET", "-logs"),
        ("SLIPWAY_LOGS_BUCKET", "logs."),
        ("SLIPWAY_LANDING_BUCKET", "land..ing"),
        ("SLIPWAY_LANDING_BUCKET", "ländung"),
        ("SLIPWAY_OWN_POSTGRES", "no"),
        ("SLIPWAY_OWN_OBJECTSTORE", "true"),
        ("SLIPWAY_SHOP", "2"),
        ("SLIPWAY_TIMEZONE", "Mars/Olympus"),
        ("SLIPWAY_TIMEZONE", "/etc/passwd"),
        ("SHOP_DATES", "yesterday"),
    ],
)
def test_what_is_malformed_is_one_sentence(variable: str, value: str) -> None:
    with pytest.raises(ProvisionError, match=rf"^{variable} is '.*': expected [^\n]*\.$"):
        settings(**{variable: value})


def test_an_endpoint_needs_its_scheme() -> None:
    with pytest.raises(
        ProvisionError, match=r"^SLIPWAY_S3_ENDPOINT is 's3\.example:9000': .* https://s3\.example:9000"
    ):
        settings(AWS_ENDPOINT_URL_S3="s3.example:9000")


@pytest.mark.parametrize("bucket", ["lake", "my-team.lake", "a1b", "0lake9", "x" * 63])
def test_names_that_buckets_have(bucket: str) -> None:
    assert settings(SLIPWAY_LAKE_BUCKET=bucket).lake_bucket == bucket
