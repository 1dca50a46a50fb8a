"""A declared table made by a graph of ops, such as download -> parse -> validate."""

# No `from __future__ import annotations` here: Dagster reads the context's annotation of the op.

import warnings
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from typing import Any

import dagster as dg

from slipway.lake.errors import LakeError
from slipway.lake.partitions import PartitionFailure, Partitions
from slipway.lake.publishing import Item
from slipway.quality.asset import draft_of, publish_tables
from slipway.quality.table import Table

_RESULT = "result"


def publishing_op(
    table: type[Table], *, resources: Collection[str] = ()
) -> Callable[[Callable[..., Iterable[tuple[str, Any]]]], dg.OpDefinition]:
    """The last op of a table's graph: a function from what the op before it handed on to (partition key, value) pairs.

    A value is a frame, `Judged`, or a `PartitionFailure`, which fails that partition alone.

    Args:
        resources: names of the resources that the function takes from its context.
    """
    contract = table.contract

    def decorate(function: Callable[..., Iterable[tuple[str, Any]]]) -> dg.OpDefinition:
        @dg.op(
            name=function.__name__,
            description=function.__doc__,
            ins={"partitions": dg.In(Partitions)},
            out={
                _RESULT: dg.Out(dg.Any),
                **{spec.get_python_identifier(): dg.Out(dg.Nothing) for spec in contract.check_specs},
            },
            required_resource_keys={"io_manager", *resources},
        )
        def publishing(context: dg.OpExecutionContext, partitions: Any) -> Generator[Any, None, None]:
            def items() -> Iterator[Item]:
                for key, value in function(context, partitions):
                    if isinstance(value, PartitionFailure):
                        yield key, value
                        continue
                    try:
                        yield key, draft_of(contract, key, value)
                    except LakeError as error:
                        yield key, PartitionFailure(str(error))

            yield from publish_tables(context, {contract.key: contract}, items(), {contract.key: _RESULT})

        return publishing

    return decorate


def graph_asset(
    table: type[Table], *, code_version: str = "1", backfill: dg.BackfillPolicy | None = None, **options: Any
) -> Callable[[Callable[[], Any]], dg.AssetsDefinition]:
    """Make the asset of a table from a function that composes ops; it returns what its `publishing_op` returns."""
    contract = table.contract

    def decorate(compose: Callable[[], Any]) -> dg.AssetsDefinition:
        def composed() -> Any:
            outputs = compose()
            return {
                _RESULT: getattr(outputs, _RESULT),
                **{
                    spec.get_python_identifier(): getattr(outputs, spec.get_python_identifier())
                    for spec in contract.check_specs
                },
            }

        composed.__name__ = compose.__name__
        composed.__doc__ = compose.__doc__
        spec = contract.spec()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # preview and beta: decided in docs/dependencies.md, pinned by tests
            return dg.graph_asset(
                key=spec.key,
                description=spec.description,
                group_name=spec.group_name,
                owners=list(spec.owners),
                kinds=set(spec.kinds),
                tags={name: value for name, value in spec.tags.items() if not name.startswith("dagster/kind")},
                metadata=spec.metadata,
                partitions_def=contract.partitions,
                code_version=code_version,
                check_specs=contract.check_specs,
                backfill_policy=(backfill or dg.BackfillPolicy.single_run()) if contract.partitions else None,
                **options,
            )(composed)

    return decorate
