"""Pseudonyms: the same for a number in every table, different with another key, told by no configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.location import SettingError
from transformation.pseudonyms import Pseudonyms

KEY = "a key of sixteen letters or more"
ONE = Pseudonyms(variable="SLIPWAY_TEST_ONE_KEY")
OTHER = Pseudonyms(variable="SLIPWAY_TEST_OTHER_KEY")


@pytest.fixture(autouse=True, scope="module")
def keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SLIPWAY_TEST_ONE_KEY", KEY)
        monkeypatch.setenv("SLIPWAY_TEST_OTHER_KEY", "another key of sixteen letters!!")
        yield


def test_a_pseudonym_is_16_hex_digits_and_stays_the_same() -> None:
    """Written down here: a change of the function would make strangers of all customers on record."""
    assert (
        ONE.of("17850") == hashlib.blake2b(b"17850", key=KEY.encode(), digest_size=8).hexdigest() == "5259868c784ff781"
    )


@given(number=st.integers(0, 10**9).map(str))
def test_with_another_key_it_is_another(number: str) -> None:
    assert ONE.of(number) != OTHER.of(number)


def test_a_run_uses_the_key() -> None:
    """Dagster gives a run a copy of the resource, made of its fields alone."""
    told = []

    @dg.asset
    def customers(pseudonyms: dg.ResourceParam[Pseudonyms]) -> None:
        told.append(pseudonyms.of("17850"))

    assert dg.materialize([customers], resources={"pseudonyms": ONE}).success
    assert told == [ONE.of("17850")]


@given(numbers=st.lists(st.none() | st.integers(1, 50)))
def test_a_column_is_its_values_one_by_one(numbers: list[int | None]) -> None:
    column = ONE.column(pl.Series(numbers, dtype=pl.Int32))
    assert column.to_list() == [None if number is None else ONE.of(str(number)) for number in numbers]
    assert column.dtype == pl.String


def test_texts_and_numbers_of_one_customer_are_one_pseudonym() -> None:
    """The wholesale files write customer numbers as text, the shop's database as integers."""
    assert ONE.column(pl.Series(["17850"])).to_list() == ONE.column(pl.Series([17850], dtype=pl.Int32)).to_list()


def test_no_two_customers_share_one() -> None:
    column = ONE.column(pl.Series(range(10_000)))
    assert column.n_unique() == 10_000


# The key


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_PSEUDONYM_KEY", KEY)
    assert Pseudonyms.from_environment().of("17850") == ONE.of("17850")


def test_the_key_comes_from_a_file_as_secrets_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "pseudonym.key"
    file.write_text(f"{KEY}\n")
    monkeypatch.delenv("SLIPWAY_PSEUDONYM_KEY")
    monkeypatch.delenv("SLIPWAY_PSEUDONYM_KEY_FILE", raising=False)
    monkeypatch.setenv("SLIPWAY_PSEUDONYM_KEY_FILE", str(file))
    assert Pseudonyms.from_environment().of("17850") == ONE.of("17850")


def test_without_a_key_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_PSEUDONYM_KEY")
    monkeypatch.delenv("SLIPWAY_PSEUDONYM_KEY_FILE", raising=False)
    with pytest.raises(SettingError, match=r"^SLIPWAY_PSEUDONYM_KEY is not set: expected a secret of at least 16"):
        Pseudonyms.from_environment()


def test_a_key_that_is_too_short_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_PSEUDONYM_KEY", "sesame")
    with pytest.raises(SettingError, match=r"^SLIPWAY_PSEUDONYM_KEY is not what it should be") as error:
        Pseudonyms.from_environment()
    assert "sesame" not in str(error.value)
    assert error.value.__cause__ is None


def test_the_key_is_in_no_configuration_or_repr() -> None:
    for text in (repr(ONE), str(ONE), str(ONE.model_dump()), str(ONE._resolved_config_dict), str(vars(ONE))):
        assert "sixteen" not in text
