"""The settings of a stack as docker-compose.yaml gives them, for tests."""

from __future__ import annotations

from slipway.provision.settings import ProvisionSettings

ENVIRONMENT = {
    "DAGSTER_PG_HOST": "postgres",
    "DAGSTER_PG_PORT": "5432",
    "DAGSTER_PG_USER": "dagster",
    "DAGSTER_PG_DB": "dagster",
    "AWS_ENDPOINT_URL_S3": "http://objectstore:7070",
    "AWS_REGION": "us-east-1",
    "SLIPWAY_LAKE_BUCKET": "lake",
    "SLIPWAY_LOGS_BUCKET": "logs",
    "SLIPWAY_LANDING_BUCKET": "landing",
    "SLIPWAY_OWN_POSTGRES": "1",
    "SLIPWAY_OWN_OBJECTSTORE": "1",
    "SLIPWAY_SHOP": "1",
    "SLIPWAY_TIMEZONE": "Europe/London",
    "SLIPWAY_FIRST_DAY": "",
    "SLIPWAY_LAST_DAY": "",
    "SHOP_DATES": "recent",
}


def settings(**changed: str) -> ProvisionSettings:
    return ProvisionSettings.from_environment(ENVIRONMENT | changed)
