"""The text of a new table's files, in the manner of those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import dagster as dg
import pyarrow as pa
import pyarrow.types as pt

from slipway.cli.source_edits import call, import_line
from slipway.quality import Column, QualityError, Table, types

_FIRST_HOUR = 6


@dataclass(frozen=True)
class NewTable:
    """A table to be.

    Attributes:
        name: its class.
        module: where the class goes, such as contracts.returns.
        location: the package of the code location that makes it.
        columns: what it begins with; the author changes them.
    """

    key: str
    name: str
    module: str
    package: str
    location: str
    daily: bool
    columns: tuple[Column, ...]
    upstream: type[Table] | None = None

    @property
    def function(self) -> str:
        return self.key.rsplit("/", 1)[-1]

    @property
    def title(self) -> str:
        return self.function.replace("_", " ").capitalize()

    @property
    def parameter(self) -> str:
        """The upstream table's name in the asset: after its key's last part, unless the asset itself is called so."""
        assert self.upstream is not None
        path = self.upstream.contract.path
        return path[-1] if path[-1] != self.function else "_".join(path)

    @property
    def unique(self) -> tuple[str, ...]:
        return self.upstream.contract.unique if self.upstream and self._same_rows else () if self.upstream else ("id",)

    @property
    def _same_rows(self) -> bool:
        """Whether a partition holds the rows of one partition of the upstream table, so that its key still is one."""
        assert self.upstream is not None
        return self.upstream.contract.partitions is None or self.same_partitions

    @property
    def same_partitions(self) -> bool:
        """Whether the upstream table has the same partitions: both a day, or both none."""
        theirs = self.upstream.contract.partitions if self.upstream else None
        return (theirs is None and not self.daily) or (self.daily and isinstance(theirs, dg.DailyPartitionsDefinition))


def starting_columns(upstream: type[Table] | None) -> tuple[Column, ...]:
    """The upstream table's columns, or those that most tables have."""
    if upstream is not None:
        return upstream.contract.columns
    return (
        Column("id", pa.int64(), description="primary key in the source"),
        Column("name", pa.string(), nullable=True),
        Column("updated_at", pa.timestamp("us"), description="last change in the source"),
    )


def contract_source(table: NewTable) -> tuple[list[tuple[str, list[str]]], str]:
    """Imports (module, names) and the class."""
    upstream = table.upstream.contract if table.upstream else None
    owner = (upstream.owner if upstream else "") or f"team:{table.location}"
    imports = [
        ("slipway.quality", ["Table"]),
        ("slipway.quality.types", sorted({_type_name(c) for c in table.columns})),
    ]
    columns = [_column(column) for column in table.columns]
    if any("= column(" in line for line in columns):
        imports[0][1].append("column")
    if table.daily:
        hours = upstream.due.after_end.total_seconds() // 3600 + 1 if upstream and upstream.due else _FIRST_HOUR
        imports = [(f"{table.package}.calendar", ["days"]), ("slipway.calendar", ["next_morning"]), *imports]
        facts = (
            f'    key, partitions, owner, due = "{table.key}", days, "{owner}", next_morning({min(int(hours), 23)})\n'
        )
    else:
        facts = f'    key, owner = "{table.key}", "{owner}"\n'
    if table.unique:
        facts += f"    unique = {_tuple(table.unique)}\n"
    lines = "\n".join(columns)
    return imports, f'class {table.name}(Table):\n    """One row: say here what it is."""\n\n{facts}\n{lines}\n'


def asset_source(table: NewTable) -> str:
    """The asset: the upstream table's rows as they are, or a source that is yet to be read."""
    if table.upstream is None:
        return _source_asset(table)
    used = ["Upstream"] if not table.same_partitions and table.upstream.contract.partitions is not None else []
    theirs = table.upstream.__name__
    need = f'Upstream({theirs}, missing="skip")' if used else theirs
    imports = _imports(
        [
            (table.module, [table.name]),
            (table.upstream.__module__, [theirs]),
            *([("slipway.quality", used)] if used else []),
        ]
    )
    return f'''"""{table.key}: made from {table.upstream.contract.key_text}."""

import polars as pl

{imports}

@{table.name}.asset(needs={{"{table.parameter}": {need}}})
def {table.function}({table.parameter}: pl.DataFrame) -> pl.DataFrame:
    """Say here what is done; so far the rows are those of {table.upstream.contract.key_text}."""
    return {table.parameter}.select(column.name for column in {table.name}.contract.columns)
'''


