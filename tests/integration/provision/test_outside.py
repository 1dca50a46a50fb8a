"""What `init` says of an outside Postgres and an outside object store that are not as they should be: one "
"sentence each."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest

from slipway.provision import objectstore, postgres
from slipway.provision.errors import ProvisionError
from slipway.provision.secrets import SecretStore, given_files
from slipway.provision.settings import ProvisionSettings
from tests.servers import S3Server, container, free_port, wait_until

PASSWORD = "a-password-of-a-team"
ROOT = Path(__file__).resolve().parents[3]


def settings(**changed: str) -> ProvisionSettings:
    environment = {
        "DAGSTER_PG_HOST": "127.0.0.1",
        "DAGSTER_PG_PORT": "5432",
        "DAGSTER_PG_USER": "dagster",
        "DAGSTER_PG_DB": "dagster",
        "SLIPWAY_OWN_POSTGRES": "0",
        "SLIPWAY_LAKE_BUCKET": "team-lake",
        "SLIPWAY_LOGS_BUCKET": "team-logs",
        "SLIPWAY_LANDING_BUCKET": "team-landing",
        "SLIPWAY_OWN_OBJECTSTORE": "0",
        "SLIPWAY_SHOP": "0",
    }
    return ProvisionSettings.from_environment(environment | changed)


def refused(attempt: Callable[[], object], *parts: str) -> None:
    """One sentence that has these parts."""
    with pytest.raises(ProvisionError) as raised:
        attempt()
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for part in parts:
        assert part in sentence, sentence


def say(text: str) -> None:
    pass


# -- Postgres


@pytest.fixture(scope="module")
def outside_postgres() -> Iterator[int]:
    """A team's own, with a role and a database for Dagster; its port."""
    # The image trusts whoever comes from its own address only, and asks others for their password.
    with container("postgres:17-trixie", 5432, (), {"POSTGRES_PASSWORD": PASSWORD}) as port:
        wait_until(lambda: administer(port, "SELECT 1"), (psycopg2.OperationalError,), 90)
        administer(port, f"CREATE ROLE dagster LOGIN PASSWORD '{PASSWORD}'")
        administer(port, "CREATE DATABASE dagster OWNER dagster")
        yield port


