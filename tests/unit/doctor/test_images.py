"""Images: not there, of another name than they should be, older than their name now means."""

from __future__ import annotations

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.images import Image, judge_images, same
from slipway.doctor.project import Project, Service
from slipway.doctor.services import Container
from tests.unit.doctor.stack import is_problem, is_warning

PROJECT = Project(
    "slipway",
    {
        "webserver": Service("slipway-control:latest"),
        "daemon": Service("slipway-control:latest"),
        "ingestion": Service("slipway-ingestion:latest"),
        "shop": Service("slipway-shop:latest", wanted=False),
    },
)
IMAGES = {"slipway-control:latest": Image("sha256:c2"), "slipway-ingestion:latest": Image("sha256:i2", "ingestion")}


def container(service: str, image: str, name: str = "", state: str = "running") -> Container:
    return Container(service, state, image=image, image_name=name or PROJECT.services[service].image)


def test_all_run_what_the_names_mean() -> None:
    running = [container("webserver", "sha256:c2"), container("ingestion", "sha256:i2")]
    [found] = judge_images(PROJECT, IMAGES, running)
    assert found.level == Level.OK
    assert "2 are here, and the services run them" in found.sentence
    assert judge_images(PROJECT, IMAGES, [])[0].sentence == "2 are here."


def test_built_anew_and_not_restarted() -> None:
    running = [
        container("webserver", "sha256:c1"),
        container("daemon", "sha256:c1"),
        container("ingestion", "sha256:i2"),
    ]
    [found] = judge_images(PROJECT, IMAGES, running)
    is_warning(found, "daemon, webserver run an older image", "docker compose up -d --no-deps --wait daemon webserver")
    assert judge_images(PROJECT, IMAGES, [container("daemon", "sha256:c1", state="exited")])[0].level == Level.OK


def test_another_tag_is_set_than_runs() -> None:
    [found] = judge_images(PROJECT, IMAGES, [container("daemon", "sha256:c9", "slipway-control:1.0")])
    is_warning(found, "daemon was started from another image", "docker compose up -d")


@pytest.mark.parametrize("label", ["", "reporting"])
def test_an_image_of_no_location(label: str) -> None:
    images = IMAGES | {"slipway-ingestion:latest": Image("sha256:i2", label)}
    [found] = judge_images(PROJECT, images, [])
    is_problem(
        found, "not an image of the code location ingestion", label or "missing", "docker compose build ingestion"
    )


def test_before_the_first_start_they_are_not_there() -> None:
    [found] = judge_images(PROJECT, {}, [])
    assert found.level == Level.SKIPPED
    assert "slipway-control:latest, slipway-ingestion:latest" in found.sentence
    assert "shop" not in found.sentence


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("caddy:2.11", "caddy:2.11"),
        ("caddy", "caddy:latest"),
        ("docker.io/library/caddy:2", "caddy:2"),
        ("docker.io/team/web:2", "team/web:2"),
        ("localhost:5000/web", "localhost:5000/web:latest"),
        ("caddy@sha256:1", "caddy@sha256:1"),
    ],
)
def test_names_of_the_same_image(name: str, tag: str) -> None:
    assert same(name, tag)
    assert not same(name, "other:latest")
