"""All declared tables as one Markdown page: what a reader of the lake looks up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from slipway.lake.partitions import dimension_names
from slipway.quality.contract import QUARANTINE, Column, Contract

_HEAD = """# Tables

Every table that is declared, by layer. Made from the contracts by `slipway contracts docs`; change the contracts, not
this page. The path of a table in the lake is its key, then a folder for each partition dimension:
`silver/sales/day=2010-12-01/data.parquet`. How to read them: any Parquet reader with hive partitioning.
"""


def tables_page(contracts: Iterable[Contract]) -> str:
    """The page's text, ending in a newline."""
    ordered = sorted(contracts, key=lambda c: (_rank(c.layer), c.path))
    layers = [(layer, list(group)) for layer, group in groupby(ordered, key=lambda c: c.layer)]
    parts = [_HEAD]
    for layer, group in layers:
        parts.append(f"- {layer}: " + ", ".join(f"[{c.key_text}](#{_anchor(c.key_text)})" for c in group))
    for layer, group in layers:
        parts.append(f"\n## {layer}")
        parts.extend(_table(contract) for contract in group)
    return "\n".join(parts) + "\n"


def _rank(layer: str) -> tuple[int, str]:
    """Layers in the order of their data, where they have the usual names; quarantines last."""
    usual = ("bronze", "silver", "gold")
    return (usual.index(layer) if layer in usual else len(usual) + (layer == QUARANTINE)), layer


def _table(contract: Contract) -> str:
    facts = [
        ("partitions", ", ".join(f"`{name}`" for name in dimension_names(contract.partitions)) or "none"),
        ("owner", contract.owner),
        ("due", str(contract.due) if contract.due else ""),
        ("unique by", _codes(contract.unique)),
        ("measures", _codes(contract.measures)),
        ("every row of", _codes(contract.conserves or ())),
        ("quarantine", f"`{contract.quarantine.key_text}`" if contract.quarantine else ""),
    ]
    lines = ["", f"### {contract.key_text}", "", contract.description, ""]
    lines += [f"- {name}: {value}" for name, value in facts if value]
    lines += [f"- check `{name}`: {text}" for name, text in contract.checks.items()]
    return "\n".join([*lines, "", *_columns(contract.columns)])


def _columns(columns: Sequence[Column]) -> list[str]:
    rows = [
        (
            f"`{column.name}`",
            f"`{column.kind}`",
            "may be missing" if column.nullable else "",
            column.unit,
            ", ".join(f"`{rule}`" for rule in column.constraints),
            "; ".join(filter(None, (column.description, _markers(column)))),
        )
        for column in columns
    ]
    head = ("column", "type", "", "unit", "rules", "meaning")
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def _markers(column: Column) -> str:
    personal = f"**personal** ({column.personal})" if column.personal else ""
    return "; ".join(filter(None, (personal, "not part of the data version" if column.volatile else "")))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(heading: str) -> str:
    """As Markdown renderers make it: lower case, no punctuation, blanks as hyphens."""
    return "".join(sign for sign in heading.lower() if sign.isalnum() or sign in "-_")