def administer(port: int, *statements: str, database: str = "postgres") -> None:
    with closing(
        psycopg2.connect(host="127.0.0.1", port=port, user="postgres", password=PASSWORD, dbname=database)
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def check(port: int, password: str = PASSWORD, **changed: str) -> None:
    postgres.check_outside(settings(DAGSTER_PG_PORT=str(port), **changed), password, say)


@pytest.mark.docker
def test_a_postgres_that_is_as_it_should_be(outside_postgres: int) -> None:
    check(outside_postgres)


@pytest.mark.docker
def test_a_wrong_password(outside_postgres: int) -> None:
    refused(
        lambda: check(outside_postgres, "another-password"),
        f"127.0.0.1:{outside_postgres} does not let dagster in (password authentication failed",
        "the secret dagster-password",
    )


@pytest.mark.docker
def test_a_missing_database(outside_postgres: int) -> None:
    refused(
        lambda: check(outside_postgres, DAGSTER_PG_DB="dagsterr"),
        'database "dagsterr" does not exist',
        "correct SLIPWAY_PG_DB",
    )


@pytest.mark.docker
def test_a_database_that_is_closed_to_the_role(outside_postgres: int) -> None:
    administer(outside_postgres, "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    refused(lambda: check(outside_postgres, DAGSTER_PG_DB="closed"), "GRANT CONNECT ON DATABASE closed TO dagster")


@pytest.mark.docker
def test_a_role_that_may_make_no_tables(outside_postgres: int) -> None:
    administer(outside_postgres, "CREATE DATABASE theirs")
    refused(
        lambda: check(outside_postgres, DAGSTER_PG_DB="theirs"),
        "lets dagster make no tables in the database theirs",
        "GRANT USAGE, CREATE ON SCHEMA public TO dagster",
    )


def test_a_name_that_does_not_resolve() -> None:
    refused(
        lambda: check(5432, DAGSTER_PG_HOST="db.example.invalid"),
        "Postgres at db.example.invalid:5432 does not answer (could not translate host name",
        "correct SLIPWAY_PG_HOST",
    )


def test_a_closed_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_OUTSIDE_WAIT_SECONDS", 0.5)
    port = free_port()
    refused(lambda: check(port), f"127.0.0.1:{port} does not answer (Connection refused)", "SLIPWAY_PG_PORT")


@pytest.mark.docker
def test_tables_of_a_newer_dagster(outside_postgres: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init` makes the tables; in a database that a newer version has migrated it says so."""
    administer(outside_postgres, "CREATE DATABASE newer OWNER dagster")
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:dagster:{PASSWORD}\n")
    passfile.chmod(0o600)
    for name, value in {
        "DAGSTER_PG_HOST": "127.0.0.1",
        "DAGSTER_PG_PORT": str(outside_postgres),
        "DAGSTER_PG_USER": "dagster",
        "DAGSTER_PG_DB": "newer",
        "SLIPWAY_STACK": "test",
        "SLIPWAY_LOGS_BUCKET": "logs",
    }.items():
        monkeypatch.setenv(name, value)
    postgres.migrate(ROOT / "dagster.yaml", passfile, say)
    administer(outside_postgres, "UPDATE alembic_version SET version_num = 'ffff00000000'", database="newer")
    refused(
        lambda: postgres.migrate(ROOT / "dagster.yaml", passfile, say),
        "Dagster's tables are not of this version",
        "ffff00000000",
        "SLIPWAY_PG_DB",
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            'connection to server at "db" (10.0.0.7), port 5432 failed: Connection refused\n'
            "\tIs the server running on that host and accepting TCP/IP connections?\n",
            "Connection refused",
        ),
        (
            'connection to server at "db" (::1), port 5432 failed: Connection refused\n\tIs the server running?\n'
            'connection to server at "db" (10.0.0.7), port 5432 failed: FATAL:  the database system is starting up\n',
            "the database system is starting up",
        ),
        (
            'connection to server at "db" (10.0.0.7), port 5432 failed: FATAL:  permission denied for database "x"\n'
            "DETAIL:  User does not have CONNECT privilege.\n",
            'permission denied for database "x"',
        ),
        ("", "it says nothing"),
    ],
)
def test_the_point_of_what_libpq_tells(error: str, reason: str) -> None:
    assert postgres.reason(error) == reason


def test_a_host_that_pg_hba_conf_does_not_let_in() -> None:
    """Not a matter of the password."""
    told = 'no pg_hba.conf entry for host "10.0.0.9", user "dagster", database "dagster", no encryption'
    sentence = postgres.refusal(told, "dagster", "dagster", settings()) or ""
    assert "allow this host there, in pg_hba.conf" in sentence
    assert "password" not in sentence


def test_what_may_pass_by_waiting_is_no_refusal() -> None:
    for told in ("the database system is starting up", "sorry, too many clients already", "Connection refused"):
        assert postgres.refusal(told, "dagster", "dagster", settings()) is None


# -- object store


KEY = {"aws_access_key_id": "slipway", "aws_secret_access_key": "slipway-secret"}
STORES = ["moto", pytest.param("objectstore", marks=pytest.mark.docker)]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, no_aws: None) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


def client(server: S3Server) -> Any:
    return boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1", **KEY)


@pytest.fixture
def buckets(store: S3Server) -> dict[str, str]:
    """Buckets of this test's own, by variable."""
    suffix = uuid.uuid4().hex[:8]
    names = {f"SLIPWAY_{which}_BUCKET": f"{which.lower()}-{suffix}" for which in ("LAKE", "LOGS", "LANDING")}
    for name in names.values():
        store.create_bucket(name)
    return names


def look(endpoint: str, key: dict[str, str] = KEY, /, **changed: str) -> None:
    objectstore.check_outside(settings(AWS_ENDPOINT_URL_S3=endpoint, **changed), key, say)


def test_a_store_that_is_as_it_should_be(store: S3Server, buckets: dict[str, str]) -> None:
    look(store.endpoint, **buckets)
    look(store.endpoint, **buckets, SLIPWAY_SHOP="1")


def test_a_missing_bucket(store: S3Server, buckets: dict[str, str]) -> None:
    client(store).delete_bucket(Bucket=buckets["SLIPWAY_LOGS_BUCKET"])
    refused(
        lambda: look(store.endpoint, **buckets),
        store.endpoint,
        f"has no bucket {buckets['SLIPWAY_LOGS_BUCKET']}",
        "correct SLIPWAY_LOGS_BUCKET",
    )


def test_the_shop_needs_the_landing_bucket(store: S3Server, buckets: dict[str, str]) -> None:
    client(store).delete_bucket(Bucket=buckets["SLIPWAY_LANDING_BUCKET"])
    look(store.endpoint, **buckets)
    refused(lambda: look(store.endpoint, **buckets, SLIPWAY_SHOP="1"), "correct SLIPWAY_LANDING_BUCKET")


@pytest.mark.docker
@pytest.mark.parametrize(
    "key", [KEY | {"aws_secret_access_key": "another-secret"}, KEY | {"aws_access_key_id": "somebody"}]
)
def test_a_wrong_key(objectstore: S3Server, no_aws: None, key: dict[str, str]) -> None:
    """Moto takes every key."""
    refused(
        lambda: look(objectstore.endpoint, key),
        f"does not take the key {key['aws_access_key_id']}",
        "the secret s3-ingestion",
    )


def test_a_store_that_is_not_there(no_aws: None) -> None:
    port = free_port()
    refused(lambda: look(f"http://127.0.0.1:{port}"), f"http://127.0.0.1:{port} does not answer", "SLIPWAY_S3_ENDPOINT")


def test_a_store_whose_name_does_not_resolve(no_aws: None) -> None:
    refused(lambda: look("http://s3.example.invalid:9000"), "http://s3.example.invalid:9000 does not answer")


def test_https_where_http_is_spoken(moto: S3Server, no_aws: None) -> None:
    refused(lambda: look(moto.endpoint.replace("http:", "https:")), "does not answer as S3 does", "SLIPWAY_S3_ENDPOINT")


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("RequestTimeTooSkewed", "set the clocks of both by NTP"),
        ("AuthorizationHeaderMalformed", "correct SLIPWAY_S3_REGION"),
        ("PermanentRedirect", "correct SLIPWAY_S3_REGION"),
        ("AccessDenied", "docker compose run --rm init policies"),
        ("SlowDown", "(SlowDown)"),
    ],
)
def test_other_answers(code: str, part: str) -> None:
    sentence = objectstore.refusal(code, "The object store at AWS", "lake", "SLIPWAY_LAKE_BUCKET", "AKIA0")
    assert part in sentence
    assert code in sentence


# -- given secrets


@pytest.fixture
def as_user_10001() -> Iterator[None]:
    """As the containers run; root reads everything."""
    if os.geteuid() != 0:
        pytest.skip("Only root can become user 10001.")
    os.seteuid(10001)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir(mode=0o700)
    (folder / "operator-password").write_text(PASSWORD)
    return folder


def test_a_folder_that_user_10001_may_not_read(closed: Path, as_user_10001: None) -> None:
    refused(lambda: given_files(closed), "let user 10001 read their folder (SLIPWAY_SECRETS)")


def test_given_secrets_that_are_a_file(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text(PASSWORD)
    refused(lambda: settings(SLIPWAY_GIVEN_SECRETS=str(tmp_path / "secrets")), "SLIPWAY_SECRETS names a file")


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_given_secret_that_is_no_file_is_not_passed_over(tmp_path: Path, kind: str) -> None:
    """Otherwise one would be made in its place, and nobody told."""
    given, made = tmp_path / "given", tmp_path / "made"
    given.mkdir()
    made.mkdir()
    if kind == "folder":
        (given / "operator-password").mkdir()
    else:
        (given / "operator-password").symlink_to("/nowhere/at/all")
    refused(SecretStore(made, given).ensure, "The given secret operator-password cannot be read", "as a file")
    assert list(made.iterdir()) == []
