"""The checkout: missing files, folders that Docker made in their place, and files that containers may not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.doctor.checkout import NEEDED, Place, judge_checkout, judge_mounted_folder, look_at, look_at_checkout
from slipway.doctor.finding import Level
from tests.unit.doctor.stack import ROOT, is_problem, is_warning

GOOD = {name: Place("file") for name in NEEDED}
MOUNTED = "deploy/compose/Caddyfile"


def test_this_checkout_has_all_that_is_needed() -> None:
    assert {name for name in NEEDED if not (ROOT / name).is_file()} == set()


def test_a_read_only_checkout_is_fine() -> None:
    assert judge_checkout(GOOD, "/srv/slipway", writable=True).level == Level.OK
    found = judge_checkout(GOOD, "/srv/slipway", writable=False)
    assert found.level == Level.OK
    assert "read-only" in found.sentence


def test_a_folder_that_docker_made() -> None:
    is_problem(judge_checkout(GOOD | {MOUNTED: Place("folder")}, "/srv", True), f"rmdir {MOUNTED}", "git checkout")


def test_a_missing_file() -> None:
    is_problem(judge_checkout(GOOD | {"dagster.yaml": Place("")}, "/srv", True), "dagster.yaml is missing in /srv")


def test_a_clone_that_only_its_owner_reads() -> None:
    is_problem(judge_checkout(GOOD | {MOUNTED: Place("file", False)}, "/srv", True), "user 10001", "chmod -R go+rX")


def test_an_empty_folder_is_no_checkout(tmp_path: Path) -> None:
    is_problem(look_at_checkout(tmp_path), "docker-compose.yaml is missing", str(tmp_path))


@pytest.mark.parametrize(("mode", "readable"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_who_may_read_a_file(tmp_path: Path, mode: int, readable: bool) -> None:
    path = tmp_path / "file"
    path.touch(mode)
    path.chmod(mode)
    assert look_at(path) == Place("file", readable)
    assert look_at(path, path.stat().st_uid) == Place("file", True), "its owner may"


@pytest.mark.parametrize(("mode", "readable"), [(0o700, False), (0o704, False), (0o755, True)])
def test_a_folder_needs_to_be_entered_too(tmp_path: Path, mode: int, readable: bool) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    path.chmod(mode)
    assert look_at(path) == Place("folder", readable)


def test_a_link_to_nothing_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert look_at(tmp_path / "link") == Place("")


def test_folders_that_are_mounted() -> None:
    def judge(place: Place, is_default: bool = False):
        return judge_mounted_folder("given secrets", "SLIPWAY_SECRETS", "/srv/secrets", is_default, place)

    assert judge(Place("folder")) is None
    is_problem(judge(Place("file")), "/srv/secrets is a file", "correct SLIPWAY_SECRETS")
    is_problem(judge(Place("")), "SLIPWAY_SECRETS is '/srv/secrets', where no folder is")
    is_warning(judge(Place(""), is_default=True), "mkdir -p /srv/secrets")
    is_problem(judge(Place("folder", False)), "user 10001", "chmod go+rx /srv/secrets")
