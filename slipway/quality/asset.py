"""From a function and a table to an asset.

The function is about one partition: frames in, frame out, callable as it stands in its test. What a run of many
partitions needs lives here once: each partition's inputs are read when its turn comes (memory is a partition, not the
range), each is judged, published and recorded on its own, a bad one fails alone, and the run ends in failure with the
list of bad ones.

The step publishes its partitions itself and hands Dagster an output that says so (`AlreadyPublished`), because Dagster
can take neither per-partition data versions nor partial success through an output.
"""
# No `from __future__ import annotations` here: Dagster reads the context's annotation of `compute`.

import datetime as dt
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import dagster as dg
import pyarrow as pa

from slipway.automation.condition import BY_SENSOR_TAG, when_inputs_change
from slipway.lake.errors import FrameError
from slipway.lake.frames import from_arrow, plain_type, to_arrow
from slipway.lake.io_manager import AlreadyPublished, LakeIOManager
from slipway.lake.lake import Draft, Key, Loaded
from slipway.lake.partitions import PartitionFailure, WithFiles, dimension_names, dimensions
from slipway.lake.partitions import split as split_frame
from slipway.lake.publishing import Item, publish
from slipway.lake.table import Facts
from slipway.quality.contract import Contract
from slipway.quality.errors import DeclarationError
from slipway.quality.judging import Judged
from slipway.quality.table import Table
from slipway.quality.upstream import Parameters, Upstream

P = ParamSpec("P")
R = TypeVar("R")


class TableAsset(dg.AssetsDefinition, Generic[P, R]):
    """An asset that is called as the plain function it was made from."""

    function: Callable[P, R]

    @classmethod
    def wrap(cls, assets: dg.AssetsDefinition, function: Callable[P, R]) -> "TableAsset[P, R]":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asset = cls(**assets.get_attributes_dict())
        asset.function = function
        return asset

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        return self.function(*args, **kwargs)


def declared_tables(base: type[Table] = Table) -> list[Contract]:
    """Every table that has been declared so far, and their quarantines."""
    found: dict[tuple[str, ...], Contract] = {}
    for table in base.__subclasses__():
        if "contract" in table.__dict__:
            found[table.contract.path] = table.contract
            if table.contract.quarantine:
                found[table.contract.quarantine.path] = table.contract.quarantine
        found |= {contract.path: contract for contract in declared_tables(table)}
    return list(found.values())


def table_asset(table: type[Table], function: Any = None, /, **options: Any) -> Any:
    """Make the asset of a table. Use it as `@MyTable.asset` or `@MyTable.asset(...)`.

    Args:
        needs: parameter -> table or `Upstream`, where the parameter's name does not say it.
        code_version: raise it when the code's results change; a deploy alone leaves history as it is.
        automation: when to materialize by itself; default: when an input's data change, for assets that have inputs.
        backfill: default: one run for any range of partitions.
        resource_keys: parameter -> resource, where the parameter of a resource is not called as the resource.
        tags: beside those of the contract, such as the memory that a run needs (docs/runs.md).
        options: passed to Dagster (pool, retry_policy, op_tags, ...).
    """

    def decorate(fn: Callable[P, R]) -> TableAsset[P, R]:
        return tables_asset(table, **options)(fn, single=True)

    return decorate(function) if function is not None else decorate


def tables_asset(
    *tables: type[Table],
    needs: Mapping[str, Upstream | type[Table] | Contract] | None = None,
    code_version: str = "1",
    automation: dg.AutomationCondition[Any] | None = None,
    backfill: dg.BackfillPolicy | None = None,
    resource_keys: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    **options: Any,
) -> Callable[..., TableAsset[Any, Any]]:
    """Make one asset function of several tables, such as one API call that brings them all.

    The function returns a dict: table -> frame or `Judged`. All tables have the same partitions.
    """
    contracts = [table.contract for table in tables]
    partitions = contracts[0].partitions
    for contract in contracts:
        if contract.partitions != partitions:
            raise DeclarationError(
                f"{contract.key_text} has other partitions than {contracts[0].key_text}, so one function cannot make "
                "both: expected the same for all its tables. Make an asset of each."
            )

    def decorate(function: Callable[P, R], *, single: bool = False) -> TableAsset[P, R]:
        parameters = Parameters.of(function, needs or {}, contracts, declared_tables())
        condition, own_tags = automation, dict(tags or {})
        if condition is None and parameters.upstreams:
            if isinstance(partitions, dg.MultiPartitionsDefinition):
                own_tags[BY_SENSOR_TAG] = "catch_up"
            else:
                condition = when_inputs_change(partitions=partitions)
        own = {contract.key: contract for contract in contracts}
        resources = {name: (resource_keys or {}).get(name, name) for name in parameters.resources}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # preview and beta: decided in docs/dependencies.md, pinned by tests

            @dg.multi_asset(
                # Two tables of a location may be called alike (shop/orders, wholesale/orders), ops may not.
                name=contracts[0].key.to_python_identifier() if single else function.__name__,
                outs={
                    _output_name(contract): dg.AssetOut.from_spec(
                        contract.spec(
                            code_version=code_version,
                            automation_condition=condition,
                            tags={**contract.tags, **own_tags},
                        ),
                        dagster_type=dg.Any,
                    )
                    for contract in contracts
                },
                deps=[need.dependency(partitions) for need in parameters.upstreams.values()],
                check_specs=[spec for contract in contracts for spec in contract.check_specs],
                partitions_def=partitions,
                backfill_policy=(backfill or dg.BackfillPolicy.single_run()) if partitions else None,
                required_resource_keys={"io_manager", *resources.values()},
                **options,
            )
            def compute(context: dg.AssetExecutionContext) -> Generator[Any, None, None]:
                items = _items(context, function, parameters, resources, contracts, single)
                yield from publish_tables(context, own, items)

        return TableAsset.wrap(compute, function)

    return decorate


