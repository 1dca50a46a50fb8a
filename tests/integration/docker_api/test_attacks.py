"""What nobody may do through the proxy: each attempt is refused, and has had no effect."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound, NotFound

from tests.integration.docker_api.proxy import TARGET, Running, Stack

pytestmark = pytest.mark.docker

API = "/v1.45"


def refuses(proxy: Running, method: str, target: str, body: bytes | None = None, *headers: str) -> str:
    """The sentence of the refusal, which is in the log as well."""
    answer = proxy.ask(method, target, body, *headers)
    assert answer.status in (400, 403), answer
    assert "connection: close" in answer.head.lower()
    message: str = json.loads(answer.body)["message"]
    assert message in proxy.logged()
    return message


@pytest.fixture
def unharmed(victim: Any) -> Iterator[Any]:
    """Somebody else's container; after the test it must be as it was before."""
    before = _state(victim)
    yield victim
    assert _state(victim) == before


@pytest.fixture
def ours_unharmed(ours: Any) -> Iterator[Any]:
    """A container of this stack; after the test it must be as it was before."""
    before = _state(ours)
    yield ours
    assert _state(ours) == before


def _state(container: Any) -> Any:
    container.reload()
    attrs = container.attrs
    return attrs["State"], attrs["Name"], attrs["ExecIDs"], attrs["HostConfig"]


def test_the_body_of_these_tests_gets_through_as_it_is(shop: Stack, proxy: Running) -> None:
    answer = proxy.ask("POST", f"{API}/containers/create", json.dumps(shop.body()).encode())
    assert answer.status == 201
    shop.engine.containers.get(json.loads(answer.body)["Id"]).remove()


CREATES: dict[str, dict[str, Any]] = {
    "privileged": {"HostConfig": {"Privileged": True}},
    "privileged, other case": {"HostConfig": {"privileged": True}},
    "a second HostConfig, other case": {"hostConfig": {"Privileged": True}},
    "the host's root, Binds": {"HostConfig": {"Binds": ["/:/host"]}},
    "the host's root, Binds read-only": {"HostConfig": {"Binds": ["/:/host:ro"]}},
    "the host's root, binds": {"HostConfig": {"binds": ["/:/host"]}},
    "the host's root, Mounts": {"HostConfig": {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]}},
    "the host's root, mounts": {"HostConfig": {"mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]}},
    "the socket": {"HostConfig": {"Binds": [f"/var/run/docker.sock:{TARGET}:ro"]}},
    "another volume": {"HostConfig": {"Binds": [f"postgres:{TARGET}:ro"]}},
    "a volume that is the host's root": {
        "HostConfig": {
            "Mounts": [
                {
                    "Type": "volume",
                    "Source": "{volume}",
                    "Target": TARGET,
                    "ReadOnly": True,
                    "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"device": "/", "o": "bind"}}},
                }
            ]
        }
    },
    "its volume, to write": {"HostConfig": {"Binds": [f"{{volume}}:{TARGET}"]}},
    "volumes of another container": {"HostConfig": {"VolumesFrom": ["{victim}"]}},
    "the host's network": {"HostConfig": {"NetworkMode": "host"}},
    "another container's network": {"HostConfig": {"NetworkMode": "container:{victim}"}},
    "the default network": {"HostConfig": {"NetworkMode": "bridge"}},
    "no network of ours": {"HostConfig": {"NetworkMode": ""}},
    "one more network": {"NetworkingConfig": {"EndpointsConfig": {"bridge": {}}}},
    "a service's name": {"NetworkingConfig": {"EndpointsConfig": {"{network}": {"Aliases": ["postgres"]}}}},
    "a service's host name": {"Hostname": "postgres"},
    "the host's processes": {"HostConfig": {"PidMode": "host"}},
    "another container's processes": {"HostConfig": {"PidMode": "container:{victim}"}},
    "the host's ipc": {"HostConfig": {"IpcMode": "host"}},
    "the host's uts": {"HostConfig": {"UTSMode": "host"}},
    "the host's users": {"HostConfig": {"UsernsMode": "host"}},
    "the host's cgroups": {"HostConfig": {"CgroupnsMode": "host"}},
    "another cgroup": {"HostConfig": {"CgroupParent": "/"}},
    "devices": {"HostConfig": {"Devices": [{"PathOnHost": "/dev/mem", "PathInContainer": "/dev/mem"}]}},
    "device rules": {"HostConfig": {"DeviceCgroupRules": ["a *:* rwm"]}},
    "a capability": {"HostConfig": {"CapAdd": ["SYS_ADMIN"]}},
    "all capabilities": {"HostConfig": {"CapDrop": None}},
    "no seccomp": {"HostConfig": {"SecurityOpt": ["no-new-privileges:true", "seccomp=unconfined"]}},
    "no apparmor": {"HostConfig": {"SecurityOpt": ["apparmor=unconfined"]}},
    "new privileges": {"HostConfig": {"SecurityOpt": []}},
    "unmasked paths": {"HostConfig": {"MaskedPaths": []}},
    "sysctls": {"HostConfig": {"Sysctls": {"net.ipv4.ip_forward": "1"}}},
    "another runtime": {"HostConfig": {"Runtime": "runc"}},
    "restart for ever": {"HostConfig": {"RestartPolicy": {"Name": "always"}}},
    "a published port": {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "0"}]}}},
    "a log elsewhere": {"HostConfig": {"LogConfig": {"Type": "gelf", "Config": {"gelf-address": "udp://10.0.0.1:1"}}}},
    "root": {"User": "0"},
    "another program": {"Entrypoint": ["/bin/sh", "-c", "id"]},
    "a health check": {"Healthcheck": {"Test": ["CMD-SHELL", "id"]}},
    "a foreign image": {"Image": "python:3.13-slim-trixie"},
    "an image without label": {"Image": "{unlabelled}"},
    "an image of another label": {"Image": "{other}"},
    "the base image by id": {"Image": "{base}"},
    "no label": {"Labels": None},
    "another stack's label": {"Labels": {"slipway.stack": "other"}},
    "a service's label": {"Labels": {"slipway.stack": "{stack}", "com.docker.compose.service": "postgres"}},
}


