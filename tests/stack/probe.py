"""Python in containers of the stack's images, on networks where only they are: many questions, or one script."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.stack_process import Stack, docker

NO_RIGHTS = (
    *("--user", "10001", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
    *("--tmpfs", "/tmp:size=64m,mode=1777", "--memory", "512m"),
)

_S3 = """
import configparser, http.client, json, os, sys
from urllib.parse import unquote, urlsplit
import boto3
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ENDPOINT, REGION = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"]
SETTINGS = {"retries": {"max_attempts": 0}, "connect_timeout": 5, "s3": {"addressing_style": "path"}}
FILES = {name: f"/secrets/{name}/s3.ini" for name in os.listdir("/secrets")}
FILES["reports"] = "/secrets/webserver/reports.ini"
clients, others = {}, {}

def key(account):
    if account in others:
        return others[account]
    if account == "root":
        return "slipway-root", open("/secrets/objectstore/root-secret").read()
    found = configparser.RawConfigParser()
    found.read(FILES[account])
    return found["default"]["aws_access_key_id"], found["default"]["aws_secret_access_key"]

def client(account):
    if account not in clients:
        signed = account != "anonymous"
        access, secret = key(account) if signed else (None, None)
        settings = Config(**SETTINGS) if signed else Config(**SETTINGS, signature_version=UNSIGNED)
        clients[account] = boto3.client("s3", endpoint_url=ENDPOINT, region_name=REGION, aws_access_key_id=access,
            aws_secret_access_key=secret, config=settings)
    return clients[account]

def raw(account, method, path, body=""):
    # Signed, with the path as it stands: clients tidy it up.
    where = urlsplit(ENDPOINT).netloc
    # The store checks signatures of the path as it decodes it.
    request = AWSRequest(method, f"http://{where}{unquote(path)}", data=body.encode(), headers={"Host": where})
    S3SigV4Auth(Credentials(*key(account)), "s3", REGION).add_auth(request)
    connection = http.client.HTTPConnection(where, timeout=20)
    connection.request(method, path, body.encode(), dict(request.headers))
    answer = connection.getresponse()
    return {"status": answer.status, "body": answer.read().decode(errors="replace")[:2000]}

for line in sys.stdin:
    account, method, arguments = json.loads(line)
    try:
        if method == "use":
            others[account] = (arguments["key"], arguments["secret"])
            clients.pop(account, None)
            found = None
        elif method == "raw":
            found = raw(account, **arguments)
        else:
            found = getattr(client(account), method)(**arguments)
            found.pop("ResponseMetadata", None)
            if "Body" in found:
                found["Body"] = found["Body"].read().decode(errors="replace")[:2000]
        told = {"found": found}
    except ClientError as error:
        told = {"code": error.response["Error"]["Code"]}
    print(json.dumps(told, default=str), flush=True)
"""


class Denied(Exception):
    """The object store refuses; the message is its code."""


@dataclass
class ObjectStore:
    """The stack's object store, asked with the key of each account; one client an account."""

    process: subprocess.Popen[str]

    def ask(self, account: str, action: str, /, **arguments: Any) -> Any:
        """What a method of boto3's client gives.

        Args:
            account: such as ingestion; also `root` and `anonymous`.
            action: such as get_object, or `raw` with method, path and body.

        Raises:
            Denied: the store answers with an error.
        """
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([account, action, arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the probe ended"
        told = json.loads(line)
        if "code" in told:
            raise Denied(told["code"])
        return told["found"]

    def use(self, account: str, key: str, secret: str) -> None:
        """Ask as this account with another key or secret than the volumes have."""
        self.ask(account, "use", key=key, secret=secret)

    def code(self, account: str, action: str, /, **arguments: Any) -> str:
        """The code that it answers with; "" if it does what it is asked."""
        try:
            self.ask(account, action, **arguments)
        except Denied as error:
            return str(error)
        return ""


def environment_of(stack: Stack, service: str) -> dict[str, str]:
    inspected: list[dict[str, Any]] = json.loads(docker("inspect", stack.container(service)))
    return dict(each.split("=", 1) for each in inspected[0]["Config"]["Env"])


@contextmanager
def object_store(stack: Stack) -> Iterator[ObjectStore]:
    """A container with all keys, on the platform's network."""
    volumes: list[str] = []
    for name in ("ingestion", "transformation", "reporting", "webserver", "daemon", "steward", "shop", "objectstore"):
        volumes += ["--volume", f"{stack.project}_secrets-{name}:/secrets/{name}:ro"]
    environment = environment_of(stack, "webserver")
    settings = [f"--env={name}={environment[name]}" for name in ("AWS_ENDPOINT_URL_S3", "AWS_REGION")]
    network = ["--network", f"{stack.project}_platform"]
    command = [*NO_RIGHTS, *network, *volumes, *settings, stack.image("webserver"), "python", "-u", "-c", _S3]
    with subprocess.Popen(
        ["docker", "run", "--rm", "--interactive", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield ObjectStore(process)
        finally:
            # Its input ends, and so does it.
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=30)


def as_a_run_of(stack: Stack, location: str, code: str, *arguments: str, options: Sequence[str] = ()) -> Any:
    """What a script prints as JSON, run as a location's runs are: image, network, secrets, no rights."""
    volume = f"{stack.project}_secrets-{location}:/run/secrets/slipway:ro"
    network = f"{stack.project}_{location}"
    told = docker(
        *("run", "--rm", "--network", network, "--volume", volume, *NO_RIGHTS, *options),
        *(stack.image(location), "python", "-c", code, *arguments),
    )
    return json.loads(told.splitlines()[-1])