def publish_tables(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    tables: Mapping[dg.AssetKey, Contract],
    items: Iterator[Item],
    output_names: Mapping[dg.AssetKey, str] | None = None,
) -> Generator[Any, None, None]:
    """Publish drafts, tell Dagster of each as it happens, and close the step's outputs.

    Raises:
        PartitionsFailed: some partitions failed; the others are written and recorded.
    """
    manager = _manager(context)
    tally = yield from publish(context.get_step_execution_context(), manager.lake, items)
    tally.raise_if_failed(" and ".join(contract.key_text for contract in tables.values()))
    for key, contract in tables.items():
        yield dg.Output(AlreadyPublished(), output_name=(output_names or {}).get(key, _output_name(contract)))
        for spec in contract.check_specs:
            yield dg.Output(None, output_name=spec.get_python_identifier())


def draft_of(
    contract: Contract,
    key: str | None,
    value: Any,
    *,
    inputs: Mapping[str, Loaded] | None = None,
) -> Draft:
    """One partition's draft from what a function returned for it: a frame, `WithFiles` or `Judged`."""
    judged = value if isinstance(value, Judged) else Judged(value)
    frame, files = judged.frame, list(judged.files)
    if isinstance(frame, WithFiles):
        frame, files = frame.frame, [*files, *frame.files]
    table, _kind = to_arrow(frame)
    dims = dimensions(contract.partitions, key)
    rejected: pa.Table | None = None
    if judged.rejected is not None:
        if contract.quarantine is None:
            raise FrameError(
                f"The asset of {contract.key_text} set rows aside, but the table declares no quarantine: "
                "declare quarantine = True."
            )
        rejected = to_arrow(judged.rejected)[0]
    elif contract.quarantine is not None:
        rejected = contract.quarantine.arrow_schema.empty_table()
    companions = []
    if rejected is not None and contract.quarantine is not None:
        companions.append(Draft(contract.quarantine.path, (key, dims), rejected, metadata=_by_rule(rejected)))
    metadata = dict(judged.metadata)
    if rejected is not None:
        metadata["rows in quarantine"] = len(rejected)
        metadata["exact duplicates"] = judged.duplicates
    loaded = inputs or {}
    return Draft(
        contract.path,
        (key, dims),
        table,
        files=files,
        companions=companions,
        facts=Facts(
            rows_read={name: part.rows for name, part in loaded.items()},
            rows_rejected=len(rejected) if rejected is not None else 0,
            duplicates=judged.duplicates,
            verdicts=judged.verdicts,
        ),
        inputs={name: part.version for name, part in loaded.items()},
        source=judged.source,
        metadata=metadata,
    )


def _items(
    context: dg.AssetExecutionContext,
    function: Callable[..., Any],
    parameters: Parameters,
    resource_keys: Mapping[str, str],
    contracts: Sequence[Contract],
    single: bool,
) -> Iterator[Item]:
    """Call the function for each partition in turn; what it cannot make is a failure of that partition."""
    partitions = contracts[0].partitions
    keys: list[str | None] = list(context.partition_keys) if partitions else [None]
    reader = _Reader(context, parameters, partitions)
    resources = {name: getattr(context.resources, key) for name, key in resource_keys.items()}
    calls = _calls(partitions, keys)
    for called, group in calls:
        try:
            values, inputs = reader.read(group[0])
            arguments = {
                **values,
                **resources,
                **dict.fromkeys(parameters.days, _day(called)),
                **dict.fromkeys(parameters.keys, called),
                **dict.fromkeys(parameters.contexts, context),
            }
            returned = function(**arguments)
            by_table = {contracts[0]: returned} if single else _by_contract(returned, contracts)
            drafts = [
                (key, draft_of(contract, key, value, inputs=inputs))
                for contract, whole in by_table.items()
                for key, value in _split(contract, group, whole)
            ]
        except Exception as error:
            if len(calls) == 1:
                raise  # Dagster shows the error itself, with its stack
            context.log.error(f"Partition {called} failed:\n{traceback.format_exc()}")
            reason = f"{type(error).__name__}: {error}"
            yield from ((key, PartitionFailure(reason)) for key in group)
            continue
        yield from drafts