@pytest.mark.parametrize("attack", CREATES)
def test_a_container_with_more_than_a_run_needs(shop: Stack, proxy: Running, unharmed: Any, attack: str) -> None:
    names = {
        "{volume}": shop.volume,
        "{network}": shop.network,
        "{victim}": unharmed.name,
        "{unlabelled}": shop.unlabelled_id,
        "{other}": shop.other_location_id,
        "{base}": shop.engine.images.get("python:3.13-slim-trixie").id,
        "{stack}": shop.name,
    }
    asked = json.dumps(CREATES[attack])
    for placeholder, value in names.items():
        asked = asked.replace(placeholder, value)
    body = _merged(shop.body(), json.loads(asked))
    name = f"{shop.name}-run-{uuid.uuid4().hex[:8]}"
    refuses(proxy, "POST", f"{API}/containers/create?name={name}", json.dumps(body).encode())
    assert not shop.exists(name)


def _merged(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(body)
    for name, value in change.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict) and name == "HostConfig"
        merged[name] = _merged(merged[name], value) if both else value
    return merged


@pytest.mark.parametrize(
    "tail",
    [
        '"HostConfig": {"Privileged": true}',
        '"hostconfig": {"Privileged": true}',
        '"HOSTCONFIG": {"Binds": ["/:/host"]}',
        '"Ho\u017ftConfig": {"Privileged": true}',
        '"\\u0048ostConfig": {"Privileged": true}',
    ],
)
def test_a_key_twice_in_whatever_case(shop: Stack, proxy: Running, tail: str) -> None:
    name = f"{shop.name}-run-{uuid.uuid4().hex[:8]}"
    body = json.dumps(shop.body())[:-1] + f", {tail}}}"
    assert "each key once" in refuses(proxy, "POST", f"{API}/containers/create?name={name}", body.encode())
    assert not shop.exists(name)


@pytest.mark.parametrize("by", ["name", "id", "short_id"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/json"),
        ("GET", "/logs?stdout=1"),
        ("GET", "/stats?stream=0"),
        ("POST", "/start"),
        ("POST", "/stop?t=0"),
        ("POST", "/kill"),
        ("POST", "/wait"),
        ("DELETE", "?force=1"),
    ],
)
def test_a_container_of_somebody_else(proxy: Running, unharmed: Any, method: str, path: str, by: str) -> None:
    answer = refuses(proxy, method, f"{API}/containers/{getattr(unharmed, by)}{path}")
    assert "slipway.stack" in answer
    assert "hunter2" not in answer


def test_limits_of_a_container_of_somebody_else(proxy: Running, unharmed: Any) -> None:
    refuses(proxy, "POST", f"{API}/containers/{unharmed.id}/update", b'{"Memory": 10000000, "MemorySwap": 10000000}')


def test_more_than_limits_of_a_container_of_ours(proxy: Running, ours_unharmed: Any) -> None:
    refuses(proxy, "POST", f"{API}/containers/{ours_unharmed.id}/update", b'{"RestartPolicy": {"Name": "always"}}')


