"""Which images a run may be of."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.docker_api.images import Image, asked_image, location_image
from slipway.docker_api.refused import Refused
from tests.unit.docker_api.bodies import FOREIGN, INGESTION, SETTINGS, TRANSFORMATION


def inspected(identity: str, labels: dict[str, str] | None) -> dict[str, Any]:
    return {"Id": identity, "Config": {"Labels": labels}}


@pytest.mark.parametrize("name", ["shop-ingestion:latest", "registry:5000/team/transformation:1.2", INGESTION])
def test_allowed_names_and_whole_ids_may_be_asked_for(name: str) -> None:
    assert asked_image(name, SETTINGS) == name


@pytest.mark.parametrize(
    "name",
    ["python:3.13", "shop-ingestion", "shop-ingestion:old", "sha256:12", "1" * 64, INGESTION.upper(), "", None, 3],
)
def test_other_images_may_not(name: Any) -> None:
    with pytest.raises(Refused, match="expected one of"):
        asked_image(name, SETTINGS)


@pytest.mark.parametrize(
    ("asked", "identity", "location"),
    [
        ("shop-ingestion:latest", INGESTION, "ingestion"),
        (INGESTION, INGESTION, "ingestion"),
        (TRANSFORMATION, TRANSFORMATION, "transformation"),
    ],
)
def test_a_label_makes_an_image_a_locations(asked: str, identity: str, location: str) -> None:
    found = location_image(asked, inspected(identity, {"slipway.location": location}), SETTINGS)
    assert found == Image(identity, location)


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        (FOREIGN, None),
        (FOREIGN, {}),
        (FOREIGN, {"slipway.location": "control"}),
        (FOREIGN, {"slipway.location": ""}),
        ("shop-ingestion:latest", None),
        ("shop-ingestion:latest", {"slipway.location": "transformation"}),
    ],
)
def test_without_it_it_is_foreign(asked: str, labels: dict[str, str] | None) -> None:
    with pytest.raises(Refused, match=r"expected the label slipway\.location to be ingestion"):
        location_image(asked, inspected(FOREIGN, labels), SETTINGS)
