"""The same tree with a Postgres and an object store that are not its own: by environment and given secrets alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import psycopg2
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from demo.wholesale import WholesaleFiles
from slipway.provision.secrets import ACCOUNTS
from tests.servers import wait_until
from tests.stack_process import Stack, docker, free_port, left_behind, started_stack, wait_for
from tests.wholesale_csv import FIRST

_PASSWORD, _KEY, _SECRET = "an-outside-password", "TEAMKEY", "AnOutsideSecretOfTheTeam"
_BUCKETS = ("team-lake", "team-logs", "team-landing")


@contextmanager
def _server(image: str, port: int, published: int, *arguments: str, **environment: str) -> Iterator[str]:
    """A container that the stack knows nothing of, at an address that its containers can reach."""
    name = f"outside-{uuid.uuid4().hex[:8]}"
    variables = [part for key, value in environment.items() for part in ("--env", f"{key}={value}")]
    address = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()
    publish = ["--publish", f"{address}:{published}:{port}"]
    docker("run", "--detach", "--name", name, "--volume", "/objects", *publish, *variables, image, *arguments)
    try:
        yield address
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    database, store = free_port(), free_port()
    gateway = ("--port", ":7070", "--quiet", "posix", "/objects")
    with (
        _server(
            "postgres:17-trixie", 5432, database,
            POSTGRES_USER="team", POSTGRES_PASSWORD=_PASSWORD, POSTGRES_DB="platform",
        ) as address,
        _server(
            "versity/versitygw:v1.8.0", 7070, store, *gateway,
            ROOT_ACCESS_KEY_ID=_KEY, ROOT_SECRET_ACCESS_KEY=_SECRET,
        ),
    ):  # fmt: skip
        wait_until(lambda: _connect(address, database), (psycopg2.OperationalError,), 60)
        endpoint = f"http://{address}:{store}"
        wait_until(lambda: [_client(endpoint).create_bucket(Bucket=name) for name in _BUCKETS[:1]], _NOT_YET, 60)
        for name in _BUCKETS[1:]:
            _client(endpoint).create_bucket(Bucket=name)
        settings = {
            "SLIPWAY_OWN_POSTGRES": "0",
            "SLIPWAY_PG_HOST": address,
            "SLIPWAY_PG_PORT": str(database),
            "SLIPWAY_PG_USER": "team",
            "SLIPWAY_PG_DB": "platform",
            "SLIPWAY_OWN_OBJECTSTORE": "0",
            "SLIPWAY_S3_ENDPOINT": endpoint,
            "SLIPWAY_LAKE_BUCKET": "team-lake",
            "SLIPWAY_LOGS_BUCKET": "team-logs",
            "SLIPWAY_LANDING_BUCKET": "team-landing",
            "SLIPWAY_INTERNAL": "false",
            "SLIPWAY_SHOP": "0",
            "SLIPWAY_FIRST_DAY": FIRST.isoformat(),
            "SLIPWAY_LAST_DAY": FIRST.isoformat(),
            "SLIPWAY_SECRETS": str(_given(tmp_path_factory.mktemp("given"))),
        }
        with started_stack(settings) as stack:
            yield stack
        assert left_behind(stack.project) == []


_NOT_YET = (BotoCoreError, ClientError)


def _connect(address: str, port: int) -> None:
    psycopg2.connect(
        host=address, port=port, user="team", password=_PASSWORD, dbname="platform", connect_timeout=5
    ).close()


def _client(endpoint: str):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=_KEY,
        aws_secret_access_key=_SECRET,
        config=Config(retries={"total_max_attempts": 1}),
    )


def _given(folder: Path) -> Path:
    (folder / "dagster-password").write_text(_PASSWORD)
    for account in ACCOUNTS:
        (folder / f"s3-{account}").write_text(f"{_KEY} {_SECRET}")
    # User 10001 of the containers reads it.
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    folder.parent.chmod(0o755)
    return folder


def test_a_file_goes_its_way_with_outside_parts(outside: Stack) -> None:
    assert not {"postgres", "objectstore", "shop"} & set(outside.services())
    store = _client(outside.environment["SLIPWAY_S3_ENDPOINT"])
    content = WholesaleFiles().read(FIRST)
    store.put_object(Bucket="team-landing", Key=f"wholesale/online_retail_{FIRST}.csv", Body=content)

    def there(prefix: str, bucket: str = "team-lake") -> bool:
        return bool(store.list_objects_v2(Bucket=bucket, Prefix=prefix).get("KeyCount"))

    wait_for(lambda: there(f"silver/sales/day={FIRST}/"), 120, lambda: str(outside.runs()), every=2)
    assert {run["status"] for run in outside.quiet() if run["assets"] == ["silver/sales"]} == {"SUCCESS"}
    assert there("transformation/storage/", "team-logs")
    _connect(outside.environment["SLIPWAY_PG_HOST"], int(outside.environment["SLIPWAY_PG_PORT"]))
