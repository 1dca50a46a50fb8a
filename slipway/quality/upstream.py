"""What an asset reads: a parameter of its function is a table, or a resource, or the partition itself."""

from __future__ import annotations

import datetime as dt
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, get_type_hints

import dagster as dg
from dagster._core.definitions.partitions.mapping import PartitionMapping
from dagster._core.definitions.partitions.utils import infer_partition_mapping

from slipway.lake.lake import Missing
from slipway.lake.parquet import Rows
from slipway.quality.contract import QUARANTINE, Contract
from slipway.quality.errors import DeclarationError
from slipway.quality.table import Table


@cache
def _across_cadences() -> dg.TimeWindowPartitionMapping:
    """Days to weeks and the like. Days outside the calendar do not exist; a week at its edge must not wait for them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # beta; pinned by tests/unit/quality/test_upstream.py
        return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


@dataclass(frozen=True)
class Upstream:
    """How a parameter's table is read. A bare `Table` in its place means all columns and rows, none missing.

    Attributes:
        table: the table, or the contract of one (such as a quarantine).
        columns, rows: what is decoded of it at all.
        missing: what to do about partitions that are not in the lake.
        mapping: which of its partitions a partition of the asset reads; inferred where None.
    """

    table: type[Table] | Contract
    columns: Sequence[str] | None = None
    rows: Rows | None = None
    missing: Missing = "error"
    mapping: PartitionMapping | None = None

    @cached_property
    def contract(self) -> Contract:
        return self.table if isinstance(self.table, Contract) else self.table.contract

    def mapping_for(self, partitions: dg.PartitionsDefinition | None) -> PartitionMapping | None:
        """The mapping towards an asset with these partitions; None for an unpartitioned upstream table."""
        upstream = self.contract.partitions
        if upstream is None:
            return None
        if self.mapping is not None:
            return self.mapping
        if (
            isinstance(upstream, dg.TimeWindowPartitionsDefinition)
            and isinstance(partitions, dg.TimeWindowPartitionsDefinition)
            and upstream != partitions
        ):
            return _across_cadences()
        return infer_partition_mapping(None, partitions, upstream)

    def dependency(self, partitions: dg.PartitionsDefinition | None) -> dg.AssetDep:
        return dg.AssetDep(self.contract.key, partition_mapping=self.mapping_for(partitions))

    def keys(self, partitions: dg.PartitionsDefinition | None, key: str | None) -> list[str]:
        """The partitions of this table that one partition of the asset reads; those that exist, in order."""
        upstream = self.contract.partitions
        if upstream is None:
            return []
        if partitions is not None and key is not None and upstream == partitions and self.mapping is None:
            return [key]
        mapping = self.mapping_for(partitions)
        assert mapping is not None
        subset = partitions.subset_with_partition_keys([key]) if partitions is not None and key is not None else None
        result = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, partitions, upstream)
        return sorted(result.partitions_subset.get_partition_keys())

    def same_partition(self, partitions: dg.PartitionsDefinition | None) -> bool:
        """Whether a partition reads just its namesake, whose rows need no column to be told apart."""
        return self.mapping is None and self.contract.partitions == partitions


@dataclass(frozen=True)
class Parameters:
    """A function's parameters by what they are given.

    Attributes:
        upstreams: parameter -> table, in the signature's order.
        annotations: parameter -> the frame type it wants.
        resources: parameters that are Dagster resources.
        days: parameters that take the partition's first day, as a date.
        keys: parameters that take the partition key, as text.
        contexts: parameters that take Dagster's execution context.
    """

    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    resources: Sequence[str] = ()
    days: Sequence[str] = ()
    keys: Sequence[str] = ()
    contexts: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        needs: Mapping[str, Upstream | type[Table] | Contract],
        own: Sequence[Contract],
        known: Sequence[Contract],
    ) -> Parameters:
        """Read a function's signature.

        A parameter is a resource if it is annotated with one; the day if annotated `datetime.date`; the partition key
        or the context if named so; else the table of its name.

        Raises:
            DeclarationError: a parameter names no table, or several.
        """
        hints = get_type_hints(function)
        upstreams: dict[str, Upstream] = {}
        annotations: dict[str, Any] = {}
        resources, days, keys, contexts = [], [], [], []
        for name in inspect.signature(function).parameters:
            hint = hints.get(name)
            if name == "context":
                contexts.append(name)
            elif isinstance(hint, type) and issubclass(hint, dg.ConfigurableResource):
                resources.append(name)
            elif hint is dt.date:
                days.append(name)
            elif name == "partition_key":
                keys.append(name)
            else:
                need = needs.get(name) or _table_named(name, own, known)
                upstreams[name] = need if isinstance(need, Upstream) else Upstream(need)
                annotations[name] = hint
        if unused := set(needs) - set(upstreams):
            raise DeclarationError(
                f"{function.__qualname__} declares needs for {', '.join(sorted(unused))}, which are no parameters of "
                "it."
            )
        return cls(upstreams, annotations, resources, days, keys, contexts)


def _table_named(name: str, own: Sequence[Contract], known: Sequence[Contract]) -> Contract:
    """The table whose key ends in a parameter's name: one in another layer, or written out as `bronze_users`."""
    found = [
        contract
        for contract in known
        if contract not in own
        and contract.path[0] != QUARANTINE
        and (contract.path[-1] == name or "_".join(contract.path) == name)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DeclarationError(
            f"Parameter {name!r} names no declared table. Name it after a table, such as "
            f"{', '.join(sorted(c.path[-1] for c in known)[:5])}; or say which one: needs={{{name!r}: <Table>}}."
        )
    raise DeclarationError(
        f"Parameter {name!r} names {len(found)} tables ({', '.join(c.key_text for c in found)}). "
        f"Say which one: needs={{{name!r}: <Table>}}."
    )
