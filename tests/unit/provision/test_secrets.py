"""Secrets: made once, taken from a team's files, refused with a sentence, never changed by a later start."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.provision.errors import ProvisionError
from slipway.provision.secrets import ACCOUNTS, SECRETS, SecretStore

KEY = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "init"
    made.mkdir()
    return made


@pytest.fixture
def given(tmp_path: Path) -> Path:
    made = tmp_path / "given"
    made.mkdir()
    return made


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_first_start_makes_all_of_them(folder: Path) -> None:
    assert SecretStore(folder).ensure() == list(SECRETS)
    made = contents(folder)
    assert set(made) == set(SECRETS), "and nothing beside: no temporary file"
    assert len(set(made.values())) == len(SECRETS), "no two are the same"
    for name, value in made.items():
        assert SECRETS[name].shape.fullmatch(value), f"{name} could not be given as it was made"
        assert len(value) >= 24
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_two_stacks_have_none_in_common(tmp_path: Path) -> None:
    values = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        SecretStore(tmp_path / name).ensure()
        values.append(set(contents(tmp_path / name).values()))
    assert not values[0] & values[1]


def test_later_starts_change_nothing(folder: Path) -> None:
    SecretStore(folder).ensure()
    before = {path.name: (path.read_text(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()}
    assert SecretStore(folder).ensure() == []
    after = {path.name: (path.read_text(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()}
    assert after == before


def test_one_that_is_new_in_a_release_is_made_beside_the_others(folder: Path) -> None:
    store = SecretStore(folder)
    store.ensure()
    (folder / "s3-reports").unlink()
    before = contents(folder)
    assert store.ensure() == ["s3-reports"]
    assert before.items() <= contents(folder).items()


def test_given_ones_are_taken(folder: Path, given: Path) -> None:
    (given / "operator-password").write_text("correct-horse-battery\n")
    (given / "pseudonym-key").write_text(KEY)
    store = SecretStore(folder, given)
    assert set(store.ensure()) == set(SECRETS)
    assert store.get("operator-password") == "correct-horse-battery", "without the editor's last line break"
    assert store.get("pseudonym-key") == KEY
    assert store.is_given("operator-password")
    assert not store.is_given("viewer-password")
    assert store.ensure() == []


def test_a_given_one_may_change_and_may_go(folder: Path, given: Path) -> None:
    store = SecretStore(folder, given)
    store.ensure()
    before = contents(folder)
    (given / "viewer-password").write_text("another-password")
    assert store.ensure() == ["viewer-password"]
    assert contents(folder) == before | {"viewer-password": "another-password"}
    (given / "viewer-password").unlink()
    assert store.ensure() == []
    assert store.get("viewer-password") == "another-password"


def test_what_stands_in_the_folder_beside_secrets_is_left_alone(folder: Path, given: Path) -> None:
    (given / "README.md").write_text("what belongs here")
    (given / ".gitkeep").write_text("")
    (given / "old").mkdir()
    assert set(SecretStore(folder, given).ensure()) == set(SECRETS)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("operator-password", b"short", "12 to 72 letters, digits and signs"),
        ("operator-password", b"", "12 to 72 letters, digits and signs"),
        ("operator-password", b"two words of it", "12 to 72 letters, digits and signs"),
        ("operator-password", "pässwörter-aus-köln".encode(), "of ASCII"),
        ("dagster-password", b"with:a-colon-in-it", "without white space and :"),
        ("dagster-password", b"with\\a-backslash", "without white space and :"),
        ("dagster-password", b"x" * 129, "12 to 128 characters"),
        ("shop-password", b"with%a-percent-sign", "without white space and :"),
        ("viewer-password", b"x" * 73, "12 to 72 letters"),
        ("s3-ingestion", b"too-short", "16 to 128 letters and digits"),
        ("s3-ingestion", b"with a space in it, and more", "16 to 128 letters and digits"),
        ("objectstore-root-secret", b'quote"s-are-not-letters', "16 to 128 letters and digits"),
        ("pseudonym-key", b"0" * 63, "at least 64 hexadecimal digits"),
        ("pseudonym-key", b"g" * 64, "at least 64 hexadecimal digits"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(folder: Path, given: Path, name: str, value: bytes, expected: str) -> None:
    (given / name).write_bytes(value)
    with pytest.raises(ProvisionError, match=rf"^The given secret {name} cannot be used: expected ") as refused:
        SecretStore(folder, given).ensure()
    assert expected in str(refused.value)
    assert not value or value.decode() not in str(refused.value), "the sentence does not tell the secret"
    assert contents(folder) == {}, "nothing is made before all of it is known to be right"


def test_a_secret_that_is_no_text_is_refused(folder: Path, given: Path) -> None:
    (given / "viewer-password").write_bytes(b"\xff\xfe" * 20)
    with pytest.raises(ProvisionError, match=r"^The given secret viewer-password cannot be read .*user 10001"):
        SecretStore(folder, given).ensure()


def test_a_name_that_none_has_is_refused(folder: Path, given: Path) -> None:
    (given / "operator_password").write_text("correct-horse-battery")
    with pytest.raises(ProvisionError, match=r"a file operator_password, .* expected one of operator-password, "):
        SecretStore(folder, given).ensure()


def test_the_pseudonym_key_stays_what_it_was(folder: Path, given: Path) -> None:
    store = SecretStore(folder, given)
    (given / "pseudonym-key").write_text(KEY)
    store.ensure()
    before = contents(folder)
    (given / "pseudonym-key").write_text("cd" * 32)
    (given / "operator-password").write_text("correct-horse-battery")
    with pytest.raises(ProvisionError, match=r"^The given pseudonym-key is not the one .* every pseudonym") as refused:
        store.ensure()
    assert KEY not in str(refused.value)
    assert contents(folder) == before, "nor is anything else taken"


def test_only_the_pseudonym_key_is_fixed() -> None:
    assert [name for name, secret in SECRETS.items() if secret.fixed] == ["pseudonym-key"]


def test_one_that_is_not_there_yet(folder: Path) -> None:
    with pytest.raises(ProvisionError, match=r"^There is no secret viewer-password yet: .* `docker compose up`\.$"):
        SecretStore(folder).get("viewer-password")


def test_every_account_has_a_secret_and_services_to_restart() -> None:
    for account, services in ACCOUNTS.items():
        assert SECRETS[f"s3-{account}"].restart == services
