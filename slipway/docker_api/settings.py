"""What the proxy lets through, by environment; read once, at the start.

SLIPWAY_STACK                    name of this stack: value of the label slipway.stack, which its run containers carry
SLIPWAY_RUN_IMAGES               location=image[,location=image...], such as ingestion=slipway-ingestion:latest
SLIPWAY_RUN_NETWORKS             location=network[,...]: those that a location's runs may be on
SLIPWAY_RUN_VOLUMES              location=volume:target[,...]: what a location's runs may mount, read-only
SLIPWAY_RUN_BINDS                host path:target[,...]: for development only, read-only; default: none
SLIPWAY_RUN_USER                 whom runs run as; default: 10001
SLIPWAY_DOCKER_SOCKET            default: /var/run/docker.sock
SLIPWAY_DOCKER_API_LISTEN        default: 0.0.0.0:2375
SLIPWAY_DOCKER_API_LONGEST_WAIT  seconds for which the engine may keep `wait` and `stop` waiting; default: 86400
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LABEL_STACK = "slipway.stack"
LABEL_LOCATION = "slipway.location"

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9_.:/-]*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?")
_PATH = re.compile(r"(/[^/:,\x00-\x1f]+)+")
_NO_NETWORKS = {"host", "none", "bridge", "default", "container"}


class SettingsError(ValueError):
    """A variable is missing or malformed; the message says which, and what it should be."""


@dataclass(frozen=True)
class Settings:
    """What is allowed.

    Attributes:
        images: image name -> location; image ids are allowed by their label.
        volumes: location -> pairs of (volume, path in the container).
        binds: pairs of (path on the host, path in the container).
        longest_wait: seconds.
    """

    stack: str
    images: Mapping[str, str]
    networks: Mapping[str, frozenset[str]]
    volumes: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    binds: frozenset[tuple[str, str]] = frozenset()
    user: str = "10001"
    socket: str = "/var/run/docker.sock"
    listen: tuple[str, int] = ("0.0.0.0", 2375)
    longest_wait: float = 86400.0

    @property
    def locations(self) -> frozenset[str]:
        return frozenset(self.images.values())

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Raises: SettingsError."""
        images = _images(environment)
        return cls(
            stack=_stack(environment),
            images=images,
            networks=_networks(environment, frozenset(images.values())),
            volumes=_volumes(environment, frozenset(images.values())),
            binds=_binds(environment),
            user=_user(environment),
            socket=environment.get("SLIPWAY_DOCKER_SOCKET") or cls.socket,
            listen=listen_address(environment),
            longest_wait=_longest_wait(environment),
        )


def listen_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Raises: SettingsError."""
    text = environment.get("SLIPWAY_DOCKER_API_LISTEN") or "0.0.0.0:2375"
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[0-9a-zA-Z_.-]+", host) or not re.fullmatch(r"\d{1,5}", port) or int(port) > 65535:
        raise SettingsError(f"SLIPWAY_DOCKER_API_LISTEN: expected host:port, such as 0.0.0.0:2375; found {text!r}.")
    return host, int(port)


def _stack(environment: Mapping[str, str]) -> str:
    found = _needed(environment, "SLIPWAY_STACK", "the name of this stack, such as slipway")
    if not _NAME.fullmatch(found):
        raise SettingsError(f"SLIPWAY_STACK: expected a name of letters, digits and . _ -; found {found!r}.")
    return found


def _images(environment: Mapping[str, str]) -> dict[str, str]:
    variable, form = "SLIPWAY_RUN_IMAGES", "location=image, such as ingestion=slipway-ingestion:latest"
    _needed(environment, variable, form)
    images: dict[str, str] = {}
    for entry in _entries(environment, variable):
        location, _, image = entry.partition("=")
        if not _NAME.fullmatch(location) or not _IMAGE.fullmatch(image):
            raise SettingsError(f"{variable}: expected {form}; found {entry!r}.")
        if images.setdefault(image, location) != location:
            raise SettingsError(f"{variable}: expected one location for each image; found two for {image!r}.")
    return images


def _networks(environment: Mapping[str, str], locations: frozenset[str]) -> dict[str, frozenset[str]]:
    variable, form = "SLIPWAY_RUN_NETWORKS", "location=network of this stack, such as ingestion=slipway_ingestion"
    _needed(environment, variable, form)
    networks: dict[str, frozenset[str]] = {}
    for entry in _entries(environment, variable):
        location, _, network = entry.partition("=")
        if not _NAME.fullmatch(network) or network in _NO_NETWORKS:
            raise SettingsError(f"{variable}: expected {form}; found {entry!r}.")
        networks[_known(variable, entry, location, locations)] = networks.get(location, frozenset()) | {network}
    return networks


def _known(variable: str, entry: str, location: str, locations: frozenset[str]) -> str:
    if location not in locations:
        known = ", ".join(sorted(locations))
        raise SettingsError(f"{variable}: expected a location of SLIPWAY_RUN_IMAGES ({known}); found {entry!r}.")
    return location


def _volumes(environment: Mapping[str, str], locations: frozenset[str]) -> dict[str, frozenset[tuple[str, str]]]:
    variable = "SLIPWAY_RUN_VOLUMES"
    form = "location=volume:target, such as ingestion=slipway_ingestion:/run/secrets/slipway"
    volumes: dict[str, frozenset[tuple[str, str]]] = {}
    for entry in _entries(environment, variable):
        location, _, mount = entry.partition("=")
        volume, _, target = mount.partition(":")
        if not _NAME.fullmatch(volume) or not _is_path(target):
            raise SettingsError(f"{variable}: expected {form}; found {entry!r}.")
        volumes[_known(variable, entry, location, locations)] = volumes.get(location, frozenset()) | {(volume, target)}
    return volumes


def _binds(environment: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    variable, form = "SLIPWAY_RUN_BINDS", "host path:target, both absolute, such as /srv/slipway/src:/app/src"
    binds = set()
    for entry in _entries(environment, variable):
        source, _, target = entry.partition(":")
        if not _is_path(source) or not _is_path(target):
            raise SettingsError(f"{variable}: expected {form}; found {entry!r}.")
        binds.add((source, target))
    return frozenset(binds)


def _user(environment: Mapping[str, str]) -> str:
    found = environment.get("SLIPWAY_RUN_USER") or Settings.user
    # A name could be root's in some image: numbers cannot.
    if not re.fullmatch(r"[1-9]\d{0,9}(:[1-9]\d{0,9})?", found):
        raise SettingsError(f"SLIPWAY_RUN_USER: expected a user's number, not root's, such as 10001; found {found!r}.")
    return found


def _longest_wait(environment: Mapping[str, str]) -> float:
    found = environment.get("SLIPWAY_DOCKER_API_LONGEST_WAIT") or "86400"
    if not re.fullmatch(r"[1-9]\d{0,6}", found):
        raise SettingsError(f"SLIPWAY_DOCKER_API_LONGEST_WAIT: expected whole seconds, such as 3600; found {found!r}.")
    return float(found)


def _needed(environment: Mapping[str, str], variable: str, form: str) -> str:
    found = environment.get(variable, "").strip()
    if not found:
        raise SettingsError(f"{variable}: expected {form}; it is not set.")
    return found


def _entries(environment: Mapping[str, str], variable: str) -> Iterator[str]:
    for entry in environment.get(variable, "").split(","):
        if entry.strip():
            yield entry.strip()


def _is_path(text: str) -> bool:
    return bool(_PATH.fullmatch(text)) and not {".", ".."} & set(text.split("/"))
