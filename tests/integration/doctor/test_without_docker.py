"""The doctor where Docker is not to be had: still every other check, and one sentence about Docker."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[3]


def doctor(checkout: Path = ROOT, /, **environment: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Exit code, and the findings by check, of the command as people type it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "COMPOSE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "slipway", "doctor", "--json", "--checkout", str(checkout)],
        env=clean | {"SLIPWAY_PORT": str(free_port()), "PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        assert finding["sentence"].endswith((".", "?"))
        assert "\n" not in finding["sentence"]
        found.setdefault(finding["check"], []).append(finding)
    return done.returncode, found


def problems(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {
        check: [finding["sentence"] for finding in findings]
        for check, findings in found.items()
        if any(finding["level"] == "problem" for finding in findings)
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of a clone that the stack mounts or builds from."""
    made = tmp_path / "clone"
    (made / "slipway").mkdir(parents=True)
    shutil.copytree(ROOT / "deploy", made / "deploy")
    for name in ("docker-compose.yaml", "dagster.yaml", "Dockerfile", "slipway/__init__.py"):
        shutil.copy(ROOT / name, made / name)
    return made


@pytest.fixture
def no_docker(tmp_path: Path) -> dict[str, str]:
    """A PATH on which there is none."""
    (tmp_path / "bin").mkdir()
    return {"PATH": str(tmp_path / "bin")}


needs_client = pytest.mark.skipif(shutil.which("docker") is None, reason="Docker's client is not installed here.")


def test_no_client(no_docker: dict[str, str]) -> None:
    code, found = doctor(**no_docker)
    assert code == 1
    assert list(problems(found)) == ["docker"]
    assert "There is no `docker` on this machine" in found["docker"][0]["sentence"]
    assert found["variables"][0]["level"] == found["port"][0]["level"] == found["checkout"][0]["level"] == "ok"
    assert "services" not in found


@needs_client
def test_nothing_listens_where_docker_host_says() -> None:
    code, found = doctor(DOCKER_HOST="tcp://127.0.0.1:1")
    assert code == 1
    assert "does not answer at tcp://127.0.0.1:1" in problems(found)["docker"][0]
    assert "DOCKER_HOST" in problems(found)["docker"][0]
    assert found["compose"][0]["level"] == "ok", "the client's plugins are told all the same"
    assert found["configuration"][0]["level"] == "ok", "and Compose reads its file without a daemon"


@needs_client
def test_a_socket_on_which_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        _code, found = doctor(DOCKER_HOST=f"unix://{path}", SLIPWAY_DOCKER_SOCKET=str(path))
    assert f"does not answer at {path}" in problems(found)["docker"][0]
    assert found["socket"][0]["level"] == "ok"


@needs_client
def test_a_rootless_socket_that_the_stack_does_not_know(tmp_path: Path) -> None:
    own, usual = tmp_path / "own.sock", tmp_path / "usual.sock"
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(own))
        other.bind(str(usual))
        _code, found = doctor(DOCKER_HOST=f"unix://{own}", SLIPWAY_DOCKER_SOCKET=str(usual))
    assert f"set SLIPWAY_DOCKER_SOCKET={own} in .env" in problems(found)["socket"][0]


@needs_client
@pytest.mark.slow
def test_a_daemon_that_hangs(tmp_path: Path) -> None:
    """The doctor ends all the same."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        _code, found = doctor(DOCKER_HOST=f"unix://{path}")
    assert "no answer within 15 s" in problems(found)["docker"][0]


def test_many_wrong_things_at_once(checkout: Path, no_docker: dict[str, str]) -> None:
    """All of them are told, each once."""
    caddyfile = checkout / "deploy" / "compose" / "Caddyfile"
    caddyfile.unlink()
    caddyfile.mkdir()
    secret = checkout / "deploy" / "compose" / "secrets" / "operator-password"
    secret.write_text("short")
    secret.chmod(0o644)
    (checkout / ".env").write_text("SLIPWAY_PROT=1\nSLIPWAY_RUN_MEMORY=lots\n")
    code, found = doctor(checkout, **no_docker)
    assert code == 1
    assert list(problems(found)) == ["docker", "checkout", "variables", "given secrets"]
    assert "Caddyfile is a folder" in problems(found)["checkout"][0]
    assert [finding["level"] for finding in found["variables"]] == ["problem", "warning"]
    assert "did you mean SLIPWAY_PORT?" in found["variables"][1]["sentence"]


def test_somewhere_else(tmp_path: Path, no_docker: dict[str, str]) -> None:
    code, found = doctor(tmp_path, **no_docker)
    assert code == 1
    assert "docker-compose.yaml is missing" in problems(found)["checkout"][0]


@needs_client
def test_what_compose_itself_refuses(checkout: Path) -> None:
    (checkout / ".env").write_text("SLIPWAY_OWN_POSTGRES=no\n")
    _code, found = doctor(checkout, DOCKER_HOST="tcp://127.0.0.1:1")
    assert problems(found)["variables"] == [
        "SLIPWAY_OWN_POSTGRES is 'no': expected 1 (part of the stack) or 0 (not part of it)."
    ]
    assert "services.postgres.scale" in problems(found)["configuration"][0]


@needs_client
def test_what_compose_warns_of(checkout: Path) -> None:
    file = checkout / "docker-compose.yaml"
    file.write_text(file.read_text().replace("services:\n", "x-team: ${TEAM_NAME}\n\nservices:\n", 1))
    _code, found = doctor(checkout, DOCKER_HOST="tcp://127.0.0.1:1")
    assert found["configuration"][0]["level"] == "warning"
    assert "TEAM_NAME" in found["configuration"][0]["sentence"]


def test_a_port_that_is_taken(no_docker: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, found = doctor(SLIPWAY_PORT=str(port), **no_docker)
    assert code == 1
    assert f"127.0.0.1:{port} is taken by another program" in problems(found)["port"][0], "without ss, it has no name"


@pytest.fixture
def forbidding_docker(tmp_path: Path) -> str:
    """A program that answers as Docker's does to somebody who is not in the group; root may open every socket."""
    folder = tmp_path / "forbidding"
    folder.mkdir()
    (folder / "docker").write_text(
        "#!/bin/sh\n"
        'case "$1" in context) echo unix:///var/run/docker.sock;; compose) exit 1;; *)\n'
        'echo \'{"ServerVersion":"","ClientInfo":{"Plugins":[]},"ServerErrors":["permission denied while trying to \''
        "'connect to the Docker daemon socket at unix:///var/run/docker.sock\"]}';; esac\n"
    )
    (folder / "docker").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_permission_denied(forbidding_docker: str) -> None:
    code, found = doctor(PATH=forbidding_docker)
    assert code == 1
    assert "may not open /var/run/docker.sock: `sudo usermod -aG docker " in problems(found)["docker"][0]
