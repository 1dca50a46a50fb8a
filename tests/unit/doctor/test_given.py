"""Secrets given by file: the sentences of `init`, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.given import look_at_given, needed
from tests.unit.doctor.stack import is_problem, is_warning, variables

GOOD = "a-password-of-a-team"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "given"
    made.mkdir()
    made.chmod(0o755)
    return made


def look(folder: Path, **values: str):
    return look_at_given(folder.parent, variables(SLIPWAY_SECRETS=str(folder), **values))


def give(folder: Path, name: str, value: str | bytes = GOOD, mode: int = 0o644) -> None:
    path = folder / name
    path.write_bytes(value if isinstance(value, bytes) else value.encode())
    path.chmod(mode)


def test_none(folder: Path) -> None:
    (folder / "README.md").touch()
    (folder / ".gitignore").touch()
    [found] = look(folder)
    assert found.level == Level.OK
    assert "the first start makes all" in found.sentence


def test_good_ones_are_named_and_not_shown(folder: Path) -> None:
    give(folder, "operator-password")
    give(folder, "s3-ingestion", "AKIAEXAMPLE00000 wJalrXUtnFEMI/K7MDENG")
    [found] = look(folder)
    assert found.level == Level.OK
    assert "operator-password, s3-ingestion" in found.sentence
    assert GOOD not in found.sentence


def test_every_wrong_one_has_its_sentence(folder: Path) -> None:
    give(folder, "operator-password", "short")
    give(folder, "operator_password")
    give(folder, "pseudonym-key", "abc")
    give(folder, "s3-daemon", b"\xff\xfe\xff")
    give(folder, "viewer-password")
    found = look(folder)
    for finding, parts in zip(
        found,
        [
            ("The given secret operator-password cannot be used: expected 12 to 72",),
            ("a file operator_password", "expected one of"),
            ("The given secret pseudonym-key cannot be used", "64 hexadecimal digits"),
            ("The given secret s3-daemon cannot be read",),
        ],
        strict=True,
    ):
        is_problem(finding, *parts)


def test_a_file_that_the_containers_may_not_read(folder: Path) -> None:
    give(folder, "operator-password", mode=0o600)
    [found] = look(folder)
    is_problem(found, "operator-password is closed to user 10001", "sudo chown 10001")


def test_a_folder_where_a_file_should_be(folder: Path) -> None:
    """Docker makes one, where a file that is mounted by itself is missing."""
    (folder / "operator-password").mkdir(mode=0o755)
    [found] = look(folder)
    is_problem(found, "The given secret operator-password cannot be read", "as a file with text")


@pytest.mark.parametrize("there", [True, False])
def test_a_link_that_leads_nowhere_in_the_container(folder: Path, tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "elsewhere").write_text(GOOD)
    (folder / "operator-password").symlink_to(tmp_path / "elsewhere")
    [found] = look(folder)
    is_problem(found, "operator-password is a link out of its folder", "put the file itself there")


def test_a_link_within_the_folder(folder: Path) -> None:
    """So does Kubernetes mount them."""
    (folder / "..data").mkdir()
    give(folder / "..data", "operator-password")
    (folder / "operator-password").symlink_to("..data/operator-password")
    assert look(folder)[0].level == Level.OK


def test_folders_that_are_none(folder: Path, tmp_path: Path) -> None:
    [found] = look(tmp_path / "missing")
    is_problem(found, "where no folder is", "SLIPWAY_SECRETS")
    folder.chmod(0o700)
    [found] = look(folder)
    is_problem(found, "not open to user 10001", "chmod go+rx")


def test_outside_services_need_theirs(folder: Path) -> None:
    [found] = look(folder, SLIPWAY_OWN_POSTGRES="0")
    is_warning(found, "dagster-password is not given", str(folder))
    give(folder, "dagster-password")
    assert look(folder, SLIPWAY_OWN_POSTGRES="0")[0].level == Level.OK


def test_which_are_needed() -> None:
    assert needed(variables()) == []
    outside = needed(variables(SLIPWAY_OWN_OBJECTSTORE="0", SLIPWAY_SHOP="0"))
    assert "s3-ingestion" in outside
    assert "s3-shop" not in outside
    assert "s3-shop" in needed(variables(SLIPWAY_OWN_OBJECTSTORE="0"))
