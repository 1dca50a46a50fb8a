"""The location as a whole: it loads when everything is set, and says in one sentence what is not."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from ingestion.definitions import defs
from ingestion.resources import resources_from_environment
from slipway.location import SettingError

VARIABLES = ("SLIPWAY_LANDING", "SLIPWAY_SHOP_DATABASE_URL", "SLIPWAY_SHOP_API_URL")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Everything is set, and but for the landing folder nothing of it is there: loading asks no source."""
    (tmp_path / "landing").mkdir()
    values = {
        "SLIPWAY_LAKE": str(tmp_path / "lake"),
        "SLIPWAY_LANDING": str(tmp_path / "landing"),
        "SLIPWAY_SHOP_DATABASE_URL": "postgresql://ann:s3cret@nowhere.invalid/shop",
        "SLIPWAY_SHOP_API_URL": "http://nowhere.invalid",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def test_it_loads(environment: dict[str, str]) -> None:
    definitions = defs()

    dg.Definitions.validate_loadable(definitions)
    assert {"shop_database_changes"} <= {sensor.name for sensor in definitions.sensors or []}
    jobs = {
        name: {"/".join(key.path) for key in definitions.resolve_job_def(name).asset_layer.executable_asset_keys}
        for name in ("ingest_api", "ingest_database")
    }
    assert jobs == {
        "ingest_api": {"bronze/users", "bronze/posts", "bronze/comments", "bronze/exchange_rates"},
        "ingest_database": {
            "bronze/shop/customers",
            "bronze/shop/products",
            "bronze/shop/orders",
            "bronze/shop/order_lines",
            "bronze/warehouse/stock",
        },
    }


@pytest.mark.parametrize("variable", VARIABLES)
def test_what_is_not_set_is_told_in_a_sentence(environment: dict[str, str], variable: str) -> None:
    rest = {name: value for name, value in environment.items() if name != variable}

    with pytest.raises(SettingError, match=rf"^{variable} is not set: expected .*\.$"):
        resources_from_environment(rest)


def test_a_landing_folder_that_is_not_there_is_told_at_start(environment: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=r"^SLIPWAY_LANDING is '/does/not/exist': .* \(it does not exist; make it"):
        resources_from_environment({**environment, "SLIPWAY_LANDING": "/does/not/exist"})


def test_resources_hold_no_secret(environment: dict[str, str]) -> None:
    resources = resources_from_environment()

    assert set(resources) == {"landing", "shop_database", "shop_api"}
    assert "s3cret" not in repr(resources)
