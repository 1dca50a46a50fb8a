"""What a run's container is created with: limits, labels, variables, its one network; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.runs import LimitError, Limits
from slipway.runs.arguments import PARALLELISM, Context, ContextError, RunToLaunch, create_arguments

MIB = 1 << 20
GIB = 1 << 30
HOST = Limits(8 * GIB, 4.0)


def arguments(
    tags: dict[str, str] | None = None,
    assets: dict[str, dict[str, str]] | None = None,
    host: Limits = HOST,
    environment: dict[str, str] | None = None,
    networks: list[str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    run = RunToLaunch("0a1b2c3d-1", "nightly", "ingestion", tags or {}, assets or {})
    return create_arguments(run, Context(environment or {}, networks or [], options), host, "shop")


@pytest.mark.parametrize(
    ("tags", "assets", "options", "memory", "nano"),
    [
        ({}, {}, {}, None, None),
        ({}, {}, {"mem_limit": "512m", "nano_cpus": 1_500_000_000}, 512 * MIB, 1_500_000_000),
        ({"slipway/memory": "2g"}, {}, {"mem_limit": "512m", "nano_cpus": 10**9}, 2 * GIB, 10**9),
        ({}, {"a": {"slipway/memory": "64m", "slipway/cpus": "500m"}}, {"mem_limit": GIB}, 64 * MIB, 500_000_000),
        (
            {"slipway/memory": "1g"},
            {"a": {"slipway/memory": "3g"}, "b": {"slipway/memory": "2g", "slipway/cpus": "3"}},
            {"mem_limit": "512m", "nano_cpus": 10**9},
            3 * GIB,
            3 * 10**9,
        ),
        # A default larger than the host is lowered to it: nobody asked for it in particular.
        ({}, {}, {"mem_limit": "64g", "nano_cpus": 16 * 10**9}, 8 * GIB, 4 * 10**9),
    ],
)
def test_limits(
    tags: dict[str, str], assets: dict[str, dict[str, str]], options: dict[str, Any], memory: int | None, nano: int
) -> None:
    made = arguments(tags, assets, **options)
    assert made.get("mem_limit") == made.get("memswap_limit") == memory
    assert made.get("nano_cpus") == nano


def test_a_tag_that_asks_for_more_than_the_host_has_is_refused() -> None:
    with pytest.raises(LimitError, match="asks for 16 GiB of memory, and the host has 8 GiB"):
        arguments(assets={"silver/sales": {"slipway/memory": "16g"}})
    with pytest.raises(LimitError, match="asks for 8 processors, and the host has 4"):
        arguments({"slipway/cpus": "8"})


def test_a_tag_that_cannot_be_read_names_its_asset() -> None:
    with pytest.raises(LimitError, match=r"^The tag slipway/memory of asset silver/sales: expected .* 'much'\.$"):
        arguments(assets={"silver/sales": {"slipway/memory": "much"}})


@pytest.mark.parametrize(("cpus", "processes"), [("0.5", "1"), ("1", "1"), ("1.9", "1"), ("3", "3")])
def test_the_executor_starts_as_many_processes_as_the_container_has_processors(cpus: str, processes: str) -> None:
    assert arguments({"slipway/cpus": cpus})["environment"][PARALLELISM] == processes


def test_the_executor_is_left_alone_without_a_limit_and_where_it_is_told_otherwise() -> None:
    assert PARALLELISM not in arguments()["environment"]
    assert arguments({"slipway/cpus": "3"}, environment={PARALLELISM: "2"})["environment"][PARALLELISM] == "2"


def test_the_rest_of_the_container_context_goes_through() -> None:
    options: dict[str, Any] = {
        "user": "10001",
        "read_only": True,
        "tmpfs": {"/tmp": ""},
        "cap_drop": ["ALL"],
        "pids_limit": 512,
    }
    made = arguments(environment={"A": "b"}, networks=["runs"], **options)
    assert options.items() <= made.items()
    assert made["environment"] == {"A": "b", "DAGSTER_RUN_JOB_NAME": "nightly"}
    assert made["network"] == "runs"


def test_labels_are_a_new_dict_each_time() -> None:
    given = {"team": "data", "slipway.stack": "somebody else's"}
    made = arguments(labels=given)["labels"]
    assert made == {
        "team": "data",
        "slipway.stack": "shop",
        "slipway.location": "ingestion",
        "slipway.stop_timeout": "30",
        "dagster/run_id": "0a1b2c3d-1",
        "dagster/job_name": "nightly",
    }
    assert given == {"team": "data", "slipway.stack": "somebody else's"}
    assert arguments(labels=["plain"])["labels"]["plain"] == ""


def test_the_stop_timeout_becomes_a_label() -> None:
    made = arguments(stop_timeout=75)
    assert made["labels"]["slipway.stop_timeout"] == "75"
    assert "stop_timeout" not in made


def test_one_network_named_twice_is_one() -> None:
    assert arguments(networks=["runs", "runs"])["network"] == "runs"
    assert arguments()["network"] is None
    with pytest.raises(ContextError, match=r"names 2 networks \(runs, other\)"):
        arguments(networks=["runs", "other"])


@pytest.mark.parametrize(
    "options",
    [
        {"auto_remove": True},
        {"restart_policy": {"Name": "always"}},
        {"environment": {"A": "b"}},
        {"image": "x"},
        {"network": "x"},
        {"network_mode": "host"},
        {"name": "x"},
        {"mem_limit": "lots"},
        {"nano_cpus": "many"},
    ],
)
def test_what_a_run_cannot_have_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(ContextError, match=f"`{next(iter(options))}`"):
        create_arguments(RunToLaunch("0a1b2c3d-1", "nightly"), Context(options=options), HOST, "shop")


def test_auto_remove_may_be_said_to_be_off() -> None:
    assert arguments(auto_remove=False)["auto_remove"] is False
