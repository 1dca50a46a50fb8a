"""Writing a table down.

    class Sales(Table):
        \"\"\"One valid wholesale line.\"\"\"
        key, partitions, owner, due = "silver/sales", days, "team:sales", next_morning(6)
        quarantine = True
        invoice: Text = column(matches=r"^[0-9]{6}$", description="invoice number")
        quantity: Int32 = column(gt=0, unit="pieces")
        customer: Text | None = column(personal="keyed hash")

The columns are the annotated attributes, in order; `| None` lets values be missing. All else is about the table:

    key          asset key and path in the lake; its first part is the layer
    partitions   a partitions definition, or None
    owner        a team (`team:sales`) or an address
    due          when a partition is late
    unique       columns whose values together occur once
    measures     business figures: name -> Polars expression over one partition
    bounded      measures that are compared with the same weekday's last eight
    conserves    tables whose rows all end here, in quarantine, or are exact duplicates
    checks       names and descriptions of blocking checks whose verdicts the asset gives itself
    quarantine   True: rows that break the rules are kept in `quarantine/<key>`; or a table of its own
    kinds, tags  as in Dagster
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import dagster as dg
import polars as pl
import pyarrow as pa

from slipway.calendar.deadline import Deadline
from slipway.quality.contract import QUARANTINE, Column, Contract
from slipway.quality.errors import DeclarationError

if TYPE_CHECKING:
    from slipway.quality.asset import TableAsset
    from slipway.quality.upstream import Upstream

P = ParamSpec("P")
R = TypeVar("R")


def column(
    *,
    description: str = "",
    unit: str = "",
    personal: str = "",
    volatile: bool = False,
    gt: Any = None,
    ge: Any = None,
    lt: Any = None,
    le: Any = None,
    matches: str | None = None,
    isin: Sequence[Any] | None = None,
) -> Any:
    """A column's rules and meaning; its name and type come from the annotated attribute. See `Column`."""
    return Column(
        name="",
        kind=pa.null(),
        description=description,
        unit=unit,
        personal=personal,
        volatile=volatile,
        gt=gt,
        ge=ge,
        lt=lt,
        le=le,
        matches=matches,
        isin=tuple(isin) if isin is not None else None,
    )


class Table:
    """Base of every declared table; see the module's docstring for how to write one."""

    key: ClassVar[str]
    partitions: ClassVar[dg.PartitionsDefinition | None] = None
    owner: ClassVar[str] = ""
    due: ClassVar[Deadline | None] = None
    unique: ClassVar[Sequence[str]] = ()
    measures: ClassVar[Mapping[str, pl.Expr]] = {}
    bounded: ClassVar[Sequence[str]] = ()
    conserves: ClassVar[Sequence[type[Table]]] = ()
    checks: ClassVar[Mapping[str, str]] = {}
    quarantine: ClassVar[bool | type[Table]] = False
    kinds: ClassVar[set[str]] = {"parquet"}
    tags: ClassVar[Mapping[str, str]] = {}

    contract: ClassVar[Contract]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "key" not in cls.__dict__:
            return  # a base for several tables
        columns = tuple(_columns(cls))
        if not columns:
            raise DeclarationError(f"Table {cls.__name__} declares no columns: annotate at least one attribute.")
        _known(cls, "unique", cls.unique, [column.name for column in columns], "columns")
        _known(cls, "bounded", cls.bounded, list(cls.measures), "measures")
        contract = Contract(
            name=cls.__name__,
            path=tuple(cls.key.split("/")),
            columns=columns,
            description=inspect.cleandoc(cls.__doc__ or ""),
            partitions=cls.partitions,
            owner=cls.owner,
            due=cls.due,
            kinds=frozenset(cls.kinds),
            unique=tuple(cls.unique),
            measures=dict(cls.measures),
            bounded=tuple(cls.bounded),
            conserves=tuple(source.contract.key_text for source in cls.conserves) or None,
            checks=dict(cls.checks),
            tags=dict(cls.tags),
        )
        if cls.quarantine is True:
            contract = replace(contract, quarantine=_quarantine_of(contract))
        elif cls.quarantine:
            contract = replace(contract, quarantine=cls.quarantine.contract)
        cls.contract = contract

    @overload
    @classmethod
    def asset(cls, function: Callable[P, R], /) -> TableAsset[P, R]: ...
    @overload
    @classmethod
    def asset(
        cls,
        *,
        needs: Mapping[str, Upstream | type[Table] | Contract] | None = ...,
        code_version: str = ...,
        automation: dg.AutomationCondition[Any] | None = ...,
        backfill: dg.BackfillPolicy | None = ...,
        **options: Any,
    ) -> Callable[[Callable[P, R]], TableAsset[P, R]]: ...
    @classmethod
    def asset(cls, *args: Any, **kwargs: Any) -> Any:
        """Turn a function into the asset that makes this table; see `slipway.quality.asset.table_asset`."""
        from slipway.quality.asset import table_asset

        return table_asset(cls, *args, **kwargs)


def _known(cls: type[Table], part: str, names: Sequence[str], known: Sequence[str], what: str) -> None:
    if unknown := [name for name in names if name not in known]:
        raise DeclarationError(
            f"Table {cls.__name__} declares {part} = {tuple(names)!r}, but {', '.join(map(repr, unknown))} is none of "
            f"its {what}: {', '.join(known) or 'it has none'}."
        )


def _columns(cls: type[Table]) -> list[Column]:
    reserved = {*get_type_hints(Table), "asset"}
    columns = []
    for name, annotation in get_type_hints(cls, include_extras=True).items():
        if get_origin(annotation) is ClassVar:
            continue
        nullable = False
        if get_origin(annotation) in (Union, UnionType):
            options = [option for option in get_args(annotation) if option is not NoneType]
            nullable = len(options) < len(get_args(annotation))
            annotation = options[0] if len(options) == 1 else annotation
        kinds = [extra for extra in getattr(annotation, "__metadata__", ()) if isinstance(extra, pa.DataType)]
        if name in reserved:
            if kinds:
                raise DeclarationError(
                    f"Column {name!r} of table {cls.__name__} cannot be called so: {name!r} says something about the "
                    "table itself. Give it another name."
                )
            continue
        if get_origin(annotation) is not Annotated or not kinds:
            raise DeclarationError(
                f"Column {name!r} of table {cls.__name__} is annotated {annotation!r}: expected a type of "
                "slipway.quality.types, such as Text or Decimal12_3, or Annotated[..., <an Arrow type>]."
            )
        declared = getattr(cls, name, Column(name, kinds[0]))
        if not isinstance(declared, Column):
            raise DeclarationError(
                f"Column {name!r} of table {cls.__name__} is given the value {declared!r}: expected column(...), or "
                "nothing."
            )
        columns.append(replace(declared, name=name, kind=kinds[0], nullable=nullable))
    return columns


def _quarantine_of(contract: Contract) -> Contract:
    """Where a table's rejected rows go: its columns without rules, and which rule each row broke, and why."""
    added = (
        Column("rule", pa.string(), description="the rule that the row breaks"),
        Column("reason", pa.string(), description="the rule in words"),
    )
    kept = tuple(
        Column(c.name, c.kind, nullable=True, description=c.description, unit=c.unit, personal=c.personal)
        for c in contract.columns
    )
    return Contract(
        name=f"{contract.name}Rejected",
        path=(QUARANTINE, *contract.path),
        columns=(*added, *kept),
        description=f"Rows that were kept out of {contract.key_text}, each with the rule that it breaks.",
        partitions=contract.partitions,
        owner=contract.owner,
        kinds=contract.kinds,
    )