@pytest.mark.parametrize("of", ["ours", "theirs"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/exec", b'{"Cmd": ["touch", "/hacked"], "User": "0"}'),
        ("PUT", "/archive?path=/", b"x"),
        ("GET", "/archive?path=/etc/passwd", None),
        ("POST", "/attach?stream=1&stdin=1", None),
        ("GET", "/attach/ws", None),
        ("GET", "/export", None),
        ("POST", "/rename?name=hacked", None),
        ("POST", "/pause", None),
        ("POST", "/restart?t=0", None),
        ("POST", "/resize?h=1&w=1", None),
        ("GET", "/top", None),
        ("GET", "/changes", None),
    ],
)
def test_what_no_container_needs(
    proxy: Running, unharmed: Any, ours_unharmed: Any, method: str, path: str, body: bytes | None, of: str
) -> None:
    identity = ours_unharmed.id if of == "ours" else unharmed.id
    refuses(proxy, method, f"{API}/containers/{identity}{path}", body)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/build?t={name}", b"x"),
        ("POST", "/images/create?fromImage={name}", b""),
        ("POST", "/images/load", b"x"),
        ("POST", "/images/{stack}-ingestion/tag?repo={name}", None),
        ("DELETE", "/images/{stack}-ingestion:latest?force=1", None),
        ("POST", "/commit?container={victim}&repo={name}", b"{}"),
        ("POST", "/volumes/create", b'{"Name": "{name}"}'),
        ("DELETE", "/volumes/{stack}_ingestion", None),
        ("POST", "/networks/create", b'{"Name": "{name}"}'),
        ("POST", "/networks/bridge/connect", b'{"Container": "{victim}"}'),
        ("DELETE", "/networks/{stack}_runs", None),
        ("POST", "/containers/prune", None),
        ("POST", "/images/prune", None),
        ("POST", "/volumes/prune", None),
        ("POST", "/auth", b'{"username": "x"}'),
        ("POST", "/swarm/init", b"{}"),
        ("POST", "/plugins/pull?remote=x", b"[]"),
        ("POST", "/services/create", b"{}"),
        ("GET", "/images/json", None),
        ("GET", "/volumes", None),
        ("GET", "/networks", None),
        ("GET", "/events", None),
        ("GET", "/system/df", None),
        ("GET", "/images/python:3.13-slim-trixie/json", None),
        ("GET", "/images/{unlabelled}/json", None),
        ("GET", "/images/{other}/json", None),
        ("POST", "/session", None),
        ("POST", "/grpc", None),
    ],
)
def test_what_the_platform_does_not_need(
    shop: Stack, proxy: Running, unharmed: Any, method: str, target: str, body: bytes | None
) -> None:
    name = f"{shop.name}-hacked"

    def filled(text: str) -> str:
        for placeholder, value in {
            "{name}": name,
            "{stack}": shop.name,
            "{victim}": unharmed.id,
            "{unlabelled}": shop.unlabelled_id,
            "{other}": shop.other_location_id,
        }.items():
            text = text.replace(placeholder, value)
        return text

    refuses(proxy, method, API + filled(target), None if body is None else filled(body.decode()).encode())
    assert shop.engine.images.get(shop.image).id == shop.image_id
    assert shop.engine.networks.get(shop.network)
    for kind, missing in (("images", ImageNotFound), ("volumes", NotFound), ("networks", NotFound)):
        with pytest.raises(missing):
            getattr(shop.engine, kind).get(name)


@pytest.mark.parametrize(
    "target",
    [
        *("//containers/{id}/kill", "/v1.45//containers/{id}/kill", "/v1.45/containers//{id}/kill"),
        *("/v1.45/containers/{id}/kill/", "/v1.45/containers/x/../{id}/kill", "/v1.45/./containers/{id}/kill"),
        *("/v1.45/containers/{id}%2fkill", "/v1.45/%63ontainers/{id}/kill", "/v1.45/containers/{id}/%6bill"),
        *("/v1.45/containers/..%2f{id}/kill", "/v1.45/containers/{id};x/kill", "/v1.45/containers\\{id}\\kill"),
        *("/v1.999/containers/{id}/kill", "/v1.24/v1.24/containers/{id}/kill", "/v1.5/containers/{id}/kill"),
        *("/V1.45/containers/{id}/kill", "/v1.45.1/containers/{id}/kill", "http://docker/v1.45/containers/{id}/kill"),
        *("/v1.45/containers/{id}/kill?signal=KILL&signal=KILL", "/v1.45/containers/{id}/kill?x=1"),
        *("/v1.45/containers/{id}/kill?signal=KILL;x", "/v1.45/containers/{id}/kill#", "/v1.45/Containers/{id}/kill"),
        *("/v1.45/_ping/../containers/{id}/kill", "/_ping%0d%0a/containers/{id}/kill", "*", "{id}"),
    ],
)
def test_tricks_with_paths(proxy: Running, unharmed: Any, target: str) -> None:
    refuses(proxy, "POST", target.replace("{id}", unharmed.id))


