"""Which requests get through: method, path and query parameters, as one table.

What goes to the engine is written anew from what was read here, never the text that the client sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote_to_bytes, urlencode

from slipway.docker_api.json_body import json_value
from slipway.docker_api.refused import Refused, shown
from slipway.docker_api.settings import LABEL_STACK

LEAST_VERSION, LAST_VERSION = 24, 50

CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
_CONTAINER = r"[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_IMAGE = r"[a-zA-Z0-9][a-zA-Z0-9_.:/-]*"

Read = Callable[[str], str]
"""A query parameter's value -> as the engine gets it; ValueError: what was expected."""


class Kind(Enum):
    """What has to be looked at before, or after, the engine is asked."""

    PLAIN = "nothing"
    INFO = "the answer is cut down"
    IMAGE = "the image must be a location's"
    CREATE = "the body is a new container"
    LIST = "only containers of this stack are listed"
    INSPECT = "the answer itself says whether the container is this stack's"
    CONTAINER = "the container must be this stack's"
    UPDATE = "the container must be this stack's, and the body is its new limits"


@dataclass(frozen=True)
class Route:
    """One row of the table; `{name}` in the path stands for a container or an image."""

    method: str
    path: str
    kind: Kind
    query: Mapping[str, Read] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False

    @property
    def has_body(self) -> bool:
        return self.kind in (Kind.CREATE, Kind.UPDATE)


@dataclass(frozen=True)
class Operation:
    """A request that may be allowed: what depends on a body, an image or a container is still to be checked.

    Attributes:
        version: "/v1.45", or "" for the engine's own.
        name: the container or image, as the client calls it.
        parameters: of the query, checked.
    """

    route: Route
    version: str
    name: str
    parameters: Mapping[str, str]

    def target(self, name: str = "") -> str:
        """Path and query for the engine; `name` instead of the one that the client gave."""
        path = self.version + self.route.path.format(name=name or self.name)
        return f"{path}?{urlencode(self.parameters)}" if self.parameters else path

    def inspect_container(self) -> str:
        return f"{self.version}/containers/{self.name}/json"

    def inspect_image(self, name: str) -> str:
        return f"{self.version}/images/{name}/json"


def operation(method: str, target: str, stack: str) -> Operation:
    """What a request asks for.

    Args:
        method: as sent, such as GET.
        target: path and query, as sent.
        stack: whose containers are listed.

    Raises:
        Refused
    """
    path, has_query, query = target.partition("?")
    version, path = _version_and_path(path)
    rows = [(route, found) for route, pattern in _TABLE if (found := pattern.fullmatch(path))]
    if not rows:
        raise Refused(f"{shown(path)} is not among the paths of Docker's API that this stack needs.")
    for route, found in rows:
        if route.method == method:
            parameters = {**_parameters(query, route.query), **route.always} if has_query else {**route.always}
            if route.kind is Kind.CREATE and not parameters.get("name", f"{stack}-run-").startswith(f"{stack}-run-"):
                raise Refused(f"The name: expected {stack}-run-...; found {shown(parameters['name'])}.")
            if route.kind is Kind.LIST:
                parameters["filters"] = _only_of(stack, parameters.get("filters"))
            return Operation(route, version, found.groupdict().get("name", ""), parameters)
    methods = " or ".join(route.method for route, _ in rows)
    raise Refused(f"{shown(path)}: expected {methods}; found {shown(method)}.")


def _version_and_path(path: str) -> tuple[str, str]:
    if not re.fullmatch(r"/[a-zA-Z0-9_.:/-]*", path):
        raise Refused("The path: expected letters, digits and . _ : / - after a leading /; found other characters.")
    first, *others = path[1:].split("/")
    if {"", ".", ".."} & {first, *others}:
        raise Refused("The path: expected no empty part, no . and no ..; found one.")
    if not re.match(r"v\d", first, re.IGNORECASE):
        return "", path
    found = re.fullmatch(r"v1\.([1-9]\d)", first, re.ASCII)
    if not found or not LEAST_VERSION <= int(found[1]) <= LAST_VERSION:
        raise Refused(f"The version: expected v1.{LEAST_VERSION} to v1.{LAST_VERSION}; found {shown(first)}.")
    return f"/{first}", "/" + "/".join(others)


def _parameters(query: str, known: Mapping[str, Read]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, text = part.partition("=")
        if name not in known:
            raise Refused(f"The query parameter {shown(name)} is not among those that this path needs.")
        if name in parameters:
            raise Refused(f"The query parameter {name} is given twice.")
        try:
            parameters[name] = known[name](_decoded(text))
        except ValueError as error:
            raise Refused(f"The query parameter {name}: expected {error}.") from None
    return parameters


def _decoded(text: str) -> str:
    if not re.fullmatch(r"(?:[^%;\\]|%[0-9a-fA-F]{2})*", text):
        raise ValueError("proper percent-encoding, without ; and \\")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("UTF-8") from None


def _matching(pattern: str, expected: str) -> Read:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"{expected}; found {shown(text)}")
        return text

    return read


