"""Bodies of `create` and `update`: what a run's container may be, and the many ways to ask for more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.docker_api.create import create_body, update_body
from slipway.docker_api.images import Image
from slipway.docker_api.refused import Refused
from slipway.runs.containers import LOCATION_LABEL, STACK_LABEL
from tests.unit.docker_api.bodies import IMAGE, SENT, SETTINGS, TRANSFORMATION, changed, without

BIND = "shop_ingestion:/run/secrets/slipway:ro"
MOUNT = {"Type": "volume", "Source": "shop_ingestion", "Target": "/run/secrets/slipway", "ReadOnly": True}


def created(body: dict[str, Any]) -> dict[str, Any]:
    return create_body(body, IMAGE, SETTINGS)


def test_what_docker_py_sends_for_a_run_gets_through() -> None:
    expected = {name: SENT[name] for name in ("Env", "Cmd", "Image", "WorkingDir", "Labels", "User", "StopSignal")}
    assert created(SENT) == {**expected, "HostConfig": SENT["HostConfig"]}


def test_the_labels_are_those_that_the_launcher_gives() -> None:
    assert {STACK_LABEL, LOCATION_LABEL} <= set(SENT["Labels"])


def test_the_image_is_sent_by_its_id_whatever_it_was_called() -> None:
    assert created(changed("Image", "shop-ingestion:latest"))["Image"] == IMAGE.id


@pytest.mark.parametrize("body", [without("User"), changed("User", None), changed("User", "")])
def test_the_user_is_always_set_since_the_image_may_be_roots(body: dict[str, Any]) -> None:
    assert created(body)["User"] == "10001"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Entrypoint", None),
        ("Entrypoint", []),
        ("Healthcheck", None),
        ("Hostname", "shop-run-1234"),
        ("StopTimeout", 60),
        ("AttachStdout", True),
        ("Labels/slipway.location", ""),
        ("Labels/com.docker.compose.project", "shop"),
        ("NetworkingConfig", {"EndpointsConfig": {"shop_runs": {"Aliases": None, "IPAMConfig": {}}}}),
        ("NetworkingConfig", None),
        ("HostConfig/Privileged", False),
        ("HostConfig/CapAdd", []),
        ("HostConfig/CapAdd", None),
        ("HostConfig/Devices", []),
        ("HostConfig/PidMode", ""),
        ("HostConfig/AutoRemove", False),
        ("HostConfig/RestartPolicy", {"Name": "no", "MaximumRetryCount": 0}),
        ("HostConfig/RestartPolicy", {}),
        ("HostConfig/SecurityOpt", ["no-new-privileges"]),
        ("HostConfig/CapDrop", ["ALL", "NET_RAW"]),
        ("HostConfig/OomScoreAdj", 500),
        ("HostConfig/MemorySwap", -1),
        ("HostConfig/CpuShares", 512),
        ("HostConfig/LogConfig", {"Type": "local", "Config": {"max-size": "1m"}}),
        ("HostConfig/LogConfig", {"Type": "json-file", "Config": None}),
        ("HostConfig/Tmpfs", {"/tmp": "", "/tmp/work": "size=512m,mode=1777,noexec,uid=10001"}),
        ("HostConfig/Binds", [BIND]),
        ("HostConfig/Mounts", [MOUNT]),
        ("HostConfig/Mounts", [MOUNT | {"VolumeOptions": None, "Consistency": ""}]),
    ],
)
def test_values_that_ask_for_nothing_more_get_through(path: str, value: Any) -> None:
    sent = created(changed(path, value))
    assert sent["HostConfig"]["CapDrop"] == ["ALL"]
    assert sent["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"]
    assert not {"Privileged", "CapAdd", "Devices", "PidMode", "RestartPolicy", "AutoRemove"} & set(sent["HostConfig"])


REFUSED = [
    ("HostConfig/Privileged", True),
    ("HostConfig/privileged", True),
    ("hostconfig", {"Privileged": True}),
    ("HOSTCONFIG", {}),
    ("HostConfig/Binds", ["/:/host"]),
    ("HostConfig/Binds", ["/:/host:ro"]),
    ("HostConfig/Binds", ["/var/run/docker.sock:/run/secrets/slipway:ro"]),
    ("HostConfig/Binds", ["shop_ingestion:/run/secrets/slipway"]),
    ("HostConfig/Binds", ["shop_ingestion:/run/secrets/slipway:rw"]),
    ("HostConfig/Binds", ["shop_ingestion:/run/secrets/slipway:ro,z"]),
    ("HostConfig/Binds", ["shop_ingestion:/etc:ro"]),
    ("HostConfig/Binds", ["shop_transformation:/run/secrets/slipway:ro"]),
    ("HostConfig/Binds", ["shop_postgres:/run/secrets/slipway:ro"]),
    ("HostConfig/Binds", [BIND, "/etc:/etc:ro"]),
    ("HostConfig/Binds", "/:/host"),
    ("HostConfig/binds", ["/:/host"]),
    ("HostConfig/Mounts", [{"Type": "bind", "Source": "/", "Target": "/host", "ReadOnly": True}]),
    ("HostConfig/Mounts", [MOUNT | {"Type": "bind"}]),
    ("HostConfig/Mounts", [MOUNT | {"Type": "npipe"}]),
    ("HostConfig/Mounts", [MOUNT | {"ReadOnly": False}]),
    ("HostConfig/Mounts", [MOUNT | {"ReadOnly": "true"}]),
    ("HostConfig/Mounts", [{"Type": "volume", "Source": "shop_ingestion", "Target": "/run/secrets/slipway"}]),
    ("HostConfig/Mounts", [MOUNT | {"source": "/"}]),
    ("HostConfig/Mounts", [MOUNT | {"VolumeOptions": {"DriverConfig": {"Options": {"device": "/", "o": "bind"}}}}]),
    ("HostConfig/Mounts", [MOUNT | {"BindOptions": {"Propagation": "shared"}}]),
    ("HostConfig/Mounts", [MOUNT | {"Source": None}]),
    ("HostConfig/Mounts", MOUNT),
    ("HostConfig/VolumesFrom", ["shop-postgres-1"]),
    ("HostConfig/VolumeDriver", "local"),
    ("HostConfig/NetworkMode", "host"),
    ("HostConfig/NetworkMode", "bridge"),
    ("HostConfig/NetworkMode", "default"),
    ("HostConfig/NetworkMode", "none"),
    ("HostConfig/NetworkMode", "container:abc"),
    ("HostConfig/NetworkMode", "shop_docker"),
    ("HostConfig/NetworkMode", ["shop_runs"]),
    # That of another location.
    ("HostConfig/NetworkMode", "shop_others"),
    ("HostConfig/NetworkMode", None),
    ("HostConfig/PidMode", "host"),
    ("HostConfig/IpcMode", "host"),
    ("HostConfig/IpcMode", "container:abc"),
    ("HostConfig/UTSMode", "host"),
    ("HostConfig/UsernsMode", "host"),
    ("HostConfig/CgroupnsMode", "host"),
    ("HostConfig/Cgroup", "container:abc"),
    ("HostConfig/CgroupParent", "/"),
    ("HostConfig/Devices", [{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda"}]),
    ("HostConfig/DeviceRequests", [{"Driver": "nvidia"}]),
    ("HostConfig/DeviceCgroupRules", ["a *:* rwm"]),
    ("HostConfig/CapAdd", ["SYS_ADMIN"]),
    ("HostConfig/CapDrop", []),
    ("HostConfig/CapDrop", ["NET_RAW"]),
    ("HostConfig/CapDrop", None),
    ("HostConfig/SecurityOpt", ["seccomp=unconfined"]),
    ("HostConfig/SecurityOpt", ["apparmor=unconfined", "no-new-privileges"]),
    ("HostConfig/SecurityOpt", ["no-new-privileges:true", "label=disable"]),
    ("HostConfig/SecurityOpt", ["no-new-privileges:false"]),
    ("HostConfig/SecurityOpt", None),
    ("HostConfig/Sysctls", {"kernel.core_pattern": "|/x"}),
    ("HostConfig/Ulimits", [{"Name": "nofile", "Soft": 1, "Hard": 1}]),
    ("HostConfig/GroupAdd", ["0"]),
    ("HostConfig/Runtime", "other"),
    ("HostConfig/MaskedPaths", []),
    ("HostConfig/ReadonlyPaths", []),
    ("HostConfig/PortBindings", {"80/tcp": [{"HostPort": "80"}]}),
    ("HostConfig/PublishAllPorts", True),
    ("HostConfig/ExtraHosts", ["postgres:10.0.0.1"]),
    ("HostConfig/Links", ["shop-postgres-1:db"]),
    ("HostConfig/Dns", ["10.0.0.1"]),
    ("HostConfig/AutoRemove", True),
    ("HostConfig/RestartPolicy", {"Name": "always"}),
    ("HostConfig/RestartPolicy", {"Name": "on-failure", "MaximumRetryCount": 3}),
    ("HostConfig/OomKillDisable", True),
    ("HostConfig/OomScoreAdj", -1000),
    ("HostConfig/StorageOpt", {"size": "1"}),
    ("HostConfig/ContainerIDFile", "/etc/cron.d/x"),
    ("HostConfig/LogConfig", {"Type": "syslog", "Config": {"syslog-address": "tcp://evil"}}),
    ("HostConfig/LogConfig", {"Type": "json-file", "Config": {"tag": "x"}}),
    ("HostConfig/LogConfig", {"Type": "none"}),
    ("HostConfig/Tmpfs", {"/etc": ""}),
    ("HostConfig/Tmpfs", {"/tmp/../etc": ""}),
    ("HostConfig/Tmpfs", {"/tmpx": ""}),
    ("HostConfig/Tmpfs", {"/tmp": "suid"}),
    ("HostConfig/Tmpfs", {"/tmp": "size=1m,dev"}),
    ("HostConfig/Memory", "1g"),
    ("HostConfig/Memory", 1.5),
    ("HostConfig/Memory", True),
    ("HostConfig/Memory", -1),
    ("HostConfig/Init", "yes"),
    ("HostConfig", []),
    ("HostConfig", None),
    ("User", "root"),
    ("User", "0"),
    ("User", "10001:0"),
    ("User", 0),
    ("Entrypoint", ["/bin/sh"]),
    ("Healthcheck", {"Test": ["CMD", "x"]}),
    ("Cmd", "sh -c x"),
    ("Cmd", [1]),
    ("Env", {"A": "1"}),
    ("Volumes", {"/data": {}}),
    ("Volumes", {"/run/secrets/slipway": {"x": 1}}),
    ("Tty", True),
    ("OpenStdin", True),
    ("NetworkDisabled", True),
    ("ExposedPorts", {"80/tcp": {}}),
    ("MacAddress", "02:42:ac:11:00:02"),
    ("Hostname", "postgres"),
    ("StopSignal", "SIGTERM; x"),
    ("StopTimeout", -1),
    ("Labels", None),
    ("Labels", {"slipway.location": "ingestion"}),
    ("Labels", ["slipway.stack=shop"]),
    ("Labels/slipway.stack", "other"),
    ("Labels/slipway.location", "transformation"),
    ("Labels/com.docker.compose.project", "other"),
    ("Labels/com.docker.compose.service", "postgres"),
    ("Labels/COM.docker.compose.project", "shop"),
    ("Labels/slipway.stack", 1),
    ("NetworkingConfig", {"EndpointsConfig": {"shop_docker": {}}}),
    ("NetworkingConfig", {"shop_docker": None}),
    ("NetworkingConfig", {"EndpointsConfig": {"shop_runs": {"Aliases": ["postgres"]}}}),
    ("NetworkingConfig", {"EndpointsConfig": {"shop_runs": {"IPAMConfig": {"IPv4Address": "172.18.0.2"}}}}),
    ("NetworkingConfig", {"EndpointsConfig": {"shop_runs": {}}, "shop_docker": {}}),
    ("NetworkingConfig", {"endpointsConfig": {"shop_docker": {}}}),
    ("NetworkingConfig", ["shop_runs"]),
    ("Privileged", True),
    ("Platform", "linux/amd64"),
    ("", {}),
]


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=[f"{path}={value}"[:60] for path, value in REFUSED])
def test_whatever_asks_for_more_is_refused_with_the_field(path: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        created(changed(path, value))
    assert refused.value.status == 403
    assert path.split("/")[-1].split(".")[0] in refused.value.sentence
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize("path", ["HostConfig", "Labels", "HostConfig/NetworkMode", "HostConfig/CapDrop"])
def test_what_a_run_must_have_cannot_be_left_out(path: str) -> None:
    with pytest.raises(Refused, match=f"{path.split('/')[-1]}|HostConfig.*absent"):
        created(without(path))


def test_an_environment_is_not_told_in_a_refusal() -> None:
    with pytest.raises(Refused) as refused:
        created(changed("Env", ["PASSWORD=hunter2", 3]))
    assert "hunter2" not in refused.value.sentence


def test_a_location_gets_its_own_volumes_only() -> None:
    own = {"Binds": ["shop_transformation:/run/secrets/slipway:ro"], "NetworkMode": "shop_others"}
    sent = SENT | {"Labels": {"slipway.stack": "shop"}, "NetworkingConfig": {"shop_others": None}}
    image = Image(TRANSFORMATION, "transformation")
    other = create_body(sent | {"HostConfig": SENT["HostConfig"] | own}, image, SETTINGS)
    assert other["HostConfig"]["Binds"] == ["shop_transformation:/run/secrets/slipway:ro"]
    for name, theirs in (("Binds", SENT["HostConfig"]["Binds"]), ("NetworkMode", "shop_runs")):
        with pytest.raises(Refused, match=name):
            create_body(sent | {"HostConfig": SENT["HostConfig"] | own | {name: theirs}}, image, SETTINGS)


def test_development_may_bind_the_paths_that_it_names_read_only() -> None:
    settings = replace(SETTINGS, binds=frozenset({("/srv/shop/src", "/app/src")}))
    bind = {"Type": "bind", "Source": "/srv/shop/src", "Target": "/app/src", "ReadOnly": True}
    for body in (
        changed("HostConfig/Binds", [BIND, "/srv/shop/src:/app/src:ro"]),
        changed("HostConfig/Mounts", [bind]),
    ):
        create_body(body, IMAGE, settings)
        with pytest.raises(Refused):
            create_body(body, IMAGE, SETTINGS)
    for body in (
        changed("HostConfig/Binds", [BIND, "/srv/shop/src:/app/src"]),
        changed("HostConfig/Binds", [BIND, "/srv/shop:/app/src:ro"]),
        changed("HostConfig/Mounts", [bind | {"ReadOnly": False}]),
        changed("HostConfig/Mounts", [bind | {"Type": "volume"}]),
    ):
        with pytest.raises(Refused):
            create_body(body, IMAGE, settings)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
_FIELDS = st.sampled_from([*SENT, *(f"HostConfig/{name}" for name in SENT["HostConfig"]), "HostConfig/Mounts"])


@given(path=_FIELDS, value=_VALUES)
def test_no_value_of_any_kind_does_more_than_be_refused(path: str, value: Any) -> None:
    try:
        sent = created(changed(path, value))
    except Refused:
        return
    json.dumps(sent)
    assert sent["User"] == "10001"
    assert sent["Image"] == IMAGE.id
    assert sent["Labels"]["slipway.stack"] == "shop"
    host = sent["HostConfig"]
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges:true"])
    assert host["NetworkMode"] == "shop_runs"
    assert set(host.get("Binds", [])) <= {BIND}
    assert not host.get("Mounts")


def test_limits_of_a_container_can_be_changed_and_nothing_else() -> None:
    limits = {"Memory": 1 << 30, "MemorySwap": 1 << 30, "NanoCpus": 10**9}
    assert update_body(limits | {"Memory": None}) == {"MemorySwap": 1 << 30, "NanoCpus": 10**9}
    assert update_body(limits) == limits
    for more in ({"RestartPolicy": {"Name": "always"}}, {"memory": 1}, {"PidsLimit": -1}, {"Memory": "1g"}):
        with pytest.raises(Refused):
            update_body(limits | more)
