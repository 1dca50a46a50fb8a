"""What the environment says of the API, and one sentence where it is wrong."""

from __future__ import annotations

import pytest

from ingestion.shop_api import SHOP_API, ShopApi
from slipway.location import SettingError


def test_from_the_environment() -> None:
    api = ShopApi.from_environment(
        {SHOP_API: "https://shop:8000/v1/", f"{SHOP_API[:-4]}_TIMEOUT_SECONDS": "2.5", f"{SHOP_API[:-4]}_ATTEMPTS": "2"}
    )
    assert (api.base_url, api.timeout_seconds, api.attempts) == ("https://shop:8000/v1", 2.5, 2)


def test_unset() -> None:
    with pytest.raises(
        SettingError, match=rf"^{SHOP_API} is not set: expected the URL of the shop's API, such as http"
    ):
        ShopApi.from_environment({})


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("shop:8000", "must begin with http"),
        ("ftp://shop", "must begin with http"),
        ("http://", "must name a host"),
        ("http://shop?key=s3cret", "neither"),
        ("http://ann:s3cret@shop", "may not hold a user or password"),
        ("http://shop:s3cret", "Port could not be cast"),
    ],
)
def test_wrong_urls(url: str, why: str) -> None:
    with pytest.raises(SettingError, match=why) as caught:
        ShopApi.from_environment({SHOP_API: url})
    assert SHOP_API in str(caught.value)
    if "key" in url or "@" in url:
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TIMEOUT_SECONDS", "0"),
        ("TIMEOUT_SECONDS", "soon"),
        ("TIMEOUT_SECONDS", "nan"),
        ("ATTEMPTS", "0"),
        ("ATTEMPTS", "x"),
    ],
)
def test_wrong_numbers(variable: str, value: str) -> None:
    name = f"SLIPWAY_SHOP_API_{variable}"
    with pytest.raises(SettingError, match=f"^{name} is '{value}': expected "):
        ShopApi.from_environment({SHOP_API: "http://shop", name: value})
