"""The team's own certificate: there, readable by the proxy, and the key's own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.doctor.certificates import look_at_certificate
from slipway.doctor.finding import Level
from tests.unit.doctor.stack import is_problem, variables


def make(folder: Path) -> None:
    """A certificate and its key, as openssl makes them."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here.")
    names = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"), "-subj", "/CN=data.example.com"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *names]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("tls.crt", "tls.key"):
        (folder / name).chmod(0o644)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "certificates"
    made.mkdir()
    made.chmod(0o755)
    return made


def look(folder: Path, tls: str = "files"):
    return look_at_certificate(folder.parent, variables(SLIPWAY_TLS=tls, SLIPWAY_CERTIFICATES=str(folder)))


def test_none_is_asked_for(folder: Path) -> None:
    assert look(folder, "off") == []


def test_missing(folder: Path) -> None:
    [found] = look(folder)
    is_problem(found, "no file", "tls.crt", "put it there")


def test_a_pair(folder: Path) -> None:
    make(folder)
    [found] = look(folder)
    assert found.level == Level.OK, found


def test_a_key_that_the_proxy_may_not_read(folder: Path) -> None:
    make(folder)
    (folder / "tls.key").chmod(0o600)
    [found] = look(folder)
    is_problem(found, "User 10001", "tls.key", "chown 10001")


def test_the_key_of_another(folder: Path, tmp_path: Path) -> None:
    make(folder)
    certificate = (folder / "tls.crt").read_bytes()
    make(folder)
    (folder / "tls.crt").write_bytes(certificate)
    [found] = look(folder)
    is_problem(found, "cannot be used (key values mismatch)")


def test_no_certificate_at_all(folder: Path) -> None:
    make(folder)
    (folder / "tls.crt").write_text("not a certificate")
    [found] = look(folder)
    is_problem(found, "cannot be used", "as PEM")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    [found] = look(tmp_path / "gone", "off")
    is_problem(found, "where no folder is", "SLIPWAY_CERTIFICATES")
