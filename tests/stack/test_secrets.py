"""Secrets: nowhere but on their volumes; made once; rotated one at a time; given by file."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from slipway.provision.secrets import SECRETS
from tests.stack.probe import NO_RIGHTS, as_a_run_of, environment_of, object_store
from tests.stack_process import ROOT, RUNNING, Stack, StackError, docker, wait_for

_VALUES = """
import json, pathlib
print(json.dumps({path.name: path.read_text() for path in pathlib.Path("/secrets/init").iterdir()}))
"""
_FILES = """
import hashlib, json, pathlib
files = [path for path in pathlib.Path("/secrets").rglob("*") if path.is_file()]
print(json.dumps({str(path): [oct(path.stat().st_mode & 0o777), path.stat().st_uid,
    hashlib.sha256(path.read_bytes()).hexdigest()] for path in files}))
"""


def in_init(stack: Stack, code: str) -> Any:
    told = stack.compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", "init", "-c", code)
    return json.loads(next(line for line in told.splitlines() if line.startswith("{")))


def values_of(stack: Stack) -> dict[str, str]:
    found: dict[str, str] = in_init(stack, _VALUES)
    found.pop("calendar.env")
    return found


def init(stack: Stack, *arguments: str) -> str:
    return stack.compose("run", "--rm", "--no-deps", "-T", "init", *arguments)


# -- nowhere


@pytest.fixture(scope="module")
def needles(stack: Stack) -> dict[str, str]:
    """Whatever would give a secret away -> which one: as it is, and in the forms that it travels in."""
    values = values_of(stack)
    assert set(values) == set(SECRETS)
    found: dict[str, str] = {}
    for name, value in values.items():
        found |= {value: name, quote(value, safe=""): name, base64.b64encode(value.encode()).decode(): name}
        user = name.removesuffix("-password")
        found[base64.b64encode(f"{user}:{value}".encode()).decode()] = name
    volume = ("--volume", f"{stack.project}_secrets-proxy:/proxy:ro")
    hashed = docker("run", "--rm", "--network=none", *volume, stack.image("webserver"), "cat", "/proxy/users.caddy")
    hashes = [word for word in hashed.split() if word.startswith("$2")]
    assert len(hashes) == 2
    return found | dict.fromkeys(hashes, "the hash of a password")


def given_away(text: str, needles: dict[str, str]) -> set[str]:
    return {name for value, name in needles.items() if value in text}


def test_what_is_searched_for_would_be_found(stack: Stack, needles: dict[str, str]) -> None:
    assert given_away(json.dumps(values_of(stack)), needles) >= set(SECRETS)
    assert given_away(f"postgresql://shop:{values_of(stack)['shop-password']}@postgres/shop", needles) == {
        "shop-password"
    }


def test_none_is_in_docker_inspect(stack: Stack, needles: dict[str, str]) -> None:
    label = f"label=com.docker.compose.project={stack.project}"
    services = docker("ps", "--all", "--quiet", "--filter", label).split()
    runs = stack.run_containers()
    assert len(services) >= 13
    assert runs, "the first start has made some"
    assert given_away(docker("inspect", *services) + json.dumps(runs), needles) == set()


def test_none_is_in_the_composition(stack: Stack, needles: dict[str, str]) -> None:
    told = stack.compose("config")
    assert "secrets-transformation" in told
    assert given_away(told, needles) == set()


def test_none_is_in_any_log(stack: Stack, needles: dict[str, str]) -> None:
    told = stack.compose("logs", "--no-color")
    assert "init-1" in told
    assert given_away(told, needles) == set()
    for run in stack.run_containers()[:30]:
        name = run["Name"].strip("/")
        assert given_away(docker("logs", name, check=False), needles) == set(), name


def test_none_is_in_dagsters_database(stack: Stack, needles: dict[str, str]) -> None:
    """Every event, run, tag, configuration, sensor's cursor and snapshot of a job."""
    told = stack.compose("exec", "-T", "postgres", "pg_dump", "--username=postgres", "dagster")
    assert "COPY public.event_logs" in told
    assert "slipway/launched_by" in told
    assert given_away(told, needles) == set()