def _flag(text: str) -> str:
    if text not in ("0", "1", "false", "true", "False", "True"):
        raise ValueError(f"0 or 1; found {shown(text)}")
    return "1" if text in ("1", "true", "True") else "0"


def _never(why: str) -> Read:
    def read(text: str) -> str:
        if _flag(text) == "1":
            raise ValueError(f"0: {why}")
        return "0"

    return read


def _container_name(text: str) -> str:
    if not re.fullmatch(_CONTAINER, text):
        raise ValueError(f"a name of letters, digits and . _ -; found {shown(text)}")
    return text


def _only_of(stack: str, filters: str | None) -> str:
    wanted: dict[str, list[str]] = json.loads(filters) if filters else {}
    # The engine lists what carries all of the labels.
    return json.dumps({**wanted, "label": [*wanted.get("label", ()), f"{LABEL_STACK}={stack}"]})


def _filters(text: str) -> str:
    found = json_value(text)
    known = ("ancestor", "exited", "id", "label", "name", "status")
    if not isinstance(found, dict) or not set(found) <= set(known):
        raise ValueError(f"a JSON object with some of {', '.join(known)}")
    for name, values in found.items():
        if isinstance(values, dict) and all(value is True for value in values.values()):
            found[name] = list(values)
        elif not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ValueError(f"a list of texts for {name}")
    return json.dumps(found)


_SECONDS = _matching(r"\d{1,6}", "seconds")
_NUMBER = _matching(r"-?\d{1,9}", "a whole number")
_SIGNAL = _matching(r"(SIG)?[A-Z]{2,6}\d?(\+\d{1,2})?|\d{1,2}", "a signal, such as SIGTERM")
_TIME = _matching(r"-?\d{1,12}(\.\d{1,9})?", "seconds since 1970")
_TAIL = _matching(r"all|\d{1,9}", "a number of lines, or all")
_CONDITION = _matching(r"not-running|next-exit|removed", "not-running, next-exit or removed")

_LOGS: Mapping[str, Read] = {
    **dict.fromkeys(("stdout", "stderr", "timestamps", "details"), _flag),
    "follow": _never("ask again for what is new; docker-py's `logs(stream=True)` needs `follow=False`"),
    "since": _TIME,
    "until": _TIME,
    "tail": _TAIL,
}
_LIST: Mapping[str, Read] = {
    **dict.fromkeys(("all", "size", "trunc_cmd"), _flag),
    "limit": _NUMBER,
    "filters": _filters,
}
_STATS: Mapping[str, Read] = {"stream": _never("one look at a time"), "one-shot": _flag}
_DELETE: Mapping[str, Read] = {"v": _flag, "force": _flag, "link": _never("links are not for runs")}

ROUTES = (
    Route("GET", "/_ping", Kind.PLAIN),
    Route("GET", "/version", Kind.PLAIN),
    Route("GET", "/info", Kind.INFO),
    Route("GET", "/images/{name}/json", Kind.IMAGE),
    Route("POST", "/containers/create", Kind.CREATE, {"name": _container_name}),
    Route("GET", "/containers/json", Kind.LIST, _LIST),
    Route("GET", "/containers/{name}/json", Kind.INSPECT, {"size": _flag}),
    Route("GET", "/containers/{name}/logs", Kind.CONTAINER, _LOGS),
    Route("GET", "/containers/{name}/stats", Kind.CONTAINER, _STATS, {"stream": "0"}),
    Route("POST", "/containers/{name}/start", Kind.CONTAINER),
    Route("POST", "/containers/{name}/stop", Kind.CONTAINER, {"t": _SECONDS, "signal": _SIGNAL}, slow=True),
    Route("POST", "/containers/{name}/kill", Kind.CONTAINER, {"signal": _SIGNAL}),
    Route("POST", "/containers/{name}/wait", Kind.CONTAINER, {"condition": _CONDITION}, slow=True),
    Route("POST", "/containers/{name}/update", Kind.UPDATE),
    Route("DELETE", "/containers/{name}", Kind.CONTAINER, _DELETE),
)


def _pattern(route: Route) -> re.Pattern[str]:
    name = _IMAGE if route.kind is Kind.IMAGE else _CONTAINER
    return re.compile(re.escape(route.path).replace(re.escape("{name}"), f"(?P<name>{name})"))


_TABLE = tuple((route, _pattern(route)) for route in ROUTES)