def _kill(container: Any) -> bytes:
    return f"POST /containers/{container.id}/kill HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 0", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 9", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: +0", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1", 400),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999", 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nContent-Length: 5", 400),
        ("GET /_ping HTTP/1.0\r\nHost: x\r\nConnection: keep-alive", 400),
        ("GET /_ping HTTP/0.9", 400),
        ("GET /_ping HTTP/2.0\r\nHost: x", 400),
        ("GET /_ping", 400),
        ("GET /_ping HTTP/1.1", 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nHost: y", 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nX: a\x00b", 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nNo colon", 400),
        ("GET  /_ping HTTP/1.1\r\nHost: x", 400),
        ("GET /_ping /x HTTP/1.1\r\nHost: x", 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nExpect: 100-continue", 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nX: " + "a" * 200_000, 400),
        ("GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp", 403),
        ("POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp", 403),
        ("CONNECT /_ping HTTP/1.1\r\nHost: x", 403),
        ("TRACE /_ping HTTP/1.1\r\nHost: x", 403),
    ],
    ids=lambda value: value[:70] if isinstance(value, str) else None,
)
def test_tricks_with_http_end_the_connection(proxy: Running, ours_unharmed: Any, head: str, status: int) -> None:
    """Behind each stands a request that would be carried out, if anything after the first were read."""
    answers = proxy.send(head.encode() + b"\r\n\r\n" + b"0\r\n\r\n" + _kill(ours_unharmed))
    assert [answer.status for answer in answers] == [status]
    assert json.loads(answers[0].body)["message"]


@pytest.mark.parametrize("also", ["", "Content-Length: 4\r\n"])
def test_a_body_in_chunks_is_refused_though_it_is_a_proper_one(shop: Stack, proxy: Running, also: str) -> None:
    name = f"{shop.name}-run-{uuid.uuid4().hex[:8]}"
    body = json.dumps(shop.body())
    head = f"POST {API}/containers/create?name={name} HTTP/1.1\r\nHost: x\r\n{also}Transfer-Encoding: chunked\r\n\r\n"
    (answer,) = proxy.send(f"{head}{len(body):x}\r\n{body}\r\n0\r\n\r\n".encode())
    assert answer.status == 400
    assert not shop.exists(name)


def test_what_is_sent_behind_a_refused_request_is_not_read(shop: Stack, proxy: Running, unharmed: Any) -> None:
    ping = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
    refused = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"
    assert [answer.status for answer in proxy.send(ping + ping)] == [200, 200]
    assert [answer.status for answer in proxy.send(ping + _kill(unharmed) + ping)] == [200, 403]
    assert [answer.status for answer in proxy.send(ping, refused, ping)] == [200, 403]


def test_a_body_is_as_long_as_it_says_and_not_too_long(shop: Stack, proxy: Running) -> None:
    body = json.dumps(shop.body() | {"Env": ["X=" + "x" * (1 << 20)]}).encode()
    assert "at most 1048576 bytes" in refuses(proxy, "POST", f"{API}/containers/create", body)
    short = json.dumps(shop.body() | {"Env": ["X=" + "x" * 900_000]}).encode()
    answer = proxy.ask("POST", f"{API}/containers/create", short)
    assert answer.status in (201, 400), "let through: an environment that long is the engine's own affair"
    if answer.status == 201:
        shop.engine.containers.get(json.loads(answer.body)["Id"]).remove()
    head = f"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: {len(short) + 1}\r\n\r\n".encode()
    assert proxy.send(head + short[:-1]) == [], "it waits for the rest"


def test_docker_py_tells_the_refusal(shop: Stack, proxy: Running, victim: Any) -> None:
    client = proxy.client()
    attempts: list[Callable[[], object]] = [
        lambda: client.containers.create(**shop.run_arguments(privileged=True)),
        lambda: client.containers.create(**shop.run_arguments(network_mode="host", network=None)),
        lambda: client.containers.get(victim.id),
        lambda: client.images.pull("python", "3.13"),
        lambda: client.api.exec_create(victim.id, "id"),
    ]
    for attempt in attempts:
        with pytest.raises(APIError) as refused:
            attempt()
        assert refused.value.status_code == 403
        assert refused.value.explanation.endswith(".")


def test_a_refusal_is_one_line_of_the_log(proxy: Running) -> None:
    before = proxy.logged().count("\n")
    refuses(proxy, "POST", "/v1.45/containers/x/exec?secret=1", b'{"Env": ["PASSWORD=hunter3"]}')
    lines = proxy.logged().splitlines()[before:]
    assert len(lines) == 1
    for part in ("refused", "'POST'", "'/v1.45/containers/x/exec'", "from 127.0.0.1", "is not among the paths"):
        assert part in lines[0]
    assert "secret=1" not in lines[0]
    assert "hunter3" not in lines[0]
