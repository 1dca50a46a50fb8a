"""The body of `POST /containers/create` and of `.../update`: an allow-list of fields, and of values for each.

What is allowed is what docker-py and dagster-docker's launcher send for a run's container that has no privileges. The
result is a new body: the image by its id, the user always set, nothing in it that was not read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

from slipway.docker_api.fields import (
    LEFT_OUT,
    Check,
    checked,
    decided,
    flag,
    integer,
    nothing,
    refuse,
    text,
    texts,
    unread,
)
from slipway.docker_api.images import Image
from slipway.docker_api.refused import Refused, shown
from slipway.docker_api.settings import LABEL_LOCATION, LABEL_STACK, Settings

_OTHERS_LABELS = "com.docker."
_PROJECT = "com.docker.compose.project"
_TMPFS_OPTION = re.compile(r"size=\d+[kmgKMG%]?|mode=[0-7]{3,4}|uid=\d+|gid=\d+|rw|exec|noexec|nosuid|nodev")

_LIMITS: Mapping[str, Check] = {
    "Memory": integer(0),
    "MemorySwap": integer(-1),
    "NanoCpus": integer(0),
}

# What some client sends with an empty value although it asks for nothing.
_EMPTY_HERE = (
    *("Domainname", "Entrypoint", "ExposedPorts", "Healthcheck", "MacAddress", "OnBuild", "Shell"),
    *("AttachStdin", "NetworkDisabled", "OpenStdin", "StdinOnce", "Tty"),
)
_EMPTY_IN_HOST = (
    *("AutoRemove", "OomKillDisable", "Privileged", "PublishAllPorts"),
    *("CapAdd", "Capabilities", "DeviceCgroupRules", "DeviceRequests", "Devices", "GroupAdd", "Ulimits"),
    *("Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "Links", "PortBindings"),
    *("CgroupnsMode", "IpcMode", "PidMode", "UTSMode", "UsernsMode", "Cgroup", "CgroupParent", "Isolation", "Runtime"),
    *("Annotations", "ContainerIDFile", "StorageOpt", "Sysctls", "VolumeDriver", "VolumesFrom"),
)


def create_body(body: Mapping[str, Any], image: Image, settings: Settings) -> dict[str, Any]:
    """The body for the engine.

    Args:
        body: as the client sent it.
        image: what `body["Image"]` is, checked.

    Raises:
        Refused
    """
    mounts = _Mounts(image.location, settings)
    networks = settings.networks.get(image.location, frozenset())
    host_fields = _host_fields(mounts, networks)
    host: dict[str, Any] = {}

    def read_host(where: str, value: Any) -> dict[str, Any]:
        host.update(checked(where, value, host_fields))
        return host

    result = checked("", dict(body), {**_fields(image, settings, networks), "HostConfig": read_host})
    for name in ("NetworkMode", "CapDrop", "SecurityOpt"):
        if name not in host:
            raise Refused(f"HostConfig.{name}: expected {_NEEDED[name]}; it is absent.")
    if LABEL_STACK not in result.get("Labels", {}):
        raise Refused(f"Labels: expected the label {LABEL_STACK} to be {settings.stack}; it is absent.")
    if unmounted := set(body.get("Volumes") or ()) - mounts.targets:
        raise Refused(f"Volumes: expected only paths that HostConfig mounts at; found {shown(min(unmounted))}.")
    # The image's own user may be root.
    return {**result, "Image": image.id, "User": settings.user}


_NEEDED = {"NetworkMode": "a network of this stack", "CapDrop": '["ALL"]', "SecurityOpt": '["no-new-privileges:true"]'}


def update_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body for the engine: memory in bytes, processors in billionths.

    Raises:
        Refused
    """
    return checked("", dict(body), _LIMITS)


def _fields(image: Image, settings: Settings, networks: Set[str]) -> dict[str, Check]:
    def user(where: str, value: Any) -> object:
        if value not in ("", settings.user):
            refuse(where, settings.user, value)
        return LEFT_OUT

    def labels(where: str, value: Any) -> dict[str, str]:
        return _labels(where, value, image, settings)

    def networking(where: str, value: Any) -> object:
        return _networking(where, value, networks)

    return {
        **dict.fromkeys(_EMPTY_HERE, nothing),
        "Image": decided,
        "Cmd": texts,
        "Env": texts,
        "Labels": labels,
        "WorkingDir": text(r"(/[^\x00]*)?", "an absolute path"),
        "User": user,
        # The engine resolves host names on its networks: a run must not answer to the name of a service.
        "Hostname": text(rf"({re.escape(settings.stack)}-run-[a-zA-Z0-9_.-]+)?", f"{settings.stack}-run-..."),
        "StopSignal": text(r"(SIG[A-Z]{2,6}\d?)?", "a signal, such as SIGTERM"),
        "StopTimeout": integer(0, 86400),
        "AttachStdout": unread,
        "AttachStderr": unread,
        "Volumes": _volumes,
        "NetworkingConfig": networking,
    }


def _host_fields(mounts: _Mounts, networks: Set[str]) -> dict[str, Check]:
    def network(where: str, value: Any) -> str:
        if not isinstance(value, str) or value not in networks:
            refuse(where, _one_of(networks), value)
        return value

    return {
        **dict.fromkeys(_EMPTY_IN_HOST, nothing),
        **_LIMITS,
        "MemoryReservation": integer(0),
        "CpuShares": integer(0, 262144),
        "PidsLimit": integer(-1),
        "OomScoreAdj": integer(0, 1000),
        "Init": flag,
        "ReadonlyRootfs": flag,
        "Tmpfs": _tmpfs,
        "CapDrop": _all_capabilities,
        "SecurityOpt": _no_new_privileges,
        "Binds": mounts.binds,
        "Mounts": mounts.mounts,
        "NetworkMode": network,
        "RestartPolicy": _no_restart,
        "LogConfig": _log,
    }