def test_none_is_in_git(needles: dict[str, str]) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    names = [name for name in tracked.split("\0") if name and (ROOT / name).is_file()]
    assert "docker-compose.yaml" in names
    for name in names:
        assert given_away((ROOT / name).read_bytes().decode(errors="replace"), needles) == set(), name
    kept = [name for name in names if name.startswith("deploy/compose/secrets/")]
    assert {Path(name).name for name in kept} <= {".gitignore", ".gitkeep", "README.md"}


# -- made once


def test_files_belong_to_their_service_and_to_no_one_else(stack: Stack) -> None:
    for path, (mode, owner, _hash) in in_init(stack, _FILES).items():
        assert owner == 10001, path
        if path != "/secrets/init/calendar.env":  # no secret
            assert mode == ("0o444" if path.startswith("/secrets/postgres/") else "0o600"), path


def test_init_again_changes_nothing(stack: Stack) -> None:
    before = in_init(stack, _FILES)
    told = init(stack)
    assert "ready; who may sign in" in told
    assert "secret:" not in told, "none was made"
    assert in_init(stack, _FILES) == before
    assert stack.request("/server_info").status == 200


# -- rotated


@pytest.mark.parametrize("user", ["viewer", "operator"])
def test_a_new_sign_in(stack: Stack, user: str) -> None:
    old = stack.password(user)
    told = init(stack, "rotate", f"{user}-password")
    assert "docker compose restart proxy" in told
    stack.compose("restart", "proxy")
    stack.wait_healthy(60, ["proxy"])
    stack.forget_passwords()
    assert stack.password(user) != old
    assert stack.request("/server_info", user).status == 200
    sent = base64.b64encode(f"{user}:{old}".encode()).decode()
    assert stack.request("/server_info", None, headers={"Authorization": f"Basic {sent}"}).status == 401
    other = "viewer" if user == "operator" else "operator"
    assert stack.request("/server_info", other).status == 200, "the other one is as it was"


def restart(stack: Stack, told: str, service: str) -> None:
    """As `init` says; a stack that others use as well is left alone."""
    assert f"docker compose restart {service}" in told
    if RUNNING not in os.environ:
        stack.compose("restart", service)
        stack.wait_healthy(90, [service])


def test_a_new_key_of_a_location(stack: Stack) -> None:
    before = values_of(stack)
    told = init(stack, "rotate", "s3-reporting")
    restart(stack, told, "reporting")
    after = values_of(stack)
    assert {name for name in SECRETS if before[name] != after[name]} == {"s3-reporting"}
    with object_store(stack) as store:
        read = {"Bucket": "lake", "MaxKeys": 1}
        # The store knows an account for ten seconds.
        wait_for(lambda: store.code("reporting", "list_objects_v2", **read) == "", 30, "the new key does not open")
        store.use("reporting", "slipway-reporting", before["s3-reporting"])
        refused = {"SignatureDoesNotMatch"}
        wait_for(lambda: store.code("reporting", "list_objects_v2", **read) in refused, 30, "the old key still opens")


_DAGSTER = """
import json, os, sys
import psycopg2
def ask(**how):
    where = {"host": os.environ["DAGSTER_PG_HOST"], "user": os.environ["DAGSTER_PG_USER"], "dbname": "dagster"}
    try:
        psycopg2.connect(**where, **how).close()
        return "ok"
    except psycopg2.OperationalError as error:
        return str(error)
print(json.dumps([ask(passfile="/run/secrets/slipway/pgpass"), ask(password=sys.argv[1])]))
"""


def test_a_new_password_of_dagster(stack: Stack) -> None:
    old = values_of(stack)["dagster-password"]
    told = init(stack, "rotate", "dagster-password")
    assert "restart" not in told, "clients read it anew with every connection"
    for service in ("webserver", "daemon", "steward"):
        told = stack.compose("exec", "-T", service, "python", "-c", _DAGSTER, old)
        new, refused = json.loads(told.splitlines()[-1])
        assert new == "ok", service
        assert "password authentication failed" in refused
    assert stack.runs()