def _source_asset(table: NewTable) -> str:
    argument = "day: dt.date" if table.daily else ""
    given = "day" if table.daily else ""
    of_the_day = " of the day" if table.daily else ""
    stdlib = "import datetime as dt\n" if table.daily else ""
    unused = "  # noqa: ARG001 - until the source is read" if table.daily else ""
    return f'''"""{table.key}: read from its source."""

{stdlib}from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

{_imports([(table.module, [table.name])])}

@{table.name}.asset
def {table.function}({argument}) -> pl.DataFrame:
    """The rows{of_the_day}, as the source has them."""
    return as_frame(read({given}))


def read({argument}) -> Sequence[Mapping[str, Any]]:{unused}
    """The records{of_the_day}. Read the source here; a resource of the location is one more parameter of the asset."""
    return []


def as_frame(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Records with the contract's columns and types, also when there are none."""
    frame = pl.from_arrow(pa.Table.from_pylist([*records], schema={table.name}.contract.arrow_schema))
    assert isinstance(frame, pl.DataFrame)
    return frame
'''


def test_source(table: NewTable) -> str:
    """A test of the asset as a plain function: a row, and none."""
    source = table.upstream or None
    values = [f'"{column.name}": {_example(column)}' for column in table.columns]
    row = "ROW = {" + ", ".join(values) + "}"
    if len(row) > 120:
        row = "ROW = {\n" + "".join(f"    {value},\n" for value in values) + "}"
    modules = [("Decimal", "from decimal import Decimal\n")]
    stdlib = "import datetime as dt\n" if "dt." in row else ""
    stdlib += "".join(line for word, line in modules if word in row)
    module = f"{table.location}.defs.{table.function}.assets"
    if source is not None:
        arranged = f"""

def {table.parameter}(rows: list[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.from_arrow(pa.Table.from_pylist(rows, schema={source.__name__}.contract.arrow_schema))
    assert isinstance(frame, pl.DataFrame)
    return frame
"""
        imports = _imports(
            [
                (table.module, [table.name]),
                (source.__module__, [source.__name__]),
                ("slipway.lake.frames", ["conform"]),
                (module, [table.function]),
            ]
        )
        third = "import polars as pl\nimport pyarrow as pa\n"
        made, none = f"{table.function}({table.parameter}([ROW]))", f"{table.function}({table.parameter}([]))"
        name = "test_a_row_is_carried_over"
        typing = "from typing import Any\n"
    else:
        arranged, third, typing = "", "", ""
        imports = _imports([(table.module, [table.name]), ("slipway.lake.frames", ["conform"]), (module, ["as_frame"])])
        made, none = "as_frame([ROW])", "as_frame([])"
        name = "test_a_record_is_a_row"
    blocks = "\n".join(filter(None, (stdlib + typing, third, imports)))
    return f'''"""{table.key} as a plain function: frames in, frame out."""

{blocks}
{row}
{arranged}

def {name}() -> None:
    assert {made}.to_dicts() == [ROW]


def test_no_rows_still_hold_against_the_contract() -> None:
    made = {none}
    assert len(conform(made.to_arrow(), {table.name}.contract.arrow_schema, "{table.key}")) == 0
'''


def _column(column: Column) -> str:
    kind = _type_name(column) + (" | None" if column.nullable else "")
    options = [
        f"{name}={_text(value)}"
        for name, value in (("unit", column.unit), ("personal", column.personal), ("description", column.description))
        if value
    ]
    if column.volatile:
        options.append("volatile=True")
    return call("column", options, "    ", f"{column.name}: {kind} = ") if options else f"    {column.name}: {kind}"


def _type_name(column: Column) -> str:
    for name, annotation in vars(types).items():
        if any(isinstance(extra, pa.DataType) and extra.equals(column.kind) for extra in get_args(annotation)[1:]):
            return name
    raise QualityError(
        f"Column {column.name!r} has the type {column.kind}, which has no name in slipway.quality.types. Add one there."
    )


def _example(column: Column) -> str:
    """A value of a column's type, as source."""
    kind = column.kind
    if pt.is_boolean(kind):
        return "True"
    if pt.is_integer(kind):
        return "1"
    if pt.is_floating(kind):
        return "1.5"
    if pt.is_decimal(kind):
        return f'Decimal("1.{"0" * kind.scale}")'
    if pt.is_date(kind):
        return "dt.date(2010, 12, 1)"
    if pt.is_timestamp(kind):
        return f"dt.datetime(2010, 12, 1, 12, 0{', tzinfo=dt.UTC' if kind.tz else ''})"
    return '"a text"'


def _imports(wanted: Sequence[tuple[str, list[str]]]) -> str:
    """Imports in order of their modules, those of one module together."""
    by_module: dict[str, set[str]] = {}
    for module, names in wanted:
        by_module.setdefault(module, set()).update(names)
    return "".join(import_line(module, by_module[module]) for module in sorted(by_module))


def _tuple(names: Sequence[str]) -> str:
    return "(" + ", ".join(_text(name) for name in names) + ("," if len(names) == 1 else "") + ")"


def _text(value: Any) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