def _labels(where: str, value: Any, image: Image, settings: Settings) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        refuse(where, "an object of texts", value)
    expected = {LABEL_STACK: settings.stack, LABEL_LOCATION: image.location, _PROJECT: settings.stack}
    for name, found in value.items():
        # A run that no location's code has launched says "" for its location.
        if name in expected and found != expected[name] and (name, found) != (LABEL_LOCATION, ""):
            refuse(f"{where}.{name}", expected[name], found)
        if name.casefold().startswith(_OTHERS_LABELS) and name != _PROJECT:
            raise Refused(f"{where}: expected no labels of Docker's own; found {shown(name)}.")
    return value


def _networking(where: str, value: Any, networks: Set[str]) -> object:
    """Says no more than NetworkMode does: left out.

    docker-py sends {"<network>": null} where the engine expects {"EndpointsConfig": {"<network>": ...}}.
    """
    if not isinstance(value, dict):
        refuse(where, "an object", value)
    endpoints = value
    if set(value) == {"EndpointsConfig"} and isinstance(value["EndpointsConfig"], dict):
        endpoints = value["EndpointsConfig"]
    for name, endpoint in endpoints.items():
        if name not in networks:
            refuse(where, _one_of(networks), name)
        if isinstance(endpoint, dict) and any(endpoint.values()):
            raise Refused(f"{where}.{name}: expected no address, alias or other setting; found {shown(endpoint)}.")
        if endpoint is not None and not isinstance(endpoint, dict):
            refuse(f"{where}.{name}", "an object", endpoint)
    return LEFT_OUT


def _one_of(networks: Set[str]) -> str:
    return " or ".join(sorted(networks)) or "none, because this location has no network"


def _volumes(where: str, value: Any) -> object:
    """Besides `Binds`, docker-py names their targets here. By itself, a name here is a new volume."""
    if not isinstance(value, dict) or any(value.values()):
        refuse(where, "an object of empty objects", value)
    return LEFT_OUT


def _tmpfs(where: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        refuse(where, "an object", value)
    for path, options in value.items():
        if not re.fullmatch(r"/tmp(/[a-zA-Z0-9_.-]+)*", path) or {".", ".."} & set(path.split("/")):
            refuse(where, "a path below /tmp", path)
        if not isinstance(options, str):
            refuse(f"{where}.{path}", "mount options", options)
        for option in filter(None, options.split(",")):
            if not _TMPFS_OPTION.fullmatch(option):
                refuse(f"{where}.{path}", "size, mode, uid, gid, exec, noexec, nosuid or nodev", option)
    return value


def _all_capabilities(where: str, value: Any) -> list[str]:
    if "ALL" not in texts(where, value):
        refuse(where, '["ALL"]', value)
    return ["ALL"]


def _no_new_privileges(where: str, value: Any) -> list[str]:
    if value not in (["no-new-privileges"], ["no-new-privileges:true"]):
        refuse(where, '["no-new-privileges:true"]', value)
    return ["no-new-privileges:true"]


def _no_restart(where: str, value: Any) -> object:
    checked(where, value, {"Name": text("(no)?", "no"), "MaximumRetryCount": nothing})
    return LEFT_OUT


def _log(where: str, value: Any) -> dict[str, Any]:
    options = {"max-size": text(r"\d+[kmg]?", "a size, such as 10m"), "max-file": text(r"\d+", "a number of files")}
    return checked(
        where,
        value,
        {
            "Type": text("json-file|local", "json-file or local"),
            "Config": lambda place, config: checked(place, config, options),
        },
    )


class _Mounts:
    """Volumes that the image's location may have, and binds that development may; `targets` are those that it gets."""

    def __init__(self, location: str, settings: Settings) -> None:
        self._volumes = settings.volumes.get(location, frozenset())
        self._binds = settings.binds
        self._expected = (
            ", ".join(f"{volume}:{target}:ro" for volume, target in sorted(self._volumes | self._binds)) or "none"
        )
        self.targets: set[str] = set()

    def binds(self, where: str, value: Any) -> list[str]:
        for bind in texts(where, value):
            source, _, rest = bind.partition(":")
            target, _, mode = rest.partition(":")
            if mode != "ro" or (source, target) not in self._volumes | self._binds:
                refuse(where, self._expected, bind)
            self.targets.add(target)
        return list(value)

    def mounts(self, where: str, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            refuse(where, "a list", value)
        return [self._mount(f"{where}[{number}]", mount) for number, mount in enumerate(value)]

    def _mount(self, where: str, value: Any) -> dict[str, Any]:
        fields: dict[str, Check] = {
            **dict.fromkeys(("BindOptions", "Consistency", "TmpfsOptions", "VolumeOptions"), nothing),
            "Type": text("volume|bind", "volume or bind"),
            "Source": text(r".+", "a text"),
            "Target": text(r".+", "a text"),
            "ReadOnly": flag,
        }
        mount = checked(where, value, fields)
        allowed = self._volumes if mount.get("Type") == "volume" else self._binds
        if mount.get("ReadOnly") is not True or (mount.get("Source"), mount.get("Target")) not in allowed:
            refuse(where, f"{self._expected} (read-only, and volumes as type volume)", value)
        self.targets.add(mount["Target"])
        return mount
