"""What a function's parameters are given: tables by their names, resources, the partition, the context."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl
import pytest

from slipway.calendar import Calendar
from slipway.quality import Contract, DeclarationError, Table, TableAsset, Upstream, tables_asset
from slipway.quality.types import Int32
from slipway.quality.upstream import Parameters

calendar = Calendar(dt.date(2010, 12, 1), dt.date(2011, 1, 31))


class Hens(Table):
    """Hens."""

    key = "barn/hens"
    hen: Int32


class Eggs(Table):
    """Eggs of a day."""

    key, partitions, quarantine = "barn/eggs", calendar.days, True
    hen: Int32


class CoopEggs(Table):
    """Eggs of another place, called the same."""

    key = "coop/eggs"
    hen: Int32


class Omelettes(Table):
    """Made of eggs."""

    key, partitions = "kitchen/omelettes", calendar.days
    eggs_used: Int32


class Scale(dg.ConfigurableResource[Any]):
    """A resource."""

    grams: int = 60


KNOWN = [Hens.contract, Eggs.contract, CoopEggs.contract, Omelettes.contract, Eggs.contract.quarantine]


def parameters(function: Callable[..., Any], **needs: Any) -> Parameters:
    return Parameters.of(function, needs, [Omelettes.contract], [c for c in KNOWN if isinstance(c, Contract)])


def test_a_parameter_is_the_table_whose_key_ends_in_its_name() -> None:
    def make(hens: pd.DataFrame) -> None: ...

    found = parameters(make)
    assert {name: need.contract for name, need in found.upstreams.items()} == {"hens": Hens.contract}
    assert found.annotations == {"hens": pd.DataFrame}


def test_a_name_that_two_tables_have_is_written_out() -> None:
    def make(barn_eggs: pl.DataFrame, coop_eggs: pl.DataFrame) -> None: ...

    found = parameters(make).upstreams
    assert [need.contract.key_text for need in found.values()] == ["barn/eggs", "coop/eggs"]


def test_a_name_that_two_tables_have_is_refused() -> None:
    def make(eggs: pl.DataFrame) -> None: ...

    with pytest.raises(
        DeclarationError,
        match=r"Parameter 'eggs' names 2 tables \(barn/eggs, coop/eggs\)\. Say which one: needs=\{'eggs': <Table>\}",
    ):
        parameters(make)


def test_needs_say_which_one_and_how_it_is_read() -> None:
    def make(eggs: pl.DataFrame, anything: pl.DataFrame) -> None: ...

    found = parameters(make, eggs=CoopEggs, anything=Upstream(Hens, columns=("hen",), missing="skip")).upstreams
    assert found["eggs"].contract is CoopEggs.contract
    assert (found["anything"].contract, found["anything"].columns, found["anything"].missing) == (
        Hens.contract,
        ("hen",),
        "skip",
    )


def test_a_quarantine_is_read_by_its_contract_only() -> None:
    def make(rejected: pl.DataFrame) -> None: ...

    quarantine = Eggs.contract.quarantine
    assert quarantine is not None
    assert parameters(make, rejected=quarantine).upstreams["rejected"].contract is quarantine


def test_an_unknown_name_is_refused_with_names_that_are_known() -> None:
    def make(chickens: pl.DataFrame) -> None: ...

    with pytest.raises(DeclarationError, match=r"Parameter 'chickens' names no declared table\..* such as .*hens"):
        parameters(make)


def test_an_asset_does_not_read_itself_by_name() -> None:
    def make(omelettes: pl.DataFrame) -> None: ...

    with pytest.raises(DeclarationError, match="'omelettes' names no declared table"):
        parameters(make)


def test_needs_without_a_parameter_are_refused() -> None:
    def make(hens: pl.DataFrame) -> None: ...

    with pytest.raises(DeclarationError, match=r"make declares needs for eggs, milk, which are no parameters of it"):
        parameters(make, eggs=Eggs, milk=Hens)


def test_resource_day_key_and_context() -> None:
    def make(
        context: Any, day: dt.date, partition_key: str, scale: Scale, hens: pl.DataFrame, until: dt.date
    ) -> None: ...

    found = parameters(make)
    assert found.contexts == ["context"]
    assert found.days == ["day", "until"]
    assert found.keys == ["partition_key"]
    assert found.resources == ["scale"]
    assert list(found.upstreams) == ["hens"]


def test_the_asset_depends_on_its_tables_and_needs_its_resources() -> None:
    @Omelettes.asset
    def omelettes(hens: pl.DataFrame, barn_eggs: pl.DataFrame, scale: Scale) -> pl.DataFrame:
        return hens

    assert omelettes.asset_deps[Omelettes.contract.key] == {Hens.contract.key, Eggs.contract.key}
    assert omelettes.required_resource_keys >= {"io_manager", "scale"}
    assert omelettes.partitions_def == calendar.days
    assert omelettes.backfill_policy == dg.BackfillPolicy.single_run()
    assert omelettes.automation_conditions_by_key[Omelettes.contract.key].get_label() == "when_inputs_change"
    assert omelettes.code_versions_by_key[Omelettes.contract.key] == "1"


def test_an_asset_without_inputs_starts_nothing_by_itself() -> None:
    @Hens.asset(code_version="7")
    def hens() -> pl.DataFrame:
        return pl.DataFrame()

    assert not hens.automation_conditions_by_key
    assert hens.backfill_policy is None
    assert hens.code_versions_by_key[Hens.contract.key] == "7"


def test_an_asset_is_called_as_the_function_it_was_made_from() -> None:
    @Omelettes.asset
    def omelettes(hens: pl.DataFrame, partition_key: str = "x") -> str:
        return f"{len(hens)} {partition_key}"

    assert isinstance(omelettes, TableAsset)
    assert omelettes(pl.DataFrame(), partition_key="2010-12-01") == "0 2010-12-01"
    assert omelettes(hens=pl.DataFrame({"hen": [1]})) == "1 x"


def test_two_tables_of_the_same_name_live_in_one_location() -> None:
    """Dagster refuses two ops of one name."""

    def make(table: type[Table]) -> dg.AssetsDefinition:
        @table.asset
        def eggs() -> pl.DataFrame:
            return pl.DataFrame()

        asset: dg.AssetsDefinition = eggs
        return asset

    definitions = dg.Definitions([make(Eggs), make(CoopEggs)], resources={"io_manager": dg.mem_io_manager})
    assert definitions.resolve_implicit_global_asset_job_def()


def test_tables_of_one_function_have_the_same_partitions() -> None:
    with pytest.raises(DeclarationError, match=r"barn/hens has other partitions than barn/eggs"):
        tables_asset(Eggs, Hens)