def _calls(
    partitions: dg.PartitionsDefinition | None, keys: Sequence[str | None]
) -> list[tuple[str | None, list[str | None]]]:
    """The function is called once a partition; for two dimensions, once for each key of the time dimension, and its
    frame is split by the other one."""
    if not isinstance(partitions, dg.MultiPartitionsDefinition):
        return [(key, [key]) for key in keys]
    time = partitions.time_window_dimension.name
    groups: dict[str | None, list[str | None]] = {}
    for key in keys:
        groups.setdefault(dimensions(partitions, key)[time], []).append(key)
    return list(groups.items())


def _split(contract: Contract, keys: Sequence[str | None], value: Any) -> list[tuple[str | None, Any]]:
    if not isinstance(contract.partitions, dg.MultiPartitionsDefinition):
        return [(keys[0], value)]
    other = next(
        name for name in dimension_names(contract.partitions) if name != contract.partitions.time_window_dimension.name
    )
    judged = value if isinstance(value, Judged) else Judged(value)
    table = to_arrow(judged.frame)[0]
    if other not in table.schema.names:
        raise FrameError(
            f"{contract.key_text} has a partition for each {other}, so its frame needs the column {other!r} with each "
            f"row's key; found {table.schema.names}."
        )
    if judged.rejected is not None and len(to_arrow(judged.rejected)[0]):
        raise FrameError(
            f"The asset of {contract.key_text} set rows aside, but a table with two partition dimensions has no "
            "quarantine: set them aside in the table that it reads."
        )
    wanted = {dimensions(contract.partitions, key)[other]: key for key in keys}
    # A run may write only some of the keys; rows of the others belong to partitions that it does not touch.
    here = table.filter(pa.compute.is_in(table.column(other), pa.array(list(wanted), pa.string())))
    parts = split_frame(here, dg.StaticPartitionsDefinition(list(wanted)), list(wanted), contract.key_text, [other])
    return [(wanted[name], _with_frame(judged, part)) for name, part in parts]


def _with_frame(judged: Judged, frame: pa.Table) -> Judged:
    return Judged(frame, None, 0, judged.verdicts, judged.metadata, judged.source, judged.files)


def _by_contract(returned: Any, contracts: Sequence[Contract]) -> dict[Contract, Any]:
    found: dict[Contract, Any] = {
        (table if isinstance(table, Contract) else table.contract): value for table, value in dict(returned).items()
    }
    if missing := [contract.name for contract in contracts if contract not in found]:
        raise FrameError(f"Expected a frame for each table, found none for {', '.join(missing)}.")
    return {contract: found[contract] for contract in contracts}


class _Reader:
    """Reads the inputs of one partition after the other; what stays the same is read once."""

    def __init__(
        self, context: dg.AssetExecutionContext, parameters: Parameters, partitions: dg.PartitionsDefinition | None
    ) -> None:
        self._manager = _manager(context)
        self._parameters = parameters
        self._partitions = partitions
        self._last: dict[str, tuple[tuple[str, ...], Loaded]] = {}

    def read(self, key: str | None) -> tuple[dict[str, Any], dict[str, Loaded]]:
        """Arguments by parameter, and what was loaded by the table's key as a path."""
        values: dict[str, Any] = {}
        inputs: dict[str, Loaded] = {}
        for name, need in self._parameters.upstreams.items():
            upstream = tuple(need.keys(self._partitions, key))
            cached = self._last.get(name)
            if cached is None or cached[0] != upstream:
                cached = (upstream, self._load(need, upstream))
                self._last[name] = cached
            loaded = inputs[need.contract.key_text] = cached[1]
            # A frame of its own for every call: a function may change a pandas frame in place.
            values[name] = self._value(name, need, loaded)
        return values, inputs

    def _load(self, need: Upstream, keys: tuple[str, ...]) -> Loaded:
        contract = need.contract
        pairs: list[Key] = (
            [(key, dimensions(contract.partitions, key)) for key in keys] if contract.partitions else [(None, {})]
        )
        return self._manager.lake.load(
            contract.path,
            pairs,
            columns=need.columns,
            rows=need.rows,
            missing=need.missing,
            dimensions=dimension_names(contract.partitions),
        )

    def _value(self, name: str, need: Upstream, loaded: Loaded) -> Any:
        told_apart = bool(need.contract.partitions) and not need.same_partition(self._partitions)
        wanted = plain_type(self._parameters.annotations.get(name))
        return from_arrow(loaded.table(dimensions=told_apart), wanted, loaded.kind)


def _manager(context: Any) -> LakeIOManager:
    manager = context.resources.io_manager
    if not isinstance(manager, LakeIOManager):
        raise TypeError(
            f"Expected a LakeIOManager as the resource 'io_manager', found {type(manager).__name__}. "
            "Give the definitions resources={'io_manager': LakeIOManager(...)}, or build them with code_location()."
        )
    return manager


def _by_rule(rejected: pa.Table) -> dict[str, int]:
    if "rule" not in rejected.schema.names:
        return {}
    counts = rejected.column("rule").value_counts().to_pylist()
    return {f"rule {item['values']}": item["counts"] for item in counts}


def _output_name(contract: Contract) -> str:
    return contract.key.to_python_identifier()


def _day(key: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(key) if key else None
    except ValueError:
        return None
