"""Limits of a run: what texts mean, which of several tags holds, and what a host can give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.runs import CPUS_TAG, MEMORY_TAG, LimitError, Limits, limits_of
from slipway.runs.limits import memory_bytes, processors, show_memory

MIB = 1 << 20


@pytest.mark.parametrize(
    ("text", "mib"),
    [("512m", 512), ("512M", 512), ("512Mi", 512), ("512MiB", 512), ("2g", 2048), ("1.5 GiB", 1536), (str(8 * MIB), 8)],
)
def test_memory_as_docker_and_kubernetes_write_it(text: str, mib: int) -> None:
    assert memory_bytes(text) == mib * MIB


@pytest.mark.parametrize("text", ["", "lots", "-1g", "1e9", "5x", "g", "1 2m", "0", "5m"])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    with pytest.raises(LimitError, match=r"^expected .* found"):
        memory_bytes(text)


@pytest.mark.parametrize(("text", "cpus"), [("2", 2.0), ("0.5", 0.5), ("500m", 0.5), (" 1.25 ", 1.25)])
def test_processors(text: str, cpus: float) -> None:
    assert processors(text) == cpus


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "two", "m", "0.001"])
def test_what_is_no_number_of_processors_is_refused(text: str) -> None:
    with pytest.raises(LimitError, match="expected a number of processors"):
        processors(text)


def test_the_largest_of_the_selection_holds_and_the_default_where_no_tag_says() -> None:
    default = Limits(512 * MIB, 1.0)
    assert limits_of("all", {}, {}, default) == default
    assert limits_of("all", {}, {"a": {"team": "x"}}, default) == default
    sales, customers = {MEMORY_TAG: "2g", CPUS_TAG: "0.5"}, {MEMORY_TAG: "128m"}
    both = {"silver/sales": sales, "silver/customers": customers}
    assert limits_of("nightly", {MEMORY_TAG: "1g"}, both, default) == Limits(2048 * MIB, 1.0)
    assert limits_of("nightly", {MEMORY_TAG: "4g", CPUS_TAG: "0.1"}, both, default) == Limits(4096 * MIB, 0.5)


def test_less_than_the_default_is_for_those_who_all_ask_for_less() -> None:
    default = Limits(512 * MIB)
    small: dict[str, dict[str, str]] = {"small": {MEMORY_TAG: "64m"}}
    assert limits_of("all", {}, small, default).memory == 64 * MIB
    assert limits_of("all", {}, small | {"silent": {}}, default).memory == 512 * MIB, "what it would get by itself"
    assert limits_of("all", {MEMORY_TAG: "96m"}, small | {"silent": {}}, default).memory == 96 * MIB, "the job has said"
    assert limits_of("all", {}, small | {"silent": {}}, Limits()).memory == 64 * MIB, "there is no default"


def test_a_tag_that_cannot_be_read_says_whose_it_is() -> None:
    with pytest.raises(LimitError, match=r"^The tag slipway/memory of asset silver/sales: expected .* found 'much'\.$"):
        limits_of("all", {}, {"silver/sales": {MEMORY_TAG: "much"}}, Limits())


def test_a_host_cannot_give_more_than_it_has() -> None:
    host = Limits(4096 * MIB, 2.0)
    for fits in (Limits(), Limits(4096 * MIB, 2.0), Limits(1 * MIB)):
        assert fits.at_most(host) == fits
    with pytest.raises(
        LimitError, match=r"asks for 8 GiB of memory, and the host has 4 GiB\. Lower the tag slipway/mem"
    ):
        Limits(8192 * MIB).at_most(host)
    with pytest.raises(LimitError, match="asks for 3 processors, and the host has 2"):
        Limits(cpus=3).at_most(host)


@given(amount=st.integers(6 * MIB, 1 << 44))
def test_what_is_shown_is_read_back_within_a_thousandth(amount: int) -> None:
    assert memory_bytes(show_memory(amount)) == pytest.approx(amount, rel=1e-3)
