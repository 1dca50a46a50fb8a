"""What each part of the stack cannot do: in the object store, in the databases, on the network, on the host."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Any

import pytest

from slipway.provision.secrets import ACCOUNTS
from slipway.provision.settings import LOCATIONS
from tests.stack.probe import ObjectStore, as_a_run_of, object_store
from tests.stack_process import Stack, docker

NAME = f"slipway-test-{uuid.uuid4().hex[:8]}"
DENIED = "AccessDenied"
SPACES = ("{}/", "quarantine/{}/", "_rejected/{}/", "_scratch/{}/")
BUCKETS = ("lake", "logs", "landing")


def key(prefix: str) -> str:
    return f"{prefix}{NAME}/object.txt"


@dataclass
class Store(ObjectStore):
    """With an object of root's in every place that somebody may read."""

    def put(self, account: str, bucket: str, prefix: str) -> str:
        return self.code(account, "put_object", Bucket=bucket, Key=key(prefix), Body=account)

    def get(self, account: str, bucket: str, prefix: str) -> str:
        return self.code(account, "get_object", Bucket=bucket, Key=key(prefix))

    def delete(self, account: str, bucket: str, prefix: str) -> str:
        return self.code(account, "delete_object", Bucket=bucket, Key=key(prefix))

    def list(self, account: str, bucket: str, prefix: str = "") -> str:
        return self.code(account, "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)

    def written_by(self, bucket: str, key: str) -> str:
        return str(self.ask("root", "get_object", Bucket=bucket, Key=key)["Body"])


PLACES = {
    "lake": [space.format(layer) for space in SPACES for layer in LOCATIONS.values()]
    + [f"{layer}/_files/" for layer in LOCATIONS.values()],
    "logs": [*(f"{location}/storage/" for location in LOCATIONS), "daemon/storage/"],
    "landing": ["wholesale/"],
}


@pytest.fixture(scope="module")
def store(stack: Stack) -> Iterator[Store]:
    with object_store(stack) as opened:
        made = Store(opened.process)
        try:
            for bucket, prefixes in PLACES.items():
                for prefix in prefixes:
                    assert made.put("root", bucket, prefix) == ""
            yield made
        finally:
            for bucket in BUCKETS:
                found = made.ask("root", "list_object_versions", Bucket=bucket)
                for each in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
                    if NAME in each["Key"]:
                        version = {"VersionId": each["VersionId"]} if each["VersionId"] != "null" else {}
                        made.ask("root", "delete_object", Bucket=bucket, Key=each["Key"], **version)


# -- the object store


@pytest.mark.parametrize(("location", "layer"), LOCATIONS.items())
def test_a_location_writes_its_layer_and_no_other(store: Store, location: str, layer: str) -> None:
    for space in SPACES:
        for other in LOCATIONS.values():
            prefix, expected = space.format(other), "" if other == layer else DENIED
            assert store.put(location, "lake", prefix) == expected, prefix
            assert store.delete(location, "lake", prefix) == expected, prefix
            # For the tests after this one.
            assert store.put("root", "lake", prefix) == ""
    for prefix in ("", "other/", f"{layer}x/", "_rejected/", f"_rejected/{layer}x/", "_scratch/none/"):
        assert store.put(location, "lake", prefix) == DENIED, prefix


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_location_reads_the_lake(store: Store, location: str) -> None:
    for prefix in PLACES["lake"]:
        assert store.get(location, "lake", prefix) == "", prefix
    assert store.list(location, "lake") == ""


def test_the_landing_is_the_shops_and_ingestion_reads_it(store: Store) -> None:
    for account in ACCOUNTS:
        reads, writes = account in ("ingestion", "shop"), account == "shop"
        assert store.get(account, "landing", "wholesale/") == ("" if reads else DENIED), account
        assert store.list(account, "landing") == ("" if reads else DENIED), account
        assert store.put(account, "landing", "wholesale/") == ("" if writes else DENIED), account


@pytest.mark.parametrize("account", [*LOCATIONS, "daemon"])
def test_logs_are_written_by_whose_they_are(store: Store, account: str) -> None:
    for prefix in (*PLACES["logs"], ""):
        expected = "" if prefix.startswith(f"{account}/") else DENIED
        assert store.put(account, "logs", prefix) == expected, prefix
        assert store.list(account, "logs", prefix) == expected, prefix
        if prefix:
            assert store.get(account, "logs", prefix) == expected, prefix


def test_the_webserver_reads_logs_and_nothing_else(store: Store) -> None:
    for prefix in PLACES["logs"]:
        assert store.get("webserver", "logs", prefix) == ""
        assert store.put("webserver", "logs", prefix) == DENIED
        assert store.delete("webserver", "logs", prefix) == DENIED
    for bucket in ("lake", "landing"):
        assert store.list("webserver", bucket) == DENIED
        for prefix in PLACES[bucket]:
            assert store.get("webserver", bucket, prefix) == DENIED, prefix


def test_published_pages_are_all_that_their_reader_sees(store: Store) -> None:
    for prefix in PLACES["lake"]:
        assert store.get("reports", "lake", prefix) == ("" if "/_files/" in prefix else DENIED), prefix
        assert store.put("reports", "lake", prefix) == DENIED
    for bucket in BUCKETS:
        assert store.list("reports", bucket) == DENIED
    assert store.get("reports", "logs", "ingestion/storage/") == DENIED


def test_the_shop_sees_the_landing_alone_and_the_steward_logs_alone(store: Store) -> None:
    for account, bucket in (("shop", "landing"), ("steward", "logs")):
        for other, prefixes in PLACES.items():
            for prefix in prefixes:
                expected = "" if other == bucket else DENIED
                assert store.get(account, other, prefix) == expected, f"{account} {other} {prefix}"
                assert store.put(account, other, prefix) == expected, f"{account} {other} {prefix}"
                assert store.delete(account, other, prefix) == expected, f"{account} {other} {prefix}"
                assert store.put("root", other, prefix) == ""


@pytest.mark.parametrize("account", ACCOUNTS)
def test_nobody_changes_a_bucket(store: Store, account: str) -> None:
    open_to_all = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::lake/*"}],
    }
    for bucket in BUCKETS:
        asked: dict[str, dict[str, Any]] = {
            "put_bucket_policy": {"Policy": json.dumps(open_to_all).replace("lake", bucket)},
            "delete_bucket_policy": {},
            "put_bucket_versioning": {"VersioningConfiguration": {"Status": "Suspended"}},
            "put_bucket_acl": {"ACL": "public-read-write"},
            "delete_bucket": {},
        }
        for action, arguments in asked.items():
            assert store.code(account, action, Bucket=bucket, **arguments) == DENIED, f"{action} {bucket}"
    assert store.code(account, "create_bucket", Bucket=f"{NAME}-{account}") == DENIED
    assert store.ask("root", "get_bucket_versioning", Bucket="lake")["Status"] == "Enabled"


@pytest.mark.parametrize("account", ACCOUNTS)
def test_nobody_sees_versions_and_nobody_removes_them(store: Store, account: str) -> None:
    """A run that goes wrong, or is taken over, can hide an object and not destroy what it was."""
    for bucket in BUCKETS:
        assert store.code(account, "list_object_versions", Bucket=bucket) == DENIED
    for layer in LOCATIONS.values():
        found = store.ask("root", "list_object_versions", Bucket="lake", Prefix=key(f"{layer}/"))["Versions"]
        version = {"Bucket": "lake", "Key": key(f"{layer}/"), "VersionId": found[-1]["VersionId"]}
        assert store.code(account, "get_object", **version) == DENIED
        assert store.code(account, "delete_object", **version) == DENIED


def test_no_other_way_to_write_another_layer(store: Store) -> None:
    """Each request that S3 has for writing, and for taking what may not be read."""
    mine, other = key("bronze/"), key("gold/")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("create_multipart_upload", {"Key": other}),
        ("copy_object", {"Key": other, "CopySource": f"lake/{mine}"}),
        ("copy_object", {"Key": mine, "CopySource": f"logs/{key('transformation/storage/')}"}),
        ("put_object_acl", {"Key": other, "ACL": "public-read-write"}),
        ("put_object_tagging", {"Key": other, "Tagging": {"TagSet": []}}),
        ("list_multipart_uploads", {}),
    ]
    for action, arguments in asked:
        assert store.code("ingestion", action, Bucket="lake", **arguments) == DENIED, action
    told = store.ask("ingestion", "delete_objects", Bucket="lake", Delete={"Objects": [{"Key": other}]})
    assert [each["Code"] for each in told["Errors"]] == [DENIED]
    assert store.written_by("lake", other) == "root"


@pytest.mark.parametrize(
    "path",
    [
        "/lake/bronze/../gold/{0}",
        "/lake/bronze/%2e%2e/gold/{0}",
        "/lake/bronze/..%2fgold/{0}",
        "/lake/./gold/{0}",
        "/lake//gold/{0}",
        "/lake/bronze/../../logs/transformation/storage/{0}",
        "/lake/bronze/../../../iam/{0}",
    ],
)
def test_no_path_leads_out_of_a_prefix(store: Store, path: str) -> None:
    told = store.ask("ingestion", "raw", method="PUT", path=path.format(f"{NAME}/object.txt"), body="ingestion")
    assert told["status"] in (400, 403), told
    assert store.written_by("lake", key("gold/")) == "root"
    assert store.written_by("logs", key("transformation/storage/")) == "root"


def test_nothing_without_a_key(store: Store) -> None:
    for bucket, prefixes in PLACES.items():
        assert store.list("anonymous", bucket) == DENIED
        assert store.get("anonymous", bucket, prefixes[0]) == DENIED
        assert store.put("anonymous", bucket, prefixes[0]) == DENIED


@pytest.mark.parametrize(
    "path", ["/create-user", "/update-user?access=slipway-ingestion", "/list-users", "/list-buckets"]
)
def test_the_stores_admin_does_not_answer_where_others_ask(store: Store, path: str) -> None:
    """Not even root: it has a socket of its own."""
    body = "<Account><Access>evil</Access><Secret>evil-evil-evil</Secret><Role>admin</Role></Account>"
    for account in ("root", "ingestion"):
        told = store.ask(account, "raw", method="PATCH", path=path, body=body)
        assert told["status"] in (403, 405), told
        assert "evil" not in told["body"]
        assert "slipway-transformation" not in told["body"], "no account is listed"


# -- the network, as a run sees it

_REACH = r"""
import concurrent.futures, json, os, socket, sys
def answer(target):
    try:
        with socket.create_connection(tuple(target), timeout=2) as connection:
            try:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return connection.recv(200).partition(b"\r\n")[0].decode("latin-1")
            except OSError:
                return ""
    except OSError:
        return None
targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(150) as pool:
    answers = list(pool.map(answer, targets))
def seen(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return None
routes = [line.split()[1] for line in open("/proc/net/route").read().splitlines()[1:]]
print(json.dumps({
    "answers": answers, "way_out": "00000000" in routes, "secrets": seen("/run/secrets/slipway"),
    "others": [seen(path) for path in ("/secrets", "/run/objectstore-admin", "/volumes", "/given")],
    "socket": os.path.exists("/var/run/docker.sock"), "writable": os.access("/run/secrets/slipway", os.W_OK),
}))
"""
PORTS = {
    "docker-api": 2375,
    "webserver": 3000,
    "viewer": 3000,
    "proxy": 3000,
    "ingestion": 4000,
    "transformation": 4000,
    "reporting": 4000,
    "postgres": 5432,
    "objectstore": 7070,
    "shop": 8000,
}
SECRETS = {
    "ingestion": ["calendar.env", "pgpass", "s3.ini", "shop-database-url"],
    "transformation": ["calendar.env", "pgpass", "pseudonym.key", "s3.ini"],
    "reporting": ["calendar.env", "pgpass", "s3.ini"],
}


@pytest.fixture(scope="module")
def addresses(stack: Stack) -> dict[IPv4Interface, str]:
    """All addresses of the services' containers, on whatever network -> the service."""
    services = [name for name in stack.services() if name != "init"]
    inspected = json.loads(docker("inspect", *(stack.container(name) for name in services)))
    return {
        IPv4Interface(f"{network['IPAddress']}/{network['IPPrefixLen']}"): service
        for service, container in zip(services, inspected, strict=True)
        for network in container["NetworkSettings"]["Networks"].values()
    }


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_run_reaches_what_it_needs_and_nothing_else(
    stack: Stack, addresses: dict[IPv4Interface, str], location: str
) -> None:
    networks = json.loads(docker("network", "inspect", f"{stack.project}_{location}"))
    gateway = networks[0]["IPAM"]["Config"][0]["Gateway"]
    ports = sorted({*PORTS.values()})
    with closing(socket.create_server(("0.0.0.0", 0))) as host:
        on_host = (gateway, host.getsockname()[1])
        by_name = [*PORTS.items(), ("daemon", 3000), ("steward", 3000)]
        by_name += [("objectstore", each) for each in (7071, 8080)]
        by_name += [("proxy", each) for each in (2019, 3001, 80, 443)]
        # An address that nobody has: where something answers for all the world, this tells what such answers are.
        of_nobody = {each: str(each.network.broadcast_address - 1) for each in addresses}
        by_address = [(str(each.ip), port) for each in addresses for port in ports]
        controls = [(each, port) for each in sorted({*of_nobody.values()}) for port in ports]
        targets = [*by_name, on_host, *by_address, *controls]
        found = as_a_run_of(stack, location, _REACH, json.dumps(targets))
    answers = dict(zip(targets, found["answers"], strict=True))
    expected = {location, "postgres", "objectstore"} | ({"shop"} if location == "ingestion" else set())
    assert {target for target in by_name if answers[target] is not None} == {(name, PORTS[name]) for name in expected}
    reached = {
        (service, port)
        for each, service in addresses.items()
        for port in ports
        if answers[str(each.ip), port] not in (None, answers[of_nobody[each], port])
    }
    assert reached == {(name, PORTS[name]) for name in expected}
    # Ingestion reads the outside world.
    assert found["way_out"] == (location == "ingestion")
    if location != "ingestion":
        assert answers[on_host] is None, "the host's own services"
    assert found["secrets"] == SECRETS[location]
    assert not found["writable"]
    assert found["others"] == [None] * 4
    assert not found["socket"]


@pytest.mark.parametrize("webserver", ["webserver", "viewer"])
def test_a_code_server_cannot_ask_the_webserver_for_anything(stack: Stack, webserver: str) -> None:
    """They share a network, because the webserver asks code servers for definitions; it answers the proxy alone."""
    code = f"""
import urllib.error, urllib.request
request = urllib.request.Request("http://{webserver}:3000/graphql", b'{{"query": "{{ version }}"}}')
for name, value in (("Content-Type", "application/json"), ("X-Slipway-User", "operator")):
    request.add_header(name, value)
try:
    print(urllib.request.urlopen(request, timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""
    for location in LOCATIONS:
        assert stack.in_control(location, code).startswith("401 Sign in through the proxy")


# -- the databases

_SQL = """
import json, sys
import psycopg2
connections = {}
def ask(role, statement, database):
    try:
        if (role, database) not in connections:
            connections[role, database] = psycopg2.connect(urls[role], dbname=database, connect_timeout=5)
            connections[role, database].autocommit = True
        with connections[role, database].cursor() as cursor:
            cursor.execute(statement)
            return "ok"
    except psycopg2.Error as error:
        return error.pgcode or str(error)
urls = {"shop_reader": open("/run/secrets/slipway/shop-database-url").read(), "shop": open("/shop/database-url").read()}
print(json.dumps([ask(*each) for each in json.loads(sys.argv[1])]))
"""
NO_RIGHT = "42501"


def test_the_shops_roles_in_the_database(stack: Stack) -> None:
    tables = ("shop.customers", "shop.products", "shop.orders", "shop.order_lines", "warehouse.stock")
    may: list[tuple[str, str, str]] = [
        *(("shop_reader", f"SELECT count(*) FROM {table}", "shop") for table in tables),
        ("shop", "SELECT count(*) FROM shop.orders", "shop"),
    ]
    may_not: list[tuple[str, str, str]] = [
        *(("shop_reader", f"DELETE FROM {table}", "shop") for table in tables),
        ("shop_reader", "UPDATE shop.customers SET city = city", "shop"),
        ("shop_reader", "INSERT INTO shop.orders SELECT * FROM shop.orders LIMIT 0", "shop"),
        ("shop_reader", "TRUNCATE shop.orders", "shop"),
        ("shop_reader", "DROP TABLE shop.orders", "shop"),
        ("shop_reader", "CREATE TABLE shop.evil (x int)", "shop"),
        ("shop_reader", "CREATE TABLE public.evil (x int)", "shop"),
        ("shop_reader", "CREATE SCHEMA evil", "shop"),
        ("shop_reader", "CREATE DATABASE evil", "shop"),
        ("shop_reader", "CREATE ROLE evil", "shop"),
        ("shop_reader", "SET ROLE shop", "shop"),
        ("shop_reader", "SELECT * FROM pg_authid", "shop"),
        ("shop_reader", "SELECT pg_read_file('/etc/passwd')", "shop"),
        ("shop_reader", "COPY (SELECT 1) TO PROGRAM 'true'", "shop"),
        ("shop", "CREATE ROLE evil", "shop"),
        ("shop", "CREATE DATABASE evil", "shop"),
        ("shop", "SET ROLE dagster", "shop"),
        ("shop", "SELECT pg_read_file('/etc/passwd')", "shop"),
        *((role, "CREATE TABLE public.evil (x int)", "postgres") for role in ("shop", "shop_reader")),
    ]
    elsewhere = [(role, "SELECT 1", "dagster") for role in ("shop", "shop_reader")]
    volume = ("--volume", f"{stack.project}_secrets-shop:/shop:ro")
    asked = json.dumps([*may, *may_not, *elsewhere])
    told = as_a_run_of(stack, "ingestion", _SQL, asked, options=volume)
    for (role, statement, _), answer in zip([*may, *may_not], told, strict=False):
        expected = "ok" if (role, statement, _) in may else NO_RIGHT
        assert answer == expected, f"{role}: {statement}"
    for answer in told[-len(elsewhere) :]:
        assert "permission denied for database" in answer


def test_no_role_of_the_services_is_a_superuser(stack: Stack) -> None:
    query = (
        "SELECT rolname FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
    )
    told = stack.compose("exec", "-T", "postgres", "psql", "-U", "postgres", "-Atc", query)
    assert told.split() == ["postgres"]


# -- every container

OWN_VOLUME = {
    **{name: f"secrets-{name}" for name in ("postgres", "objectstore", "ingestion", "transformation", "reporting")},
    **{name: f"secrets-{name}" for name in ("webserver", "daemon", "steward", "proxy", "shop")},
    "viewer": "secrets-webserver",
}


@pytest.fixture(scope="module")
def containers(stack: Stack) -> dict[str, dict[str, Any]]:
    """What `docker inspect` says, by service; of runs by `run <location>`."""
    label = f"label=com.docker.compose.project={stack.project}"
    found = json.loads(docker("inspect", *docker("ps", "--all", "--quiet", "--filter", label).split()))
    services = {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}
    runs = stack.run_containers()
    assert runs, "the first start has made some"
    return services | {f"run {each['Config']['Labels']['slipway.location']}": each for each in runs}


def test_the_stack_is_there(containers: dict[str, dict[str, Any]]) -> None:
    assert set(containers) >= {*OWN_VOLUME, "init", "docker-api", "run ingestion", "run transformation"}


def test_containers_have_no_rights(containers: dict[str, dict[str, Any]]) -> None:
    for name, container in containers.items():
        host = container["HostConfig"]
        user = container["Config"]["User"]
        # It opens the Docker socket, which is root's; docs/design.md.
        assert (user.partition(":")[0] in ("", "0", "root")) == (name == "docker-api"), f"{name} runs as {user!r}"
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        added = [each.removeprefix("CAP_") for each in host["CapAdd"] or []]
        assert added == (["NET_BIND_SERVICE"] if name == "proxy" else []), name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert not host["Privileged"], name
        assert not host["Devices"], name
        for namespace in ("PidMode", "UTSMode", "UsernsMode"):
            assert host[namespace] == "", name
        assert host["IpcMode"] in ("private", ""), name


def test_containers_have_limits_rotation_and_a_restart_policy(containers: dict[str, dict[str, Any]]) -> None:
    for name, container in containers.items():
        host = container["HostConfig"]
        assert host["Memory"] > 0, name
        assert host["LogConfig"]["Type"] == "json-file", name
        assert {*host["LogConfig"]["Config"]} >= {"max-size", "max-file"}, name
        once = name == "init" or name.startswith("run ")
        assert host["RestartPolicy"]["Name"] == ("no" if once else "unless-stopped"), name
        if name.startswith("run "):
            assert host["PidsLimit"] == 512, name


def test_secrets_are_mounted_where_they_belong_and_cannot_be_changed_there(
    stack: Stack, containers: dict[str, dict[str, Any]]
) -> None:
    for name, container in containers.items():
        volumes = {
            mount["Name"].removeprefix(f"{stack.project}_"): mount["RW"]
            for mount in container["Mounts"]
            if mount["Type"] == "volume" and "secrets" in mount["Name"]
        }
        if name == "init":
            assert set(volumes) == {*OWN_VOLUME.values(), "secrets-init"}
        elif name == "docker-api":
            assert volumes == {}
        else:
            assert volumes == {OWN_VOLUME[name.removeprefix("run ")]: False}, name


def test_the_hosts_files_are_seen_by_few(containers: dict[str, dict[str, Any]]) -> None:
    binds = {
        name: {mount["Destination"] for mount in each["Mounts"] if mount["Type"] == "bind"}
        for name, each in containers.items()
    }
    assert binds.pop("docker-api") == {"/var/run/docker.sock"}
    assert binds.pop("proxy") == {"/etc/caddy/Caddyfile", "/certificates"}
    assert binds.pop("init") == {"/given"}
    assert binds.pop("ingestion") == {"/landing"}
    assert set().union(*binds.values()) == set()
    admin = [
        name
        for name, each in containers.items()
        if any("objectstore-admin" in m.get("Name", "") for m in each["Mounts"])
    ]
    assert sorted(admin) == ["init", "objectstore"]
    for name in ("init", "proxy"):
        assert not [m for m in containers[name]["Mounts"] if m["Type"] == "bind" and m["RW"]], name
