"""What a run's container is created with, from its tags and its code location's container context. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.runs.containers import JOB_LABEL, LOCATION_LABEL, RUN_LABEL, STACK_LABEL, STOP_TIMEOUT, STOP_TIMEOUT_LABEL
from slipway.runs.limits import LimitError, Limits, limits_of, memory_bytes

IMAGE_TAG = "slipway/image"
"""Run tag: the id of the image that the run was submitted for, `sha256:...`."""

CONTAINER_TAG = "slipway/container"
"""Run tag: the name of its container, for `docker logs`. It holds the run id, so a copied tag is recognised."""

PARALLELISM = "DAGSTER_MULTIPROCESS_EXECUTOR_MAX_CONCURRENT"
"""Without it, Dagster's executor starts one process for each processor of the host, whatever the limit."""

_NANO = 1_000_000_000

_REFUSED_OPTIONS = {
    "image": "the image is the code location's own",
    "environment": "variables belong into `env_vars`",
    "network": "networks belong into `networks`",
    "network_mode": "networks belong into `networks`",
    "name": "the name is made from the stack and the run id",
    "command": "the command is Dagster's",
    "auto_remove": "it takes exit code and log away with the container; the steward removes containers after a while",
    "restart_policy": "Dagster takes a second start of the same run for a duplicate",
}


class ContextError(ValueError):
    """A container context asks for what a run cannot have; the message says what, and what to do."""


@dataclass(frozen=True)
class RunToLaunch:
    """The part of a run that its container depends on.

    Attributes:
        tags: the run's, with those of its job.
        asset_tags: of each asset that it makes, by name: {"silver/sales": {"slipway/memory": "2g"}}.
    """

    run_id: str
    job_name: str
    location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    asset_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """A container context, merged from the launcher's and the code location's.

    Attributes:
        options: `container_kwargs`, in docker-py's words.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    networks: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def create_arguments(run: RunToLaunch, context: Context, host: Limits, stack: str) -> dict[str, Any]:
    """Keyword arguments of docker-py's `containers.create`, all but image, command and name.

    Args:
        host: what the engine's host has. A tag that asks for more is refused; a default is lowered to it.

    Raises:
        LimitError: a limit cannot be read, or is more than the host has.
        ContextError: the container context asks for what a run cannot have.
    """
    options = dict(context.options)
    for option, why in _REFUSED_OPTIONS.items():
        if options.get(option):
            raise ContextError(f"The container context has `{option}` in its container_kwargs: {why}. Take it out.")
    stop_timeout = options.pop("stop_timeout", None)
    labels = _as_mapping(options.pop("labels", None))
    limits = run_limits(run, default_limits(options), host)
    # Equal to the memory limit means no swap: a run that swaps is slower for hours than one that fails is.
    options |= {"mem_limit": limits.memory, "memswap_limit": limits.memory} if limits.memory else {}
    options |= {"nano_cpus": round(limits.cpus * _NANO)} if limits.cpus else {}
    environment = dict(context.environment)
    if limits.cpus:
        environment.setdefault(PARALLELISM, str(max(1, math.floor(limits.cpus))))
    return options | {
        "detach": True,
        "environment": environment | {"DAGSTER_RUN_JOB_NAME": run.job_name},
        "network": _only(context.networks),
        "labels": labels
        | {
            STACK_LABEL: stack,
            LOCATION_LABEL: run.location,
            RUN_LABEL: run.run_id,
            JOB_LABEL: run.job_name,
            STOP_TIMEOUT_LABEL: f"{STOP_TIMEOUT if stop_timeout is None else stop_timeout:g}",
        },
    }


def run_limits(run: RunToLaunch, default: Limits, host: Limits) -> Limits:
    """The largest that the tags of the run and of its assets ask for; where they say nothing, the default.

    Raises:
        LimitError
    """
    possible = Limits(_lower(default.memory, host.memory), _lower(default.cpus, host.cpus))
    return limits_of(run.job_name, run.tags, run.asset_tags, possible).at_most(host)


def default_limits(options: Mapping[str, Any]) -> Limits:
    """What `mem_limit` and `nano_cpus` of a container context say.

    Raises:
        ContextError: one of them cannot be read.
    """
    memory, nano = options.get("mem_limit"), options.get("nano_cpus")
    try:
        return Limits(memory_bytes(str(memory)) if memory else None, int(nano) / _NANO if nano else None)
    except LimitError as error:
        raise ContextError(f"`mem_limit` in the container context: {error}") from None
    except (TypeError, ValueError):
        raise ContextError(
            f"`nano_cpus` in the container context: expected billionths of a processor, such as 1500000000 for 1.5; "
            f"found {nano!r}."
        ) from None


def _lower(limit: Any, most: Any) -> Any:
    return min(limit, most) if limit and most else limit


def _as_mapping(labels: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """A new dict for each launch: dagster-docker writes run ids into the one that its configuration holds."""
    if labels is None or isinstance(labels, Mapping):
        return dict(labels or {})
    return dict.fromkeys(labels, "")


def _only(networks: Sequence[str]) -> str | None:
    different = list(dict.fromkeys(networks))
    if len(different) > 1:
        raise ContextError(
            f"The container context names {len(different)} networks ({', '.join(different)}), and a run container has "
            "one. Leave the one through which it reaches its database and its object store."
        )
    return different[0] if different else None
