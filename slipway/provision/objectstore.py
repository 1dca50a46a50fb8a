"""Buckets and accounts of the stack's own object store (versitygw), or a look at an outside one."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from slipway.provision.errors import ProvisionError
from slipway.provision.policy import bucket_policy, grants
from slipway.provision.secrets import ACCOUNTS, s3_credentials
from slipway.provision.settings import ProvisionSettings

ROOT = "slipway-root"
_WAIT_SECONDS = 120


class Admin:
    """The store's admin interface. It listens on a UNIX socket in a volume that only `init` and the store mount, so
    that no other container can so much as ask.

    Source: versitygw 1.8, s3api/controllers/admin.go; requests are signed as those to S3 are.
    """

    def __init__(self, address: Path, root_secret: str, region: str) -> None:
        self._address = address
        self._credentials = Credentials(ROOT, root_secret)
        self._region = region

    def ensure_account(self, key: str, secret: str) -> bool:
        """Make an account or give it this secret; whether it is new.

        Raises:
            ProvisionError: the store refuses.
        """
        status, answer = self._patch("/create-user", _xml("Account", Access=key, Secret=secret, Role="user"))
        if status == 201:
            return True
        if status != 409 and "already exists" not in answer and "UserAlreadyExists" not in answer:
            raise ProvisionError(f"The object store does not make the account {key}: {answer.strip()} ({status}).")
        status, answer = self._patch(f"/update-user?access={key}", _xml("MutableProps", Secret=secret))
        if status != 200:
            raise ProvisionError(f"The object store does not change the account {key}: {answer.strip()} ({status}).")
        return False

    def _patch(self, path: str, body: bytes) -> tuple[int, str]:
        request = AWSRequest("PATCH", f"http://localhost{path}", data=body, headers={"Host": "localhost"})
        S3SigV4Auth(self._credentials, "s3", self._region).add_auth(request)
        connection = _UnixConnection(self._address)
        try:
            connection.request("PATCH", path, body, dict(request.headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, address: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._address))


def provision(settings: ProvisionSettings, secret: Callable[[str], str], say: Callable[[str], None]) -> None:
    """Make buckets, versions, accounts and policies in the stack's own store; done again, it changes nothing.

    Raises:
        ProvisionError: the store does not come up, or refuses.
    """
    root = secret("objectstore-root-secret")
    client = _client(settings, ROOT, root)
    _wait(client, settings)
    admin = Admin(settings.admin_socket, root, settings.region)
    credentials = {account: s3_credentials(account, secret(f"s3-{account}")) for account in ACCOUNTS}
    for key, value in credentials.values():
        if admin.ensure_account(key, value):
            say(f"object store: account {key}")
    present = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    principals = {account: key for account, (key, _value) in credentials.items()}
    for bucket in (settings.lake_bucket, settings.logs_bucket, settings.landing_bucket):
        if bucket not in present:
            client.create_bucket(Bucket=bucket)
            say(f"object store: bucket {bucket}")
        policy = bucket_policy(bucket, grants(settings), principals)
        if _policy(client, bucket) != policy:
            client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    if client.get_bucket_versioning(Bucket=settings.lake_bucket).get("Status") != "Enabled":
        client.put_bucket_versioning(Bucket=settings.lake_bucket, VersioningConfiguration={"Status": "Enabled"})


def check_outside(settings: ProvisionSettings, credentials: Mapping[str, str], say: Callable[[str], None]) -> None:
    """See that an outside store has the buckets, with the key that ingestion will use.

    Raises:
        ProvisionError: it does not answer, refuses the key, or a bucket is not there.
    """
    key = credentials.get("aws_access_key_id", "")
    client = _client(settings, key, credentials.get("aws_secret_access_key"))
    where = f"The object store at {settings.endpoint or f'AWS ({settings.region})'}"
    # As its policy has it: of the logs, an account may list its own only.
    places = [
        (settings.lake_bucket, "", "SLIPWAY_LAKE_BUCKET"),
        (settings.logs_bucket, "ingestion/", "SLIPWAY_LOGS_BUCKET"),
    ]
    if settings.shop:
        places.append((settings.landing_bucket, "", "SLIPWAY_LANDING_BUCKET"))
    for bucket, prefix, variable in places:
        try:
            client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        except ClientError as error:
            told = error.response.get("Error", {})
            raise ProvisionError(refusal(str(told.get("Code", "")), where, bucket, variable, key)) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise ProvisionError(
                f"{where} does not answer: start it, or correct SLIPWAY_S3_ENDPOINT; SLIPWAY_INTERNAL=false lets the "
                "stack's networks reach the outside."
            ) from error
        except BotoCoreError as error:
            raise ProvisionError(
                f"{where} does not answer as S3 does ({' '.join(str(error).split())[:300]}): correct "
                "SLIPWAY_S3_ENDPOINT."
            ) from error
    say(f"object store: {settings.endpoint or 'AWS'} has the buckets")


def refusal(code: str, where: str, bucket: str, variable: str, key: str) -> str:
    """What to do about an answer.

    Args:
        code: S3's own, or the status where there is none.
        where: which store, to begin the sentence with.
        variable: which names the bucket.
        key: id of the key that was used.
    """
    # The last is versitygw's.
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure", "XAdminUserNotFound"):
        return (
            f"{where} does not take the key {key} ({code}): give its id and secret as the secret s3-ingestion, "
            "with a blank between them."
        )
    if code in ("NoSuchBucket", "404"):
        return f"{where} has no bucket {bucket}: make it, or correct {variable}."
    if code in ("RequestTimeTooSkewed", "RequestExpired"):
        return f"{where} refuses the time of this machine ({code}): set the clocks of both by NTP."
    if code in ("301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return f"{where} has the bucket {bucket} in another region ({code}): correct SLIPWAY_S3_REGION."
    return (
        f"{where} refuses {key} the bucket {bucket} ({code}): make the bucket ({variable}), and let the accounts "
        "have the policies that `docker compose run --rm init policies` shows."
    )


def _client(settings: ProvisionSettings, key: str | None, secret: str | None) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 1}),
    )


def _wait(client: Any, settings: ProvisionSettings) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            client.list_buckets()
            return
        except ClientError as error:
            raise ProvisionError(
                f"The object store at {settings.endpoint} does not know its root secret ({error}): was its volume made "
                "by another stack? Give the right one as objectstore-root-secret."
            ) from error
        except BotoCoreError as error:
            if time.monotonic() > deadline:
                raise ProvisionError(
                    f"The object store at {settings.endpoint} does not answer within {_WAIT_SECONDS} s ({error}): see "
                    "`docker compose logs objectstore`."
                ) from error
            time.sleep(0.2)


def _policy(client: Any, bucket: str) -> Any:
    try:
        return json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError:
        return None


def _xml(tag: str, **fields: str) -> bytes:
    root = ElementTree.Element(tag)
    for name, value in fields.items():
        ElementTree.SubElement(root, name).text = value
    return ElementTree.tostring(root)