_READER = """
import json, sys
import psycopg2
url = open("/run/secrets/slipway/shop-database-url").read()
def ask(**how):
    try:
        psycopg2.connect(url, **how).close()
        return "ok"
    except psycopg2.OperationalError as error:
        return str(error)
print(json.dumps([ask(), ask(password=sys.argv[1])]))
"""


def test_a_new_password_of_the_shops_reader(stack: Stack) -> None:
    old = values_of(stack)["shop-reader-password"]
    told = init(stack, "rotate", "shop-reader-password")
    restart(stack, told, "ingestion")
    new, refused = as_a_run_of(stack, "ingestion", _READER, old)
    assert new == "ok"
    assert "password authentication failed" in refused


def test_the_pseudonyms_key_stays(stack: Stack) -> None:
    before = values_of(stack)
    with pytest.raises(StackError, match=r"init: pseudonym-key cannot be rotated: every pseudonym in the lake depends"):
        init(stack, "rotate", "pseudonym-key")
    assert values_of(stack) == before


@pytest.mark.parametrize("name", ["operator", "../init/viewer-password", "calendar.env"])
def test_what_is_no_secret_is_not_rotated(stack: Stack, name: str) -> None:
    with pytest.raises(StackError, match=r"(?s)Invalid value for 'NAME': .* is not one of 'operator-password', "):
        init(stack, "rotate", name)


# -- given by file


@dataclass
class First:
    """A first start of `init` with a folder of given secrets: as compose starts it, and nothing else of a stack."""

    options: Sequence[str]
    given: Path

    def init(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output."""
        command = ["docker", "run", "--rm", *self.options, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        return done.returncode, done.stdout


@pytest.fixture
def first(stack: Stack, tmp_path: Path) -> Iterator[First]:
    given = tmp_path / "given"
    given.mkdir()
    tmp_path.chmod(0o755)
    prefix = f"slipway-test-{uuid.uuid4().hex[:8]}"
    services = [*("init", "postgres", "objectstore", "ingestion", "transformation", "reporting")]
    services += ["webserver", "daemon", "steward", "proxy", "shop"]
    volumes = {f"{prefix}-{service}": f"/secrets/{service}" for service in services}
    # Somebody else's database, which is not there: the secrets come before it.
    changed = {"SLIPWAY_OWN_POSTGRES": "0", "DAGSTER_PG_HOST": "nowhere.invalid"}
    variables = environment_of(stack, "init") | changed
    try:
        yield First(
            [
                *NO_RIGHTS,
                *("--network", "none", "--volume", f"{given}:/given:ro"),
                *(f"--volume={name}:{folder}" for name, folder in volumes.items()),
                *(f"--env={name}={value}" for name, value in variables.items()),
                *("--entrypoint", "python", stack.image("init"), "-m", "slipway.provision"),
            ],
            given,
        )
    finally:
        docker("volume", "rm", "--force", *volumes)


def test_a_teams_own_secrets_are_taken(first: First) -> None:
    (first.given / "operator-password").write_text("correct-horse-battery\n")
    (first.given / "pseudonym-key").write_text("ab" * 32)
    code, told = first.init()
    assert code == 1, "there is no database"
    assert "secret: operator-password as given" in told
    assert "secret: viewer-password made" in told
    assert "correct-horse" not in told
    assert "init: Postgres at nowhere.invalid:5432 does not answer" in told
    assert "Traceback" not in told
    code, told = first.init("credentials", "--json")
    assert code == 0
    assert json.loads(told)["operator"] == "correct-horse-battery"
    code, told = first.init("rotate", "operator-password")
    assert code == 1
    assert told.startswith("init: operator-password is given by file: put the new one there")


def test_a_given_secret_that_cannot_be_one_is_one_sentence(first: First) -> None:
    (first.given / "viewer-password").write_text("short")
    code, told = first.init()
    assert code == 1
    assert told.startswith("init: The given secret viewer-password cannot be used: expected 12 to ")
    assert told.count("\n") == 1
    code, told = first.init("credentials")
    assert (code, told.startswith("init: There is no secret operator-password yet: start the stack once")) == (1, True)
